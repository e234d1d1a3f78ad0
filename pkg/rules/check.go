package rules

import (
	"errors"
	"fmt"
	"net/netip"
	"strconv"
	"unicode/utf8"
)

// A criterion names a part of a rule that something can be wrong with.
type criterion uint8

// The criteria outside of the entities. Those inside are numbered from
// fromSide and toSide.
const (
	actionCriterion criterion = iota
	ipVersionCriterion
	protocolCriterion
	notProtocolCriterion
	typeCriterion
	codeCriterion
	fromSide
	toSide   = fromSide + 1 + lastOffset
	criteria = toSide + 1 + lastOffset
)

// String returns words for the criterion: "from not ports", "protocol".
func (c criterion) String() string {
	if c < fromSide {
		return [...]string{"action", "ipversion", "protocol", "not protocol", "type", "code"}[c]
	}
	side, offset := "from", c-fromSide
	if c >= toSide {
		side, offset = "to", c-toSide
	}
	if offset > notOffset {
		side, offset = side+" not", offset-notOffset
	}
	if offset == 0 {
		return side
	}
	return side + " " + entityCriteria()[offset-1].keyword
}

// A Problem is something in a rule that Calico does not take, or not as it
// reads.
type Problem struct {
	criterion criterion // what it is about
	Item      int       // which item of a list, from 0; -1 is all of it
	Text      string    // what is wrong, and why
	Limit     bool      // a limit of new rules only: what is stored beyond it works

	applied   bool // Felix applies the rule all the same
	keepsTags bool // and takes the tags of the profile
}

func (p Problem) where() string { return p.criterion.String() + ": " + p.Text }

// maxSelector is the longest selector that upstream's API takes, in characters.
const maxSelector = 1024

// maxParsed is the longest selector that is parsed at all. Felix was seen to take one of
// 10,000 characters.
const maxParsed = 64 << 10

// Check returns what Felix refuses, mis-renders or dies of in a rule, and what
// is beyond the limits for a new one, which are those of upstream's API. For most of
// it, Felix drops all traffic of the profile; see [Stored.Drops]. What [DecodeV3] could not read is not here but
// in [Stored].Problems.
func Check(r Rule) []Problem {
	c := checker{rule: r, fromOrTo: fromSide}
	c.protocol(protocolCriterion, r.Protocol)
	c.protocol(notProtocolCriterion, r.NotProtocol)
	c.icmp(r.ICMP)
	c.icmp(r.NotICMP)
	if r.IPVersion != 0 {
		c.version(ipVersionCriterion, -1, r.IPVersion, "ipversion "+strconv.Itoa(r.IPVersion))
	}
	switch r.Protocol {
	case "icmp":
		c.version(protocolCriterion, -1, 4, "icmp")
	case "icmpv6":
		c.version(protocolCriterion, -1, 6, "icmpv6")
	}
	c.entity(r.From)
	c.fromOrTo = toSide
	c.entity(r.To)
	return c.problems
}

type checker struct {
	rule     Rule
	fromOrTo criterion
	problems []Problem

	ipVersion int    // what the rule's first versioned criterion says
	versioned string // that criterion's value
}

func (c *checker) add(at criterion, item int, format string, args ...any) {
	c.problems = append(c.problems, Problem{criterion: at, Item: item, Text: fmt.Sprintf(format, args...)})
}

func (c *checker) limit(at criterion, item int, format string, args ...any) {
	c.add(at, item, format, args...)
	c.problems[len(c.problems)-1].Limit = true
}

func (c *checker) protocol(at criterion, p Protocol) {
	if p == "0" {
		c.add(at, -1, "0 is not a protocol (1 to 255)")
	}
}

func (c *checker) icmp(icmp *ICMP) {
	if icmp == nil {
		return
	}
	if c.rule.Protocol != "icmp" && c.rule.Protocol != "icmpv6" {
		c.add(typeCriterion, -1, "a message type without the protocol icmp or icmpv6 makes Felix crash")
	}
	if icmp.Type > 254 {
		c.add(typeCriterion, -1, "type %d cannot be programmed (0 to 254)", icmp.Type)
	}
}

// version notes that a criterion belongs to one IP version; all must agree.
func (c *checker) version(at criterion, item, version int, value string) {
	switch {
	case version == 0 || version == c.ipVersion:
	case c.ipVersion == 0:
		c.ipVersion, c.versioned = version, value
	default:
		c.add(at, item, "%s is IPv%d, but %s is IPv%d",
			value, version, c.versioned, c.ipVersion)
		last := &c.problems[len(c.problems)-1]
		last.applied, last.keepsTags = true, at == protocolCriterion
	}
}

