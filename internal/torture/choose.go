package torture

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"sync/atomic"
	"time"
)

// A phrase is a rule in words, and as the store keeps it.
type phrase struct{ words, stored string }

// pool returns the rules that all clients use, so that they meet each other.
func pool() []phrase {
	return []phrase{
		{"allow tcp to ports 80,443", `{"action":"Allow","protocol":"TCP","destination":{"ports":[80,443]}}`},
		{"allow tcp to ports 443,80", `{"action":"Allow","protocol":"TCP","destination":{"ports":[443,80]}}`}, // the same rule in other bytes
		{"deny from cidr 10.0.0.0/8", `{"action":"Deny","source":{"nets":["10.0.0.0/8"]}}`},
		{"allow from tag web", `{"action":"Allow","source":{"selector":"has(web)"}}`},
		{"allow from tag databases to tag web", `{"action":"Allow","source":{"selector":"has(databases)"},"destination":{"selector":"has(web)"}}`},
		{"allow udp to ports 53", `{"action":"Allow","protocol":"UDP","destination":{"ports":[53]}}`},
		{"deny icmp type 8", `{"action":"Deny","protocol":"ICMP","icmp":{"type":8}}`},
		{"log", `{"action":"Log"}`},
	}
}

// mark returns a rule like no other.
func mark(number int) phrase {
	address := fmt.Sprintf("10.%d.%d.%d", number>>16&255, number>>8&255, number&255)
	return phrase{"allow from cidr " + address, `{"action":"Allow","source":{"nets":["` + address + `/32"]}}`}
}

// tags are the tags that come and go.
func tags() []string { return []string{"red", "green", "blue", "public", "backup"} }

// start is what the profile holds before the first operation, with parts and
// forms that this program does not write itself.
func start(name string) string {
	return fmt.Sprintf(`{"kind":"Profile","apiVersion":"projectcalico.org/v3","x-before":{"a":[1, 2]},`+
		`"metadata":{"name":%q,"annotations":{"kept":"<as it is>"}},`+
		`"spec":{"x-within":1.50,"ingress":[{"destination":{"ports":[443, 80]},"protocol":"TCP","action":"Allow"},`+
		`{"action":"Log"}],"egress":[{"action":"Allow"}],"labelsToApply":{%q:"","stage":"test"}}}`, name, name)
}

// A chooser makes up what a client does next.
type chooser struct {
	book   *Book
	random *rand.Rand
	marks  *atomic.Int64 // shared by all clients
	limit  int           // how long a list may become
}

// A weight says how often a kind is chosen while the list is short, and when it
// is long.
type weight struct {
	kind        Kind
	short, long int
}

func weights() []weight {
	return []weight{
		{Add, 26, 4},
		{Insert, 26, 6},
		{Remove, 10, 30},
		{RemoveAt, 12, 40},
		{Move, 9, 6},
		{AddTag, 7, 5},
		{RemoveTag, 7, 5},
		{Update, 9, 8},
	}
}

func (w weight) when(long bool) int {
	if long {
		return w.long
	}
	return w.short
}

// next chooses an edit, for a profile that was last seen so.
func (c *chooser) next(known Sight) *Op {
	o := &Op{Timeout: c.timeout()}
	if c.random.IntN(4) == 0 {
		o.List = 1
	}
	if known.State == nil {
		known.State = &State{}
	}
	list := known.State.Lists[o.List]
	o.Kind = c.kind(len(list) > c.limit)
	switch o.Kind {
	case Add, Insert:
		c.newRule(o)
		o.At = c.position(len(list) + 1)
		if o.Kind == Add {
			o.At = 0
		}
	case Remove:
		o.Rule = c.knownRule(list)
	case RemoveAt:
		o.At = c.position(len(list))
		if o.At <= len(list) && o.At > 0 && c.random.IntN(4) == 0 {
			o.Rule = c.spoken(list[o.At-1])
		}
	case Move:
		o.At, o.To = c.position(len(list)), c.position(len(list))
	case AddTag, RemoveTag:
		o.Tag = pick(c.random, tags())
	case Update:
		c.newLists(o, known.State.Lists)
	}
	if known.Modified > 0 && c.random.IntN(16) == 0 {
		o.IfRevision = known.Modified
	}
	return o
}

func (c *chooser) kind(long bool) Kind {
	total := 0
	for _, w := range weights() {
		total += w.when(long)
	}
	n := c.random.IntN(total)
	for _, w := range weights() {
		if n -= w.when(long); n < 0 {
			return w.kind
		}
	}
	return Read
}

// timeout is that of a whole command.
func (c *chooser) timeout() time.Duration {
	switch n := c.random.IntN(10); {
	case n == 0:
		return time.Second
	case n < 8:
		return 2*time.Second + time.Duration(c.random.Int64N(int64(3*time.Second)))
	}
	return 5*time.Second + time.Duration(c.random.Int64N(int64(5*time.Second)))
}

// newRule takes a rule like no other, or one of the pool.
func (c *chooser) newRule(o *Op) {
	if o.Unique = c.random.IntN(3) > 0; o.Unique {
		o.Rule = mark(int(c.marks.Add(1))).stored
		return
	}
	o.Rule = pick(c.random, pool()).stored
}

// position is mostly one that the list has.
func (c *chooser) position(last int) int {
	if c.random.IntN(20) == 0 {
		return last + 1 + c.random.IntN(3)
	}
	return 1 + c.random.IntN(max(last, 1))
}

// knownRule is a rule that was there, or one of the pool.
func (c *chooser) knownRule(list []string) string {
	if len(list) == 0 || c.random.IntN(4) == 0 {
		return pick(c.random, pool()).stored
	}
	return c.spoken(pick(c.random, list))
}

// spoken returns a rule in the form that its words are stored in.
func (c *chooser) spoken(stored string) string {
	for _, p := range pool() {
		if c.book.equal(p.stored, stored) {
			return p.stored
		}
	}
	return stored
}

// newLists changes the lists as somebody does who edits them as a text: a rule
// more, one less, one twice, or all in another order. A rule that may be there
// in several forms is not doubled: which of the forms an update keeps where is
// not for the model to say.
func (c *chooser) newLists(o *Op, lists [2][]string) {
	for i, list := range lists {
		for _, rule := range list {
			o.Lists[i] = append(o.Lists[i], c.spoken(rule))
		}
	}
	list := o.Lists[0]
	var marks []string
	for range 1 + c.random.IntN(3) {
		switch n := c.random.IntN(4); {
		case n == 0 || len(list) == 0:
			marks = append(marks, mark(int(c.marks.Add(1))).stored)
			list = slices.Insert(list, c.random.IntN(len(list)+1), marks[len(marks)-1])
		case n == 1 && len(list) <= c.limit:
			if twice := pick(c.random, list); !c.book.equal(twice, pool()[0].stored) {
				list = slices.Insert(list, c.random.IntN(len(list)+1), twice)
			}
		case n == 2:
			c.random.Shuffle(len(list), func(i, j int) { list[i], list[j] = list[j], list[i] })
		default:
			at := c.random.IntN(len(list))
			list = slices.Delete(list, at, at+1)
		}
	}
	o.Lists[0] = list
	o.Unique = slices.ContainsFunc(marks, func(rule string) bool { return slices.Contains(list, rule) })
}

func pick[T any](random *rand.Rand, list []T) T { return list[random.IntN(len(list))] }
