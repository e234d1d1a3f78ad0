package verdict_test

import (
	"math/rand/v2"
	"net/netip"
	"slices"
	"strings"

	"github.com/calicoctl/calicoctl/pkg/rules"
)

// A packet is one that a rule matches or not.
type packet struct {
	protocol   int
	icmp       rules.ICMP
	fromPort   int
	toPort     int
	from, to   netip.Addr
	fromLabels map[string]string
	toLabels   map[string]string

	fromOther, toOther map[string]string // of a second endpoint or network set with the address
	beyond             uint64            // a bit for each rule: whether its criteria without words hold
}

func protocolNumber(p rules.Protocol) int {
	switch p {
	case "icmp":
		return 1
	case "tcp":
		return 6
	case "udp":
		return 17
	case "icmpv6":
		return 58
	case "sctp":
		return 132
	case "udplite":
		return 136
	}
	n := 0
	for _, digit := range p {
		n = 10*n + int(digit-'0')
	}
	return n
}

// fits is what a rule means, said a second time and in another way: criterion by
// criterion for one packet.
func (p *packet) fits(index int, r *rules.Rule) bool {
	if r.Unsupported != "" && p.beyond&(1<<index) == 0 {
		return false
	}
	version := 4
	if p.from.Is6() {
		version = 6
	}
	if r.IPVersion != 0 && r.IPVersion != version {
		return false
	}
	if r.Protocol != "" && protocolNumber(r.Protocol) != p.protocol || r.NotProtocol != "" && protocolNumber(r.NotProtocol) == p.protocol {
		return false
	}
	if r.ICMP != nil && !p.isMessage(*r.ICMP) || r.NotICMP != nil && p.isMessage(*r.NotICMP) {
		return false
	}
	return p.fitsEnd(&r.From, p.from, p.fromPort, p.fromLabels, p.fromOther) && p.fitsEnd(&r.To, p.to, p.toPort, p.toLabels, p.toOther)
}

func (p *packet) isMessage(m rules.ICMP) bool {
	return m.Type == p.icmp.Type && (m.Code == nil || *m.Code == *p.icmp.Code)
}

func (p *packet) fitsEnd(e *rules.Entity, addr netip.Addr, port int, all ...map[string]string) bool {
	inPorts := func(list []rules.PortRange) bool {
		for _, r := range list {
			if r.First <= port && port <= r.Last {
				return true
			}
		}
		return false
	}
	inNets := func(list []netip.Prefix) bool {
		for _, n := range list {
			if n.Contains(addr) {
				return true
			}
		}
		return false
	}
	switch {
	case e.Ports != nil && !inPorts(e.Ports), e.NotPorts != nil && inPorts(e.NotPorts):
		return false
	case e.Nets != nil && !inNets(e.Nets), e.NotNets != nil && inNets(e.NotNets):
		return false
	case e.NotNets != nil && !slices.ContainsFunc(e.NotNets, func(n netip.Prefix) bool { return n.Addr().Is4() == addr.Is4() }):
		return false // Felix does not render the rule for this IP version
	}
	for _, labels := range all {
		rejected := !e.NotTag.IsZero() && hasTag(labels, e.NotTag) || e.NotSelector != "" && selects(e.NotSelector, labels)
		wanted := (e.Tag.IsZero() || hasTag(labels, e.Tag)) && (e.Selector == "" || selects(e.Selector, labels))
		switch {
		case e.Tag.IsZero() && e.Selector == "" && rejected:
			return false
		case !e.Tag.IsZero() || e.Selector != "":
			if wanted && !rejected {
				return true
			}
		}
	}
	return e.Tag.IsZero() && e.Selector == ""
}

func hasTag(labels map[string]string, t rules.Tag) bool {
	value, there := labels[t.Name]
	return there && (!t.EmptyValue || value == "")
}

// selects knows the selectors that the tests use. Nothing matches an address that
// no endpoint has, whose labels are nil.
func selects(selector string, labels map[string]string) bool {
	if labels == nil {
		return false
	}
	label, value, isEqual := strings.Cut(selector, " == ")
	if isEqual {
		is, there := labels[label]
		return there && "'"+is+"'" == value
	}
	switch selector {
	case "all()":
		return true
	case "!has(a)":
		_, there := labels["a"]
		return !there
	}
	panic("the test does not know the selector " + selector)
}

