package verdict

import (
	"net/netip"
	"slices"
	"strconv"
	"strings"

	"github.com/calicoctl/calicoctl/pkg/rules"
)

// An answer has three values.
type answer uint8

const (
	no answer = iota
	unknown
	yes
)

func (a answer) not() answer { return yes - a }

func answerOf(holds bool) answer {
	if holds {
		return yes
	}
	return no
}

// A match is whether a rule matches a packet.
type match struct {
	answer answer
	why    string // of no: the first criterion that does not hold
	needs  []Need // of unknown
}

// A matcher asks one rule about one packet.
type matcher struct {
	packet Packet // derived
	shown  func(tag string) string
	result match
}

// matches answers for a rule. assumed is what is assumed of its unsupported fields.
func (c *criteria) matches(p Packet, shown func(string) string, assumed answer) match {
	a := matcher{packet: p, shown: shown, result: match{answer: yes}}
	a.head(c.rule)
	a.end(c, &c.from, p.From, false)
	a.end(c, &c.to, p.To, true)
	if v := p.IPVersion; v != 0 && !c.isFor(v == 6) {
		a.criterion(no, 0, a.versionText())
	}
	if c.unsupported != "" {
		a.criterion(assumed, NeedUnsupported, "["+c.unsupported+"] does not hold")
	}
	return a.result
}

// criterion takes note of the answer for one criterion: what it needs when it
// is unknown, and why it fails.
func (m *matcher) criterion(a answer, need Need, why string) {
	switch {
	case m.result.answer == no || a == yes:
	case a == no:
		m.result = match{answer: no, why: why}
	default:
		m.result.answer = unknown
		if !slices.Contains(m.result.needs, need) {
			m.result.needs = append(m.result.needs, need)
		}
	}
}

func (m *matcher) head(r rules.Rule) {
	if r.IPVersion != 0 {
		m.criterion(m.version(r.IPVersion), NeedIPVersion, m.versionText())
	}
	if r.Protocol != "" {
		m.criterion(m.protocol(r.Protocol), NeedProtocol, m.protocolText())
	}
	if r.NotProtocol != "" {
		m.criterion(m.protocol(r.NotProtocol).not(), NeedProtocol, m.protocolText())
	}
	if r.ICMP != nil {
		a, need, why := m.icmp(*r.ICMP)
		m.criterion(a, need, why)
	}
	if r.NotICMP != nil {
		a, need, why := m.icmp(*r.NotICMP)
		m.criterion(a.not(), need, why)
	}
}

func (m *matcher) version(wanted int) answer {
	if m.packet.IPVersion == 0 {
		return unknown
	}
	return answerOf(m.packet.IPVersion == wanted)
}

func (m *matcher) versionText() string { return "the packet is IPv" + strconv.Itoa(m.packet.IPVersion) }

func (m *matcher) protocol(wanted rules.Protocol) answer {
	wanted = wanted.Named()
	p := m.packet
	if p.Protocol != "" {
		return answerOf(p.Protocol == wanted)
	}
	if v := wanted.IPVersion(); v != 0 && p.IPVersion != 0 && v != p.IPVersion {
		return no
	}
	if p.From.Port+p.To.Port > 0 && !wanted.HasPorts() {
		return no
	}
	return unknown
}

func (m *matcher) protocolText() string {
	switch p := m.packet; {
	case p.Protocol != "":
		return "the protocol is " + string(p.Protocol)
	case p.From.Port+p.To.Port > 0:
		return "a packet with ports is tcp, udp or sctp"
	}
	return m.versionText()
}

func (m *matcher) icmp(wanted rules.ICMP) (a answer, need Need, why string) {
	p := m.packet
	var message span
	switch {
	case p.ICMPType == nil:
		return unknown, NeedICMPType, ""
	case p.ICMPCode == nil:
		message = icmpSpan(rules.ICMP{Type: *p.ICMPType})
	default:
		message = icmpSpan(rules.ICMP{Type: *p.ICMPType, Code: p.ICMPCode})
	}
	why = "the type is " + strconv.Itoa(*p.ICMPType)
	if *p.ICMPType == wanted.Type && wanted.Code != nil && p.ICMPCode != nil {
		why = "the code is " + strconv.Itoa(*p.ICMPCode)
	}
	return spans{icmpSpan(wanted)}.holds(message), NeedICMPCode, why
}

