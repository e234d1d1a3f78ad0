package verdict

import (
	"encoding/binary"
	"net/netip"
	"slices"

	"github.com/calicoctl/calicoctl/pkg/rules"
)

// A Party is what is known of one end of a packet. The zero value is somebody of
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

// Stranger is an address that no endpoint has, so that no tag and no selector
// matches it, not even all().
func NoEndpoint() Labels { return Labels{known: true} }

// A compiler makes regions of rules. Facts of the same text are the same fact in
// all rules that it compiles.
type compiler struct {
	from, to Labels
	ids      map[string]int
	readings map[int]bool // which of the facts are about Felix; see versionFacts
}

func newCompiler(from, to Labels) *compiler {
	return &compiler{from: from, to: to, ids: map[string]int{}, readings: map[int]bool{}}
}

// regions returns the packets that a rule that is valid for Felix fits, at most one
// region for each IP version and none if there are no such packets. Criteria
// without words are not looked at: they only make it fewer.
func (c *compiler) regions(r rules.Rule) []region {
	facts, possible := c.facts(r)
	if !possible {
		return nil
	}
	protocols := protocolSet(r)
	var out []region
	for _, ipv6 := range []bool{false, true} {
		whether, possible := c.versionFacts(r, ipv6)
		if !possible {
			continue
		}
		reg := region{ipv6: ipv6, sets: [dimensions]spans{
			dimProtocol: protocols, dimICMP: icmpSet(r),
			dimFromPort: portsSet(r.From), dimToPort: portsSet(r.To),
			dimFromAddress: addressSet(r.From, ipv6), dimToAddress: addressSet(r.To, ipv6),
		}}
		if slices.ContainsFunc(reg.sets[:], func(s spans) bool { return len(s) == 0 }) {
			continue
		}
		reg.facts = joinFacts(facts, whether)
		out = append(out, reg)
	}
	return out
}

// Where it is not certain that every Felix does the same, a fact stands for what
// it does: then a proof holds either way.
const (
	nameOtherVersion    = "icmp fits IPv6 and icmpv6 IPv4"
	messageOtherVersion = "icmp with a type fits IPv6, and icmpv6 with one IPv4"
	notOtherVersion     = "a rule with not cidr fits the other IP version"
)

// versionFacts returns on what it depends that a rule fits packets of an IP
// version; possible is false when it does not.
func (c *compiler) versionFacts(r rules.Rule, ipv6 bool) (facts []fact, possible bool) {
	version := 4
	if ipv6 {
		version = 6
	}
	if r.IPVersion != 0 && r.IPVersion != version {
		return nil, false
	}
	add := func(text string) {
		facts = append(facts, fact{c.id(text), true})
		c.readings[c.id(text)] = true
	}
	if r.IPVersion == 0 && (r.Protocol == "icmp" && ipv6 || r.Protocol == "icmpv6" && !ipv6) {
		add(nameOtherVersion)
		if r.ICMP != nil || r.NotICMP != nil {
			add(messageOtherVersion)
		}
	}
	other := func(n netip.Prefix) bool { return n.Addr().Is4() == ipv6 }
	if r.IPVersion == 0 && (slices.ContainsFunc(r.From.NotNets, other) || slices.ContainsFunc(r.To.NotNets, other)) {
		add(notOtherVersion)
	}
	return facts, true
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
func (c *compiler) facts(r rules.Rule) (facts []fact, possible bool) {
	for _, end := range []struct {
		side   string
		party  Labels
		entity rules.Entity
	}{{"from ", c.from, r.From}, {"to ", c.to, r.To}} {
		for _, q := range questions(end.entity) {
			if !end.party.known {
				facts = joinFacts(facts, []fact{{c.id(end.side + q.text), q.yes}})
				if facts == nil {
					return nil, false
				}
			} else if q.answer(end.party) != q.yes {
				return nil, false
			}
		}
	}
	return facts, true
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

// A question is a tag or a selector, and which answer a rule wants.
type question struct {
	text     string // of the selector, in one spelling
	yes      bool
	selector *rules.Selector
}

// questions returns what an entity asks of the labels of an end.
func questions(e rules.Entity) []question {
	var list []question
	for _, q := range []struct {
		selector string
		yes      bool
	}{
		{e.Tag.Selector(), true},
		{e.Selector, true},
		{e.NotTag.Selector(), false},
		{e.NotSelector, false},
	} {
		if q.selector == "" {
			continue
		}
		s, err := rules.ParseSelector(q.selector)
		if err != nil { // not in a rule that is valid for Felix
			list = append(list, question{text: q.selector, yes: q.yes})
			continue
		}
		list = append(list, question{text: s.String(), yes: q.yes, selector: s})
	}
	return list
}

func (q question) answer(p Labels) bool {
	return p.labels != nil && q.selector != nil && q.selector.Matches(p.labels)
}

func protocolSet(r rules.Rule) spans {
	all := spans{smallSpan(0, 255)}
	if r.Protocol != "" {
		all = spans{protocolSpan(r.Protocol)}
	}
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

func portsSet(e rules.Entity) spans {
	all := spans{smallSpan(0, 1<<16-1)}
	if e.Ports != nil {
		all = portSpans(e.Ports)
	}
	return all.minus(portSpans(e.NotPorts))
}

func portSpans(list []rules.PortRange) spans {
	out := make([]span, len(list))
	for i, p := range list {
		out[i] = smallSpan(p.First, p.Last)
	}
	return newSpans(out)
}

// addressSet returns the addresses of an IP version that an entity names, or all.
func addressSet(e rules.Entity, ipv6 bool) spans {
	all := spans{{point{}, highestAddress(ipv6)}}
	if e.Nets != nil {
		all = netSpans(e.Nets, ipv6)
	}
	return all.minus(netSpans(e.NotNets, ipv6))
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
