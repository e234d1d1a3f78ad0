package verdict

import (
	"slices"
	"strings"

	"github.com/calicoctl/calicoctl/internal/printable"
	"github.com/calicoctl/calicoctl/internal/rawjson"
	"github.com/calicoctl/calicoctl/pkg/rules"
)

// The criteria of a rule are what it asks of a packet, read once. [Evaluate] asks
// them about one packet, and the analyses of whole lists make regions of them, so
// that both mean the same by a match.
type criteria struct {
	rule        rules.Rule
	from, to    sideCriteria
	unsupported string // unsupported fields, which cannot be evaluated, or empty
}

// sideCriteria are those of the source or the destination. A set is nil where the
// rule has no such list.
type sideCriteria struct {
	ports, notPorts spans
	nets, notNets   netSet
	labels          labelCriteria
}

// A netSet is a list of networks as sets of addresses, one for each IP version.
type netSet struct {
	given  bool // there is a list
	v4, v6 spans
}

func (s netSet) of(ipv6 bool) spans {
	if ipv6 {
		return s.v6
	}
	return s.v4
}

// labelCriteria are a tag and a selector that one endpoint or network set must match,
// and those that it may not match. Felix makes one selector of all of them. Without
// any that must match, no endpoint or network set may match the others.
type labelCriteria struct{ want, reject []labelTest }

// A labelTest is a tag or a selector.
type labelTest struct {
	tag      rules.Tag
	selector *rules.Selector // of a tag nil
}

// text returns the test as a selector, in one spelling.
func (t labelTest) text() string {
	if t.selector == nil {
		return t.tag.Selector()
	}
	return t.selector.String()
}

// matches reports whether labels match. Those of no endpoint, nil, are like none.
func (t labelTest) matches(labels map[string]string) bool {
	if t.selector != nil {
		return t.selector.Matches(labels)
	}
	value, found := labels[rules.TagLabel(t.tag.Name)]
	return found && (!t.tag.EmptyValue || value == "")
}

// wanted reports whether an endpoint or network set with these labels matches what
// must match.
func (c labelCriteria) wanted(labels map[string]string) bool {
	return !slices.ContainsFunc(c.want, func(t labelTest) bool { return !t.matches(labels) })
}

// selects reports whether it also matches none of what it may not match.
func (c labelCriteria) selects(labels map[string]string) bool {
	return c.wanted(labels) && !c.rejected(labels)
}

// rejected reports whether an endpoint with these labels matches what may not match.
func (c labelCriteria) rejected(labels map[string]string) bool {
	return slices.ContainsFunc(c.reject, func(t labelTest) bool { return t.matches(labels) })
}

func newCriteria(r rules.Rule) *criteria {
	c := &criteria{rule: r, unsupported: r.Unsupported}
	c.from, c.to = c.side(r.From), c.side(r.To)
	return c
}

// storedCriteria reads a stored rule as Felix does: one without an action allows, and
// some of the unsupported fields are no criteria.
func storedCriteria(s rules.Stored) *criteria {
	c := newCriteria(s.Rule)
	if c.rule.Action == "" {
		c.rule.Action = rules.Allow
	}
	if rest := matchedUnsupported(s); rest != s.Rule.Unsupported {
		c.unsupported = strings.TrimSpace(rest + strings.TrimPrefix(c.unsupported, s.Rule.Unsupported))
	}
	return c
}

// matchedUnsupported returns the unsupported fields that a packet must match. What
// is just noted about a rule, its metadata, is none.
func matchedUnsupported(s rules.Stored) string {
	switch {
	case s.NoCriteria:
		return ""
	case s.Rule.Unsupported == "" || len(s.Problems) > 0:
		return s.Rule.Unsupported
	}
	rest, err := rawjson.Delete(s.JSON, func(key string) bool { return strings.EqualFold(key, "metadata") })
	if err != nil || len(rest) == len(s.JSON) {
		return s.Rule.Unsupported
	}
	return rules.DecodeV3(rest).Rule.Unsupported
}

func (c *criteria) side(e rules.Entity) sideCriteria {
	return sideCriteria{
		ports: portSpans(e.Ports), notPorts: portSpans(e.NotPorts),
		nets: newNetSet(e.Nets), notNets: newNetSet(e.NotNets),
		labels: labelCriteria{want: c.labelTests(e.Tag, e.Selector), reject: c.labelTests(e.NotTag, e.NotSelector)},
	}
}

// labelTests reads a tag and a selector. Felix rejects the profile for a selector
// that is malformed; here it is a criterion of which nothing is known.
func (c *criteria) labelTests(tag rules.Tag, selector string) (list []labelTest) {
	if !tag.IsZero() {
		list = append(list, labelTest{tag: tag})
	}
	if selector == "" {
		return list
	}
	s, err := rules.ParseSelector(selector)
	if err != nil {
		c.unsupported = strings.TrimSpace(c.unsupported + " selector " + printable.Quote(selector))
		return list
	}
	return append(list, labelTest{selector: s})
}

// isFor reports whether Felix renders the rule for an IP version: each of its lists
// of networks, the negated ones too, has a network of that version, and no negated
// one is everything.
func (c *criteria) isFor(ipv6 bool) bool {
	version := 4
	if ipv6 {
		version = 6
	}
	of := c.rule.IPVersion
	if of == 0 {
		of = c.rule.Protocol.IPVersion()
	}
	if of != 0 && of != version {
		return false
	}
	for _, side := range []*sideCriteria{&c.from, &c.to} {
		for _, s := range []*netSet{&side.nets, &side.notNets} {
			if s.given && len(s.of(ipv6)) == 0 {
				return false
			}
		}
		if rest := (spans{{point{}, highestAddress(ipv6)}}).minus(side.notNets.of(ipv6)); len(rest) == 0 {
			return false
		}
	}
	return true
}
