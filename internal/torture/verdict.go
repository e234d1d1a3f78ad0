package torture

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"
)

// A Fail is a kind of anomaly.
type Fail string

// The kinds of anomalies.
const (
	Lost        Fail = "lost update"        // written over a change that the operation had not seen
	WrongEffect Fail = "wrong effect"       // not what the operation is
	WrongReport Fail = "wrong report"       // the caller was told something else than what was stored
	NotThere    Fail = "done and not there" // at the revision that was reported
	Twice       Fail = "applied twice"      // one operation made two versions
	TwoClaims   Fail = "done by two"        // two operations report the same version, and cannot both be right
	Denied      Fail = "denied and there"   // reported as not saved, and saved
	Nobodys     Fail = "nobody's"           // a version that no operation explains
	WhileLocked Fail = "written while locked"
	WrongRead   Fail = "wrong read" // not what stood there at that revision
	Stale       Fail = "stale"      // older than what an earlier operation had already reported
	FalseNo     Fail = "refused without cause"
	NotLinear   Fail = "not linearizable"
	Undecided   Fail = "linearizability not decided in time"
	Mystery     Fail = "unexpected error"
)

// An Anomaly is something that must not happen.
type Anomaly struct {
	Fail     Fail
	Op       *Op   // may be nil
	Revision int64 // may be 0
	Text     string
}

func (a Anomaly) String() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s", a.Fail)
	if a.Revision != 0 {
		fmt.Fprintf(&b, " at revision %d", a.Revision)
	}
	fmt.Fprintf(&b, ": %s", a.Text)
	if a.Op != nil {
		fmt.Fprintf(&b, "\n  operation %s", a.Op)
	}
	return b.String()
}

// A Verdict is what was found out about a history.
type Verdict struct {
	Anomalies []Anomaly
	Saved     map[*Op]int64 // the operations of unknown outcome that were saved, and when
	Twins     int           // see checker.twin
	Windows   int
}

// Has reports whether there is an anomaly of a kind.
func (v *Verdict) Has(f Fail) bool {
	return slices.ContainsFunc(v.Anomalies, func(a Anomaly) bool { return a.Fail == f })
}

// Check looks for anomalies in a history.
func Check(book *Book, h *History) Verdict { return check(book, h, linearTimeout) }

// check is Check with another time for each window.
func check(book *Book, h *History, patience time.Duration) Verdict {
	c := &checker{book: book, History: h, patience: patience, writer: make([]*Op, len(h.Versions)), twins: map[*Op]bool{}}
	c.Saved = map[*Op]int64{}
	c.checkSights()
	c.replay()
	c.checkRefusals()
	c.checkOrder()
	c.checkLinear()
	c.Twins = len(c.twins)
	return c.Verdict
}

// A checker looks for anomalies in one history.
type checker struct {
	*History
	Verdict
	book     *Book
	patience time.Duration
	writer   []*Op        // which operation made each version
	twins    map[*Op]bool // done operations whose version was made by another that does the same
}

func (c *checker) found(f Fail, o *Op, revision int64, format string, args ...any) {
	c.Anomalies = append(c.Anomalies, Anomaly{Fail: f, Op: o, Revision: revision, Text: fmt.Sprintf(format, args...)})
}

// effective returns the revision at which an operation took effect, or at which
// what it reports was so; 0 when it reports nothing.
func (c *checker) effective(o *Op) int64 {
	switch o.Outcome {
	case Done:
		return o.Revision
	case Unknown:
		return c.Saved[o]
	case Nothing, Refused, Locked:
		return o.Last.Revision
	}
	return 0
}

func sortBy[T any, K cmp.Ordered](list []T, key func(T) K) {
	slices.SortStableFunc(list, func(a, b T) int { return cmp.Compare(key(a), key(b)) })
}
