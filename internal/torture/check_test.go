package torture

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"
)

// A tale is a history that is made up. Its rules are letters.
type tale struct {
	t    *testing.T
	book *Book
	History
}

func letter(name string) string {
	return `{"action":"Allow","source":{"selector":"has(` + name + `)"}}`
}

// state is the profile with the inbound rules of a list such as "A B", and the
// tags behind a bar.
func (s *tale) state(text string) *State {
	s.t.Helper()
	var rules, labels []string
	list, tags, _ := strings.Cut(text, "|")
	for name := range strings.FieldsSeq(list) {
		rules = append(rules, letter(name))
	}
	for tag := range strings.FieldsSeq(tags) {
		labels = append(labels, fmt.Sprintf("%q:\"\"", tag))
	}
	state, err := s.book.Decode(fmt.Appendf(nil, `{"kind":"Profile","spec":{"ingress":[%s],"labelsToApply":{%s}}}`,
		strings.Join(rules, ","), strings.Join(labels, ",")))
	if err != nil {
		s.t.Fatal(err)
	}
	return state
}

// version adds a version.
func (s *tale) version(revision int64, text string) {
	s.t.Helper()
	s.Versions = append(s.Versions, Version{Revision: revision, State: s.state(text)})
}

// op adds an operation that went on from one second to another and saw the
// profile at some revisions.
func (s *tale) op(from, to int, o Op, saw ...int64) *Op {
	s.t.Helper()
	o.Call, o.Return = time.Duration(from)*time.Second, time.Duration(to)*time.Second
	o.Number = len(s.Ops) + 1
	if o.Rule != "" {
		o.Rule = letter(o.Rule)
	}
	for _, revision := range saw {
		v := s.Versions[s.History.version(revision)]
		o.saw(Sight{Revision: revision, Modified: v.Revision, State: v.State})
	}
	switch {
	case o.Kind == Read && o.Outcome == Done:
		o.Revision = o.Last.Revision
	case o.Outcome == Done && o.After == nil:
		o.After = s.Versions[s.History.version(o.Revision)].State
	case o.Outcome == Nothing:
		o.After = o.Last.State
	}
	s.Ops = append(s.Ops, &o)
	return &o
}

// fails returns the kinds of anomalies that are found, in order.
func (s *tale) fails() []Fail {
	var kinds []Fail
	verdict := Check(s.book, &s.History)
	for _, a := range verdict.Anomalies {
		kinds = append(kinds, a.Fail)
		s.t.Log(a)
	}
	slices.Sort(kinds)
	return slices.Compact(kinds)
}

// Each check finds what it is there to find, and nothing else.
func TestCheck(t *testing.T) {
	t.Parallel()
	for name, test := range tales() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := &tale{t: t, book: NewBook()}
			test.tell(s)
			slices.Sort(test.want)
			if got := s.fails(); !slices.Equal(got, test.want) {
				t.Errorf("found %q, want %q", got, test.want)
			}
		})
	}
}

func TestUnknownIsSettled(t *testing.T) {
	t.Parallel()
	s := &tale{t: t, book: NewBook()}
	s.version(2, "A")
	s.version(3, "A B")
	s.version(4, "A B C")
	saved := s.op(0, 9, Op{Kind: Add, Rule: "B", Outcome: Unknown}, 2)
	s.op(0, 9, Op{Kind: Add, Rule: "X", Outcome: Unknown}, 2)
	s.op(0, 9, Op{Kind: Add, Rule: "C", Outcome: Done, Revision: 4}, 2, 3)
	s.op(0, 9, Op{Kind: Add, Rule: "C", Outcome: Unknown}, 3) // the same, but the other reports it
	verdict := Check(s.book, &s.History)
	if len(verdict.Anomalies) > 0 || len(verdict.Saved) != 1 || verdict.Saved[saved] != 3 {
		t.Errorf("anomalies %v, saved %v", verdict.Anomalies, verdict.Saved)
	}
}

// Two that make the same bytes of the same version cannot be told from each
// other, and are counted.
func TestTwins(t *testing.T) {
	t.Parallel()
	s := &tale{t: t, book: NewBook()}
	s.version(2, "A")
	s.version(3, "")
	s.op(0, 3, Op{Kind: Remove, Rule: "A", Outcome: Done, Revision: 3}, 2)
	s.op(1, 2, Op{Kind: RemoveAt, At: 1, Outcome: Done, Revision: 3}, 2)
	verdict := Check(s.book, &s.History)
	if len(verdict.Anomalies) > 0 || verdict.Twins != 1 {
		t.Errorf("anomalies %v, %d twins", verdict.Anomalies, verdict.Twins)
	}
}

// A history of many windows, in which each operation overlaps the next.
func longTale(t *testing.T) *tale {
	s := &tale{t: t, book: NewBook()}
	s.version(2, "")
	for i := range 300 {
		revision := int64(3 + i)
		before := s.Versions[i].Revision
		s.version(revision, strings.TrimPrefix(fmt.Sprintf("N%d N%d", i-1, i), "N-1 "))
		s.op(2*i, 2*i+3, Op{
			Kind: Update, Lists: s.Versions[i+1].State.Lists, Unique: true, Outcome: Done, Revision: revision,
		}, before)
		s.op(2*i+1, 2*i+4, Op{Kind: Read, Outcome: Done}, revision)
	}
	return s
}

func TestWindows(t *testing.T) {
	t.Parallel()
	s := longTale(t)
	verdict := Check(s.book, &s.History)
	if len(verdict.Anomalies) > 0 || verdict.Windows != 4 {
		t.Errorf("anomalies %v in %d windows", verdict.Anomalies, verdict.Windows)
	}
}

// What porcupine cannot decide in time is no success.
func TestUndecided(t *testing.T) {
	t.Parallel()
	s := longTale(t)
	verdict := check(s.book, &s.History, time.Nanosecond)
	if !verdict.Has(Undecided) {
		t.Errorf("anomalies %v", verdict.Anomalies)
	}
}

// An operation that ended long before those of the windows before began.
func TestSeam(t *testing.T) {
	t.Parallel()
	s := longTale(t)
	s.Ops[len(s.Ops)-1].Call, s.Ops[len(s.Ops)-1].Return = 0, time.Second
	c := &checker{book: s.book, History: &s.History, patience: linearTimeout}
	c.checkLinear()
	if !c.Has(NotLinear) {
		t.Errorf("anomalies %v", c.Anomalies)
	}
}
