package verdict

import (
	"iter"
	"maps"
	"net/netip"
	"slices"
	"strconv"

	"github.com/calicoctl/calicoctl/pkg/rules"
)

// maxAsked bounds the search for examples: so many rules are asked, which takes
// less than a second.
const maxAsked = 1_000_000

// examples looks for what would have the packet allowed, and what would have it
// denied. If there is only one of the two, that is the outcome; if the search is
// given up, the outcome is Depends without examples.
//
// Whatever is needed gets, one after the other, a value of each class that the
// rules tell apart, so that nothing is overlooked.
func (e *evaluator) examples(p Packet) (Verdict, []Example) {
	s := search{evaluator: e, found: map[Verdict][]Assumption{}}
	s.try(p, nil, nil)
	switch {
	case len(s.found) == 2:
		return Depends, []Example{{Allowed, s.found[Allowed]}, {Denied, s.found[Denied]}}
	case s.done():
		return Depends, nil
	}
	for outcome := range s.found {
		return outcome, nil
	}
	return Denied, nil // there is no such packet
}

type search struct {
	*evaluator
	found map[Verdict][]Assumption
}

func (s *search) done() bool { return len(s.found) == 2 || s.asked > maxAsked }

func (s *search) try(p Packet, assumed opinion, with []Assumption) {
	w := s.walk(p, assumed)
	if outcome := w.verdict(); outcome != Depends {
		if _, known := s.found[outcome]; !known {
			s.found[outcome] = slices.Clone(with)
		}
		return
	}
	w.weigh()
	i := slices.IndexFunc(w.steps, func(step Step) bool { return step.Matters })
	step := w.steps[i]
	need := step.Needs[0]
	if need == NeedUnsupported {
		s.tryUnsupported(p, assumed, with, step)
		return
	}
	for value := range s.values(p, need, &s.sets[step.Set].rules[step.Rule].rule) {
		next, ok := p.with(need, value)
		if !ok {
			continue
		}
		s.try(next, assumed, append(slices.Clone(with), Assumption{need, value}))
		if s.done() {
			return
		}
	}
}

// tryBeyond assumes that the criteria without words of one rule hold, or not.
func (s *search) tryUnsupported(p Packet, assumed opinion, with []Assumption, step Step) {
	beyond := "[" + s.sets[step.Set].rules[step.Rule].unsupported + "]"
	for _, belief := range []answer{yes, no} {
		next := maps.Clone(assumed)
		if next == nil {
			next = opinion{}
		}
		next[[2]int{step.Set, step.Rule}] = belief
		value := beyond + " holding"
		if belief == no {
			value = beyond + " not holding"
		}
		s.try(p, next, append(slices.Clone(with), Assumption{NeedUnsupported, value}))
		if s.done() {
			return
		}
	}
}

// with returns the packet with something more known, if there is such a packet.
func (p Packet) with(need Need, value string) (Packet, bool) {
	number, _ := strconv.Atoi(value)
	switch need {
	case NeedIPVersion:
		p.IPVersion = number
	case NeedProtocol:
		p.Protocol = rules.Protocol(value)
	case NeedICMPType:
		p.ICMPType = &number
	case NeedICMPCode:
		p.ICMPCode = &number
	case NeedSourcePort:
		p.From.Port = number
	case NeedDestinationPort:
		p.To.Port = number
	case NeedSourceAddress:
		p.From.Addrs = addressList(value)
	case NeedDestinationAddress:
		p.To.Addrs = addressList(value)
	case NeedSourceEndpoint:
		p.From = p.From.settled(value)
	case NeedDestinationEndpoint:
		p.To = p.To.settled(value)
	}
	return p.derive()
}

func addressList(text string) []netip.Addr {
	a, _ := netip.ParseAddr(text) // that this package has written
	return []netip.Addr{a}
}

// settled returns the end as an endpoint without labels, or as none.
func (end End) settled(value string) End {
	end.Unknown = false
	if value == "yes" {
		end.Labels = append(slices.Clone(end.Labels), map[string]string{})
	}
	return end
}