// sideNeed returns the need of one end.
func sideNeed(source Need, to bool) Need {
	if to {
		return source + 1
	}
	return source
}

func (m *matcher) end(c *criteria, s *sideCriteria, end End, to bool) {
	port := sideNeed(NeedSourcePort, to)
	if s.ports != nil {
		m.criterion(m.ports(s.ports, end), port, m.portText(end, port))
	}
	m.labels(s.labels, end, to)
	entity := c.rule.From
	if to {
		entity = c.rule.To
	}
	if s.nets.given {
		m.nets(c, &s.nets, end, to, false, entity.Nets)
	}
	if s.notPorts != nil {
		m.criterion(m.ports(s.notPorts, end).not(), port, m.portText(end, port))
	}
	if s.notNets.given {
		m.nets(c, &s.notNets, end, to, true, entity.NotNets)
	}
}

func (m *matcher) ports(list spans, end End) answer {
	switch {
	case end.Port > 0:
		return list.holds(smallSpan(end.Port, end.Port))
	case m.packet.Protocol != "" && !m.packet.Protocol.HasPorts():
		return no
	}
	return unknown
}

func (m *matcher) portText(end End, need Need) string {
	if end.Port == 0 {
		return string(m.packet.Protocol) + " has no ports"
	}
	return need.String() + " is " + portText(end.Port)
}

// name returns how an end is called.
func (end End) name(to bool) string {
	switch {
	case end.Name != "":
		return end.Name
	case len(end.Addrs) == 1:
		return end.Addrs[0].String()
	case to:
		return "the destination"
	}
	return "the source"
}

// any asks whether one of the endpoints that an end is has what is wanted.
func (end End) any(wanted func(labels map[string]string) bool) answer {
	switch {
	case slices.ContainsFunc(end.Labels, wanted):
		return yes
	case end.Unknown && wanted(nil):
		return unknown
	}
	return no
}

// labels checks tags and selectors.
func (m *matcher) labels(c labelCriteria, end End, to bool) {
	need := sideNeed(NeedSourceEndpoint, to)
	switch {
	case len(c.want) > 0:
		m.criterion(end.any(c.selects), need, m.notSelectedText(c, end, to))
	case len(c.reject) > 0:
		m.criterion(end.any(c.rejected).not(), need, m.rejectedText(c, end, to))
	}
}

// notSelectedText says why an end does not match.
func (m *matcher) notSelectedText(c labelCriteria, end End, to bool) string {
	if first := c.want[0]; first.selector == nil && end.any(first.matches) == no {
		return end.name(to) + " does not have tag " + m.shown(first.tag.Name)
	}
	if end.any(c.wanted) != no {
		return m.rejectedText(c, end, to)
	}
	return end.name(to) + " does not match the selector"
}

// rejectedText says what an end matches that it may not.
func (m *matcher) rejectedText(c labelCriteria, end End, to bool) string {
	if len(c.reject) == 0 {
		return ""
	}
	if first := c.reject[0]; first.selector == nil && end.any(first.matches) == yes {
		return end.name(to) + " has tag " + m.shown(first.tag.Name)
	}
	return end.name(to) + " matches the selector"
}

// nets checks addresses.
func (m *matcher) nets(c *criteria, list *netSet, end End, to, negated bool, shown []netip.Prefix) {
	if v := m.packet.IPVersion; v != 0 && len(list.of(v == 6)) == 0 {
		m.criterion(no, 0, m.versionText())
		return
	}
	holds := unknown
	for i, a := range end.Addrs {
		at := addressPoint(a)
		inside := list.of(!a.Is4()).holds(span{at, at}) == yes
		one := answerOf(inside != negated && c.isFor(!a.Is4()))
		if i > 0 && one != holds {
			holds = unknown
			break
		}
		holds = one
	}
	why := end.name(to) + " is in "
	if !negated {
		why = end.name(to) + " is not in "
	}
	m.criterion(holds, sideNeed(NeedSourceAddress, to), why+netsText(shown))
}

// netsText names addresses, but not many of them.
func netsText(list []netip.Prefix) string {
	const few = 3
	if len(list) <= few {
		return strings.Join(netTexts(list), ",")
	}
	return strings.Join(netTexts(list[:few]), ",") + " and " + strconv.Itoa(len(list)-few) + " more"
}

func netTexts(list []netip.Prefix) []string {
	texts := make([]string, len(list))
	for i, n := range list {
		texts[i] = n.String()
	}
	return texts
}