func (c *checker) entity(e Entity) {
	for offset := criterion(1); offset <= notOffset; offset++ {
		at := c.fromOrTo + offset
		c.value(at, offset, false, &e)
		c.value(at+notOffset, offset, true, &e)
	}
}

func (c *checker) ports(at criterion, list []PortRange) {
	if len(list) > 0 && !c.rule.Protocol.HasPorts() {
		c.add(at, -1, "ports need the protocol tcp, udp or sctp in the rule")
	}
	if len(list) > maxPorts {
		c.limit(at, maxPorts, "more than %d ports, the limit of upstream's API", maxPorts)
	}
	for i, p := range list {
		switch {
		case p.First == 0:
			c.add(at, i, "port 0 makes Felix drop all traffic of the profile (1 to 65535)")
		case p.First > p.Last:
			c.add(at, i, "the range %s is the wrong way round", p)
		}
	}
}

// tag refuses what no profile can carry; a rule that denies by such a tag would
// deny nobody.
func (c *checker) tag(at criterion, tag Tag) {
	switch name := tag.Name; {
	case name == "":
	case !IsName(name):
		c.add(at, -1, "a tag is made of letters, digits, ., _ and -")
	case len(name) > MaxLabelName && !IsDNSName(name):
		c.limit(at, -1, "a tag of more than %d characters is made of lower-case letters, digits, - and ., "+
			"and has at most %d", MaxLabelName, maxDNSName)
	}
}

func (c *checker) selector(at criterion, selector, stored string) {
	if selector == "" {
		return
	}
	if !utf8.ValidString(selector) {
		c.add(at, -1, "the selector is not valid UTF-8")
		return
	}
	switch n := utf8.RuneCountInString(stored); {
	case n > maxParsed:
		c.add(at, -1, "the selector is longer than %d characters", maxParsed)
		return
	case n > maxSelector:
		c.limit(at, -1, "the selector is longer than %d characters, the limit of upstream's API", maxSelector)
	}
	var wrong *SelectorError
	if _, err := ParseSelector(selector); errors.As(err, &wrong) {
		c.add(at, -1, "%s", wrong)
	}
}

func (c *checker) nets(at criterion, list []netip.Prefix, negated bool) {
	if len(list) > maxNets {
		c.limit(at, maxNets, "more than %d addresses, the limit of upstream's API", maxNets)
	}
	var seen map[netip.Prefix]bool
	if len(list) > 1 {
		seen = make(map[netip.Prefix]bool, len(list))
	}
	for i, n := range list {
		switch {
		case n.Addr().Is4In6():
			c.mapped(at, i, n)
		case negated && n.Bits() == 0:
			c.add(at, i, "not cidr %s excludes everything", n)
			c.problems[len(c.problems)-1].applied = true
		case seen[n]:
			c.limit(at, i, "%s is in the list twice, which upstream's API rejects", n)
		}
		if seen != nil {
			seen[n] = true
		}
		version := IPVersion(n.Addr())
		if isMapped(n) {
			version = 4
		}
		c.version(at, i, version, n.String())
	}
}

// isMapped reports whether Felix reads an IPv6 prefix as the IPv4 prefix that it maps.
func isMapped(n netip.Prefix) bool { return n.Addr().Is4In6() && n.Bits() >= 96 }

// mapped notes an IPv4 prefix that is written as IPv6.
func (c *checker) mapped(at criterion, i int, n netip.Prefix) {
	if !isMapped(n) {
		c.add(at, i, "%s is an IPv4 address written as IPv6; write %s", n, unmapped(n))
		return
	}
	c.limit(at, i, "%s is an IPv4 address written as IPv6, which upstream's API rejects; write %s, as Felix reads it", n, unmapped(n))
}

// FelixNet returns a network as Felix reads it: an IPv6 prefix that maps an IPv4 prefix
// is that one.
func FelixNet(n netip.Prefix) netip.Prefix {
	if isMapped(n) {
		return unmapped(n)
	}
	return n
}

// unmapped returns the IPv4 prefix that ::ffff:a.b.c.d/n means. With less than
// 96 bits it is taken for the length that was meant for IPv4, if it can be one.
func unmapped(n netip.Prefix) netip.Prefix {
	bits := n.Bits() - 96
	if bits < 0 {
		bits = min(n.Bits(), 32)
	}
	return netip.PrefixFrom(n.Addr().Unmap(), bits).Masked()
}