// values returns a value of each class that the rules tell apart, those of one
// rule first.
func (s *search) values(p Packet, need Need, first *rules.Rule) iter.Seq[string] {
	return func(yield func(string) bool) {
		switch need {
		case NeedIPVersion:
			_ = yield("4") && yield("6")
			return
		case NeedSourceEndpoint, NeedDestinationEndpoint:
			_ = yield("yes") && yield("no")
			return
		case NeedProtocol:
			s.protocols(first, yield)
			return
		case NeedICMPType, NeedICMPCode:
			s.icmpNumbers(need, first, yield)
			return
		}
		if end := p.end(need); need >= NeedSourceAddress && len(end.Addrs) > 0 {
			for _, a := range end.Addrs {
				if !yield(a.String()) {
					return
				}
			}
			return
		}
		seen := map[string]bool{"0": true} // no port
		once := func(value string) bool {
			if seen[value] {
				return true
			}
			seen[value] = true
			return yield(value)
		}
		if yieldClasses(first, need, once) {
			s.each(func(r *rules.Rule) bool { return yieldClasses(r, need, once) })
		}
	}
}

// end returns the end that a need is about.
func (p Packet) end(need Need) End {
	if need == NeedSourcePort || need == NeedSourceAddress {
		return p.From
	}
	return p.To
}

// each calls visit for all rules until it returns false.
func (s *search) each(visit func(*rules.Rule) bool) {
	for i := range s.sets {
		for j := range s.sets[i].rules {
			if !visit(&s.sets[i].rules[j].rule) {
				return
			}
		}
	}
}

// protocols yields all that rules name, those that have ports, and one more.
func (s *search) protocols(first *rules.Rule, yield func(string) bool) {
	all := []rules.Protocol{first.Protocol, first.NotProtocol}
	all = append(all, portProtocols()...)
	s.each(func(r *rules.Rule) bool {
		all = append(all, r.Protocol, r.NotProtocol)
		return true
	})
	seen := map[rules.Protocol]bool{}
	for _, p := range all {
		p = p.Named()
		if p != "" && !seen[p] && !yield(string(p)) {
			return
		}
		seen[p] = true
	}
	for n := 1; n <= 255; n++ {
		other := rules.Protocol(strconv.Itoa(n)).Named()
		if !seen[other] && other.IPVersion() == 0 {
			yield(string(other))
			return
		}
	}
}

// icmpNumbers yields the types or codes that rules name, and one more.
func (s *search) icmpNumbers(need Need, first *rules.Rule, yield func(string) bool) {
	seen := map[int]bool{}
	name := func(r *rules.Rule) bool {
		for _, icmp := range []*rules.ICMP{r.ICMP, r.NotICMP} {
			switch {
			case icmp == nil:
			case need == NeedICMPType:
				if !seen[icmp.Type] && !yield(strconv.Itoa(icmp.Type)) {
					return false
				}
				seen[icmp.Type] = true
			case icmp.Code != nil:
				if !seen[*icmp.Code] && !yield(strconv.Itoa(*icmp.Code)) {
					return false
				}
				seen[*icmp.Code] = true
			}
		}
		return true
	}
	more := name(first)
	s.each(func(r *rules.Rule) bool {
		more = more && name(r)
		return more
	})
	for n := 0; n < 255 && more; n++ {
		if !seen[n] {
			yield(strconv.Itoa(n))
			return
		}
	}
}

// yieldClasses yields for one rule the first port or address inside each of its
// lists and the first one behind, and the first of all: every class of those that
// some rules tell apart begins with one of them.
func yieldClasses(r *rules.Rule, need Need, yield func(string) bool) bool {
	e := &r.To
	if need == NeedSourcePort || need == NeedSourceAddress {
		e = &r.From
	}
	if need == NeedSourcePort || need == NeedDestinationPort {
		for _, list := range [][]rules.PortRange{e.Ports, e.NotPorts} {
			for _, p := range list {
				if !yield(portText(p.First)) || p.Last < highestPort && !yield(portText(p.Last+1)) {
					return false
				}
			}
		}
		return yield("1")
	}
	for _, list := range [][]netip.Prefix{e.Nets, e.NotNets} {
		for _, n := range list {
			behind := lastAddress(n).Next()
			if !yield(n.Addr().String()) || behind.IsValid() && !yield(behind.String()) {
				return false
			}
		}
	}
	return yield("0.0.0.0") && yield("::")
}

// lastAddress returns the last address of a prefix.
func lastAddress(n netip.Prefix) netip.Addr {
	bytes := n.Addr().AsSlice()
	for i := n.Bits(); i < len(bytes)*8; i++ {
		bytes[i/8] |= 1 << (7 - i%8)
	}
	a, _ := netip.AddrFromSlice(bytes)
	return a
}
