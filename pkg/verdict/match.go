package verdict

import (
	"net/netip"
	"slices"
	"strconv"
	"strings"

	"github.com/calicoctl/calicoctl/internal/printable"
	"github.com/calicoctl/calicoctl/internal/rawjson"
	"github.com/calicoctl/calicoctl/pkg/rules"
)

// A matchable is a rule with what matching it takes, read once.
type matchable struct {
	rule        rules.Rule
	from, to    selectors
	unsupported string // criteria that cannot be evaluated, or empty
}

// selectors are the parsed ones of an entity; nil where there is none.
type selectors struct{ plain, not *rules.Selector }

func newMatchable(s rules.Stored) matchable {
	m := matchable{rule: s.Rule, unsupported: matchedUnsupported(s)}
	m.from = m.selectorsOf(s.Rule.From)
	m.to = m.selectorsOf(s.Rule.To)
	return m
}

// selectorsOf parses the selectors of an entity. Felix refuses the profile for
// one that is none; here it is a criterion of which nothing is known.
func (m *matchable) selectorsOf(e rules.Entity) selectors {
	parse := func(text string) *rules.Selector {
		if text == "" {
			return nil
		}
		s, err := rules.ParseSelector(text)
		if err != nil {
			m.unsupported = strings.TrimSpace(m.unsupported + " selector " + printable.Quote(text))
			return nil
		}
		return s
	}
	return selectors{plain: parse(e.Selector), not: parse(e.NotSelector)}
}

// matchedBeyond returns the criteria without words that a packet must match.
// What is just noted about a rule, its metadata, is none.
func matchedUnsupported(s rules.Stored) string {
	if s.Rule.Unsupported == "" || len(s.Problems) > 0 {
		return s.Rule.Unsupported
	}
	rest, err := rawjson.Delete(s.JSON, func(key string) bool { return strings.EqualFold(key, "metadata") })
	if err != nil || len(rest) == len(s.JSON) {
		return s.Rule.Unsupported
	}
	return rules.DecodeV3(rest).Rule.Unsupported
}

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

// A match is whether a rule fits a packet.
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

// matches answers for a rule. assumed is what is taken for granted of the
// criteria without words.
func (m *matchable) matches(p Packet, shown func(string) string, assumed answer) match {
	a := matcher{packet: p, shown: shown, result: match{answer: yes}}
	a.head(m.rule)
	a.end(m.rule.From, m.from, p.From, false)
	a.end(m.rule.To, m.to, p.To, true)
	if m.unsupported != "" {
		a.criterion(assumed, NeedUnsupported, "["+m.unsupported+"] does not hold")
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
	switch {
	case p.ICMPType == nil:
		return unknown, NeedICMPType, ""
	case *p.ICMPType != wanted.Type:
		return no, 0, "the type is " + strconv.Itoa(*p.ICMPType)
	case wanted.Code == nil:
		return yes, 0, "the type is " + strconv.Itoa(*p.ICMPType)
	case p.ICMPCode == nil:
		return unknown, NeedICMPCode, ""
	}
	return answerOf(*p.ICMPCode == *wanted.Code), 0, "the code is " + strconv.Itoa(*p.ICMPCode)
}

// sideNeed returns the need of one end.
func sideNeed(source Need, to bool) Need {
	if to {
		return source + 1
	}
	return source
}

func (m *matcher) end(e rules.Entity, s selectors, end End, to bool) {
	port := sideNeed(NeedSourcePort, to)
	if len(e.Ports) > 0 {
		m.criterion(m.ports(e.Ports, end), port, m.portText(end, port))
	}
	m.selected(e, s.plain, end, to)
	if len(e.Nets) > 0 {
		m.nets(e.Nets, end, to, false)
	}
	if len(e.NotPorts) > 0 {
		m.criterion(m.ports(e.NotPorts, end).not(), port, m.portText(end, port))
	}
	m.notSelected(e, s.not, end, to)
	if len(e.NotNets) > 0 {
		m.nets(e.NotNets, end, to, true)
	}
}

func (m *matcher) ports(list []rules.PortRange, end End) answer {
	switch {
	case end.Port > 0:
		return answerOf(slices.ContainsFunc(list, func(r rules.PortRange) bool { return r.First <= end.Port && end.Port <= r.Last }))
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

// hasTag reports whether labels hold a tag.
func hasTag(t rules.Tag, labels map[string]string) bool {
	value, found := labels[rules.TagLabel(t.Name)]
	return found && (!t.EmptyValue || value == "")
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

// selected checks tag and selector, which one and the same endpoint must match.
func (m *matcher) selected(e rules.Entity, s *rules.Selector, end End, to bool) {
	if e.Tag.IsZero() && s == nil {
		return
	}
	tagged := func(labels map[string]string) bool { return e.Tag.IsZero() || hasTag(e.Tag, labels) }
	both := end.any(func(labels map[string]string) bool { return tagged(labels) && (s == nil || s.Matches(labels)) })
	why := ""
	if both == no {
		why = end.name(to) + " does not match the selector"
		if !e.Tag.IsZero() && end.any(tagged) == no {
			why = end.name(to) + " does not have tag " + m.shown(e.Tag.Name)
		}
	}
	m.criterion(both, sideNeed(NeedSourceEndpoint, to), why)
}

// notSelected checks that no endpoint matches the negated tag or selector.
func (m *matcher) notSelected(e rules.Entity, s *rules.Selector, end End, to bool) {
	if e.NotTag.IsZero() && s == nil {
		return
	}
	tagged := func(labels map[string]string) bool { return !e.NotTag.IsZero() && hasTag(e.NotTag, labels) }
	either := end.any(func(labels map[string]string) bool { return tagged(labels) || s != nil && s.Matches(labels) })
	why := ""
	if either == yes {
		why = end.name(to) + " matches the selector"
		if end.any(tagged) == yes {
			why = end.name(to) + " has tag " + m.shown(e.NotTag.Name)
		}
	}
	m.criterion(either.not(), sideNeed(NeedSourceEndpoint, to), why)
}

// nets checks addresses. Felix renders a rule for an IP version only if each of
// its lists, the negated ones too, holds an address of that version.
func (m *matcher) nets(list []netip.Prefix, end End, to, negated bool) {
	of := func(version int) bool {
		return slices.ContainsFunc(list, func(n netip.Prefix) bool { return rules.IPVersion(n.Addr()) == version })
	}
	if v := m.packet.IPVersion; v != 0 && !of(v) {
		m.criterion(no, 0, m.versionText())
		return
	}
	holds := unknown
	for i, a := range end.Addrs {
		inside := slices.ContainsFunc(list, func(n netip.Prefix) bool { return n.Contains(a) })
		one := answerOf(inside != negated && of(rules.IPVersion(a)))
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
	m.criterion(holds, sideNeed(NeedSourceAddress, to), why+netsText(list))
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