// decides returns the index of the first rule that fits and stops the packet, or
// -1, and those that have logged it.
func (p *packet) decides(list []rules.Stored) (index int, logged []int) {
	for i := range list {
		if !p.fits(i, &list[i].Rule) {
			continue
		}
		if list[i].Rule.Action != rules.Log {
			return i, logged
		}
		logged = append(logged, i)
	}
	return -1, logged
}

// A listGenerator makes rules and packets of few values, so that they often overlap.
type listGenerator struct {
	*rand.Rand
	protocols []rules.Protocol
	ports     []rules.PortRange
	messages  []rules.ICMP
	nets      []netip.Prefix // of both IP versions
	tags      []rules.Tag
	selectors []string
	endpoints []map[string]string
	criteria  float64 // the probability that a rule has a criterion
	beyond    bool
	oneLabel  bool // an entity has at most one tag or selector
}

func newListGenerator(seed uint64) *listGenerator {
	code := 3
	g := &listGenerator{
		Rand:      rand.New(rand.NewPCG(seed, 1)),
		protocols: []rules.Protocol{"tcp", "udp", "icmp", "icmpv6", "6", "47"},
		ports:     []rules.PortRange{{First: 22, Last: 22}, {First: 22, Last: 80}, {First: 81, Last: 1000}, {First: 1, Last: 21}, {First: 80, Last: 65535}, {First: 1, Last: 65535}},
		messages:  []rules.ICMP{{Type: 8}, {Type: 8, Code: &code}, {Type: 0}},
		tags:      []rules.Tag{{Name: "a"}, {Name: "b"}, {Name: "a", EmptyValue: true}},
		selectors: []string{"a == ''", "role == 'x'", "role == 'y'", "all()", "!has(a)"},
		criteria:  0.25, beyond: true,
	}
	for range 30 {
		labels := map[string]string{}
		for _, l := range [][2]string{{"a", ""}, {"a", "v"}, {"b", ""}, {"role", "x"}, {"role", "y"}} {
			if g.IntN(3) == 0 {
				labels[l[0]] = l[1]
			}
		}
		g.endpoints = append(g.endpoints, labels)
	}
	for _, n := range []string{
		"10.0.0.0/8", "10.0.0.0/9", "10.128.0.0/9", "10.1.0.0/16", "10.1.2.3/32", "0.0.0.0/0", "0.0.0.0/1", "128.0.0.0/1",
		"fd00::/8", "fd00::/9", "fd80::/9", "fd00::1/128", "::/0", "::/1", "8000::/1",
	} {
		g.nets = append(g.nets, netip.MustParsePrefix(n))
	}
	return g
}

func oneOf[T any](g *listGenerator, list []T) T { return list[g.IntN(len(list))] }

func (g *listGenerator) chance() bool { return g.Float64() < g.criteria }

// list returns a list of rules that Felix takes.
func (g *listGenerator) list(n int) []rules.Stored {
	var list []rules.Stored
	for len(list) < n {
		r := g.rule()
		s := rules.Stored{Rule: r, JSON: []byte(rules.Format(r))}
		if len(s.Invalid()) == 0 {
			list = append(list, s)
		}
	}
	return list
}

func (g *listGenerator) rule() rules.Rule {
	r := rules.Rule{Action: oneOf(g, []rules.Action{rules.Allow, rules.Allow, rules.Deny, rules.Deny, rules.Pass, rules.Log})}
	if g.chance() {
		r.IPVersion = oneOf(g, []int{4, 6})
	}
	if g.chance() {
		r.NotProtocol = oneOf(g, g.protocols)
	} else if g.IntN(4) > 0 {
		r.Protocol = oneOf(g, g.protocols)
	}
	if strings.HasPrefix(string(r.Protocol), "icmp") && g.IntN(2) == 0 {
		m := oneOf(g, g.messages)
		if g.IntN(3) == 0 {
			r.NotICMP = &m
		} else {
			r.ICMP = &m
		}
	}
	hasPorts := r.Protocol == "tcp" || r.Protocol == "udp" || r.Protocol == "6"
	r.From, r.To = g.entity(hasPorts), g.entity(hasPorts)
	if g.beyond && g.IntN(8) == 0 {
		r.Unsupported = oneOf(g, []string{"http GET /", "x y"})
	}
	return r
}

