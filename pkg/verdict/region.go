package verdict

import (
	"encoding/binary"
	"net/netip"
	"slices"
	"strings"

	"github.com/calicoctl/calicoctl/pkg/rules"
)

// Labels is what is known of one end of a packet. The zero value is somebody of
// whom nothing is known.
type Labels struct {
	known  bool
	labels map[string]string // nil when no selector matches
}

// Endpoint is an endpoint with exactly these labels, those of its profiles
// included.
func Endpoint(labels map[string]string) Labels {
	if labels == nil {
		labels = map[string]string{}
	}
	return Labels{known: true, labels: labels}
}

// NoEndpoint is an address that no endpoint has, so that no tag and no selector
// matches it, not even all().
func NoEndpoint() Labels { return Labels{known: true} }

// A compiler makes regions of rules. Facts of the same text are the same fact in
// all rules that it compiles.
type compiler struct {
	from, to Labels
	ids      map[string]int
}

func newCompiler(from, to Labels) *compiler {
	return &compiler{from: from, to: to, ids: map[string]int{}}
}

// regions returns the packets that a rule matches which is valid for Felix, at most
// one region for each IP version and none if there are no such packets. Unsupported
// fields are not looked at: they only make it fewer.
func (c *compiler) regions(r rules.Rule) []region {
	asked := newCriteria(r)
	facts, possible := c.facts(asked)
	if !possible {
		return nil
	}
	var out []region
	for _, ipv6 := range []bool{false, true} {
		reg := region{ipv6: ipv6, facts: facts, sets: [dimensions]spans{
			dimProtocol: protocolSet(r, ipv6), dimICMP: icmpSet(r),
			dimFromPort: asked.from.portSet(), dimToPort: asked.to.portSet(),
			dimFromAddress: asked.from.addressSet(ipv6), dimToAddress: asked.to.addressSet(ipv6),
		}}
		if asked.isFor(ipv6) && !slices.ContainsFunc(reg.sets[:], func(s spans) bool { return len(s) == 0 }) {
			out = append(out, reg)
		}
	}
	return out
}

func (c *compiler) id(text string) int {
	id, known := c.ids[text]
	if !known {
		id = len(c.ids)
		c.ids[text] = id
	}
	return id
}

// facts returns what tags and selectors ask for, if it is possible.
func (c *compiler) facts(asked *criteria) (facts []fact, possible bool) {
	for _, end := range []struct {
		side  string
		known Labels
		asked labelCriteria
	}{{"from ", c.from, asked.from.labels}, {"to ", c.to, asked.to.labels}} {
		if end.known.known {
			if !end.known.match(end.asked) {
				return nil, false
			}
			continue
		}
		more := c.unknownFacts(end.side, end.asked)
		if more == nil && len(end.asked.want)+len(end.asked.reject) > 0 {
			return nil, false
		}
		facts = joinFacts(facts, more)
	}
	return facts, true
}

// unknownFacts returns what is asked of an end of which nothing is known, or nil when
// nothing can match. Several endpoints and network sets may have its address, so that
// some match one selector, and others another one: that one matches several together is
// a fact of its own.
func (c *compiler) unknownFacts(side string, asked labelCriteria) (facts []fact) {
	if len(asked.want) == 0 {
		for _, t := range asked.reject {
			facts = append(facts, fact{c.id(side + t.text()), false})
		}
		return facts
	}
	texts := []string{""}
	for _, t := range asked.want {
		for _, before := range texts {
			texts = append(texts, before+" && "+t.text())
		}
	}
	texts = texts[1:]
	for _, t := range asked.reject {
		for _, before := range slices.Clone(texts) {
			texts = append(texts, before+" && !("+t.text()+")")
		}
		if slices.ContainsFunc(asked.want, func(w labelTest) bool { return w.text() == t.text() }) {
			return nil
		}
	}
	for _, text := range texts {
		facts = append(facts, fact{c.id(side + strings.TrimPrefix(text, " && ")), true})
	}
	return facts
}

