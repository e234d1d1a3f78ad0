package verdict

import (
	"cmp"
	"slices"
)

// The packets that a rule fits are a set. Packets differ in their IP version, in
// six numbers (protocol, ICMP message, two ports, two addresses), and in facts
// that are true or false of them, such as that the sender has a tag. A region is
// a product of such sets, and what is left of one when another is taken away is a
// few regions again.

// A point is a value of a dimension, a number; an IPv6 address has 128 bits.
type point struct{ hi, lo uint64 }

func (n point) compare(o point) int {
	return cmp.Or(cmp.Compare(n.hi, o.hi), cmp.Compare(n.lo, o.lo))
}

func (n point) less(o point) bool { return n.hi < o.hi || n.hi == o.hi && n.lo < o.lo }

// next and previous wrap around; nobody asks for those of the ends.
func (n point) next() point {
	n.lo++
	if n.lo == 0 {
		n.hi++
	}
	return n
}

func (n point) previous() point {
	if n.lo == 0 {
		n.hi--
	}
	n.lo--
	return n
}

// A span is the points from first to last, both included.
type span struct{ first, last point }

func smallSpan(first, last int) span {
	return span{point{lo: uint64(first)}, point{lo: uint64(last)}}
}

// spans are ascending and have gaps between them; without any, the set is empty.
type spans []span

// newSpans brings a list in any order into that form. The list is changed.
func newSpans(list []span) spans {
	slices.SortFunc(list, func(a, b span) int { return a.first.compare(b.first) })
	var out spans
	for _, s := range list {
		switch end := len(out) - 1; {
		case end < 0 || out[end].last.less(s.first) && out[end].last.next() != s.first:
			out = append(out, s)
		case out[end].last.less(s.last):
			out[end].last = s.last
		}
	}
	return out
}

func (a spans) overlap(b spans) bool {
	for i, j := 0, 0; i < len(a) && j < len(b); {
		switch {
		case a[i].last.less(b[j].first):
			i++
		case b[j].last.less(a[i].first):
			j++
		default:
			return true
		}
	}
	return false
}

// holds answers whether a value is in the set of which only is known that it is in
// the span.
func (a spans) holds(s span) answer {
	if !a.overlap(spans{s}) {
		return no
	}
	if len(spans{s}.minus(a)) > 0 {
		return unknown
	}
	return yes
}

func (a spans) intersect(b spans) spans {
	var out spans
	for i, j := 0, 0; i < len(a) && j < len(b); {
		both := span{a[i].first, a[i].last}
		if both.first.less(b[j].first) {
			both.first = b[j].first
		}
		if b[j].last.less(both.last) {
			both.last = b[j].last
		}
		if !both.last.less(both.first) {
			out = append(out, both)
		}
		if a[i].last.less(b[j].last) {
			i++
		} else {
			j++
		}
	}
	return out
}

func (a spans) minus(b spans) spans {
	var out spans
	j := 0
	for _, s := range a {
		for j < len(b) && b[j].last.less(s.first) {
			j++
		}
		for k := j; ; k++ {
			if k == len(b) || s.last.less(b[k].first) {
				out = append(out, s)
				break
			}
			if s.first.less(b[k].first) {
				out = append(out, span{s.first, b[k].first.previous()})
			}
			if !b[k].last.less(s.last) {
				break
			}
			s.first = b[k].last.next()
		}
	}
	return out
}

// The dimensions of a packet.
const (
	dimProtocol = iota
	dimICMP     // 256 times the type and the code
	dimFromPort
	dimToPort
	dimFromAddress
	dimToAddress
	dimensions
)

// A fact is something that is true or false of a packet; facts are independent of
// each other and of the numbers, as far as anybody knows.
type fact struct {
	id    int
	holds bool
}

// A region is the packets of one IP version whose numbers are in these sets and
// of which these facts hold or do not. A region that a [compiler] returns, and
// what minus leaves of it, is not empty.
type region struct {
	ipv6  bool
	sets  [dimensions]spans
	facts []fact // by id
}

// meets reports whether a packet can be in both.
func (r *region) meets(o *region) bool {
	if r.ipv6 != o.ipv6 {
		return false
	}
	for i, j := 0, 0; i < len(r.facts) && j < len(o.facts); {
		switch a, b := r.facts[i], o.facts[j]; {
		case a.id < b.id:
			i++
		case b.id < a.id:
			j++
		case a.holds != b.holds:
			return false
		default:
			i++
			j++
		}
	}
	for d := range r.sets {
		if !r.sets[d].overlap(o.sets[d]) {
			return false
		}
	}
	return true
}

// minus returns disjoint regions that hold the packets of r that are not in o,
// which must meet r. There are no more of them than o has criteria.
func (r *region) minus(o *region) []region {
	var pieces []region
	rest := *r
	for _, f := range o.facts {
		at, there := slices.BinarySearchFunc(rest.facts, f, func(a, b fact) int { return cmp.Compare(a.id, b.id) })
		if there {
			continue
		}
		piece := rest
		piece.facts = slices.Insert(slices.Clone(rest.facts), at, fact{f.id, !f.holds})
		pieces = append(pieces, piece)
		rest.facts = slices.Insert(slices.Clone(rest.facts), at, f)
	}
	for d := range rest.sets {
		outside := rest.sets[d].minus(o.sets[d])
		if len(outside) == 0 {
			continue
		}
		piece := rest
		piece.sets[d] = outside
		pieces = append(pieces, piece)
		rest.sets[d] = rest.sets[d].intersect(o.sets[d])
	}
	return pieces
}

// size is what it costs to compare a region with another.
func (r *region) size() int {
	n := 1 + len(r.facts)
	for _, s := range r.sets {
		n += len(s)
	}
	return n
}