func (g *listGenerator) entity(hasPorts bool) (e rules.Entity) {
	some := func() []netip.Prefix {
		list := []netip.Prefix{oneOf(g, g.nets)}
		if g.IntN(2) == 0 {
			list = append(list, oneOf(g, g.nets))
		}
		return list
	}
	if hasPorts && g.IntN(2) == 0 {
		e.Ports = []rules.PortRange{oneOf(g, g.ports), oneOf(g, g.ports)}
	}
	if hasPorts && g.chance() {
		e.NotPorts = []rules.PortRange{oneOf(g, g.ports)}
	}
	if g.chance() {
		e.Tag = oneOf(g, g.tags)
	}
	if g.chance() {
		e.NotTag = oneOf(g, g.tags)
	}
	if g.chance() {
		e.Selector = oneOf(g, g.selectors)
	}
	if g.chance() {
		e.NotSelector = oneOf(g, g.selectors)
	}
	if g.oneLabel {
		e = justOne(e)
	}
	if g.chance() {
		e.Nets = some()
	}
	if g.chance() {
		e.NotNets = some()
	}
	return e
}

// packet returns one that is at the edge of what a rule says, or near it.
func (g *listGenerator) packet(r *rules.Rule) packet {
	code := oneOf(g, []int{0, 3, 255})
	p := packet{
		protocol: oneOf(g, []int{0, 1, 6, 6, 17, 47, 58, 255}), icmp: rules.ICMP{Type: oneOf(g, []int{0, 7, 8, 255}), Code: &code},
		beyond: g.Uint64(),
	}
	ipv6 := g.IntN(2) == 0
	if r.IPVersion != 0 && g.IntN(4) > 0 {
		ipv6 = r.IPVersion == 6
	}
	if r.Protocol != "" && g.IntN(4) > 0 {
		p.protocol = protocolNumber(r.Protocol)
	}
	if p.protocol == 1 && ipv6 || p.protocol == 58 && !ipv6 { // there are no such packets
		p.protocol = 6
	}
	if r.ICMP != nil && g.IntN(4) > 0 {
		p.icmp.Type = r.ICMP.Type
	}
	p.from, p.fromPort, p.fromLabels = g.end(&r.From, ipv6)
	p.to, p.toPort, p.toLabels = g.end(&r.To, ipv6)
	if g.IntN(3) == 0 {
		p.fromOther, p.toOther = g.labels(&r.From), g.labels(&r.To)
	}
	return p
}

func (g *listGenerator) end(e *rules.Entity, ipv6 bool) (netip.Addr, int, map[string]string) {
	nets := g.nets
	if e.Nets != nil && g.IntN(4) > 0 {
		nets = e.Nets
	}
	addr := netip.IPv4Unspecified()
	if ipv6 {
		addr = netip.IPv6Unspecified()
	}
	for range 8 {
		if n := oneOf(g, nets); n.Addr().Is6() == ipv6 {
			addr = g.edge(n)
			break
		}
	}
	ports := g.ports
	if e.Ports != nil {
		ports = e.Ports
	}
	near := oneOf(g, ports)
	port := min(max(oneOf(g, []int{near.First - 1, near.First, near.Last, near.Last + 1}), 0), 65535)
	return addr, port, g.labels(e)
}

// edge returns the first or last address of a network, or one beside it.
func (g *listGenerator) edge(n netip.Prefix) netip.Addr {
	first := n.Addr()
	last := first.AsSlice()
	for bit := n.Bits(); bit < first.BitLen(); bit++ {
		last[bit/8] |= 0x80 >> (bit % 8)
	}
	end, _ := netip.AddrFromSlice(last)
	at := [...]netip.Addr{first, end, first.Prev(), end.Next()}[g.IntN(4)]
	if !at.IsValid() {
		return first
	}
	return at
}

// labels returns those of an endpoint, or nil for an address that none has.
func (g *listGenerator) labels(e *rules.Entity) map[string]string {
	switch {
	case g.IntN(5) == 0:
		return nil
	case !e.Tag.IsZero() && g.IntN(4) > 0:
		return map[string]string{e.Tag.Name: ""}
	}
	return oneOf(g, g.endpoints)
}

// justOne leaves the first tag or selector.
func justOne(e rules.Entity) rules.Entity {
	switch {
	case !e.Tag.IsZero():
		e.Selector, e.NotTag, e.NotSelector = "", rules.Tag{}, ""
	case e.Selector != "":
		e.NotTag, e.NotSelector = rules.Tag{}, ""
	case !e.NotTag.IsZero():
		e.NotSelector = ""
	}
	return e
}