// match reports whether what is known of an end matches.
func (p Labels) match(asked labelCriteria) bool {
	if p.labels == nil {
		return len(asked.want) == 0
	}
	return asked.selects(p.labels)
}

// joinFacts returns the facts of both, by id, or nil when they contradict.
func joinFacts(a, b []fact) []fact {
	out := append(slices.Clone(a), b...)
	slices.SortFunc(out, func(x, y fact) int { return x.id - y.id })
	out = slices.Compact(out)
	for i := 1; i < len(out); i++ {
		if out[i].id == out[i-1].id {
			return nil
		}
	}
	return out
}

// protocolSet returns the protocols. Of the two for ICMP, packets of an IP version
// have just the one of that version.
func protocolSet(r rules.Rule, ipv6 bool) spans {
	all := spans{smallSpan(0, 255)}
	if r.Protocol != "" {
		all = spans{protocolSpan(r.Protocol)}
	}
	other := rules.Protocol("icmpv6")
	if ipv6 {
		other = "icmp"
	}
	all = all.minus(spans{protocolSpan(other)})
	if r.NotProtocol != "" {
		all = all.minus(spans{protocolSpan(r.NotProtocol)})
	}
	return all
}

func icmpSet(r rules.Rule) spans {
	all := spans{smallSpan(0, 1<<16-1)}
	if r.ICMP != nil {
		all = spans{icmpSpan(*r.ICMP)}
	}
	if r.NotICMP != nil {
		all = all.minus(spans{icmpSpan(*r.NotICMP)})
	}
	return all
}

func icmpSpan(m rules.ICMP) span {
	if m.Code != nil {
		return smallSpan(m.Type<<8|*m.Code, m.Type<<8|*m.Code)
	}
	return smallSpan(m.Type<<8, m.Type<<8|255)
}

// portSet returns the ports that match, or all.
func (s *sideCriteria) portSet() spans {
	all := spans{smallSpan(0, 1<<16-1)}
	if s.ports != nil {
		all = s.ports
	}
	return all.minus(s.notPorts)
}

func portSpans(list []rules.PortRange) spans {
	out := make([]span, len(list))
	for i, p := range list {
		out[i] = smallSpan(p.First, p.Last)
	}
	return newSpans(out)
}

// addressSet returns the addresses of an IP version that match, or all.
func (s *sideCriteria) addressSet(ipv6 bool) spans {
	all := spans{{point{}, highestAddress(ipv6)}}
	if s.nets.given {
		all = s.nets.of(ipv6)
	}
	return all.minus(s.notNets.of(ipv6))
}

func newNetSet(list []netip.Prefix) netSet {
	return netSet{given: len(list) > 0, v4: netSpans(list, false), v6: netSpans(list, true)}
}

func highestAddress(ipv6 bool) point {
	if ipv6 {
		return point{1<<64 - 1, 1<<64 - 1}
	}
	return point{lo: 1<<32 - 1}
}

func netSpans(list []netip.Prefix, ipv6 bool) spans {
	out := make([]span, 0, len(list))
	for _, n := range list {
		n = rules.FelixNet(n)
		if n.Addr().Is4() == ipv6 {
			continue
		}
		first, size := addressPoint(n.Masked().Addr()), n.Addr().BitLen()-n.Bits()
		last := first
		if size > 64 {
			last.hi |= 1<<(size-64) - 1
		}
		last.lo |= 1<<min(size, 64) - 1
		out = append(out, span{first, last})
	}
	return newSpans(out)
}

func addressPoint(a netip.Addr) point {
	if a.Is4() {
		four := a.As4()
		return point{lo: uint64(binary.BigEndian.Uint32(four[:]))}
	}
	b := a.As16()
	return point{binary.BigEndian.Uint64(b[:8]), binary.BigEndian.Uint64(b[8:])}
}

func protocolSpan(p rules.Protocol) span { return smallSpan(p.Number(), p.Number()) }
