package rules

import (
	"strings"

	"github.com/calicoctl/calicoctl/internal/rawjson"
)

// An entityCriterion is a criterion of an [Entity]. This file holds all about a criterion
// but its field there and, in package verdict, what it matches.
type entityCriterion struct {
	keyword string
	value   string // what follows the keyword, for messages
	list    bool   // the value is a list
	expr    bool   // the value is an expression
	keyV3   string // in lower case; empty: it is part of another key's value
	keyV1   string // after "src_" or "dst_"; empty: v1 cannot hold it
}

// The offsets of the criteria of an entity, from fromSide or toSide.
const (
	portsOffset criterion = 1 + iota
	tagOffset
	selectorOffset
	netsOffset
	notOffset  = iota // from a criterion to its negation
	lastOffset = 2 * notOffset
)

// entityCriteria returns the criteria in the order of their offsets, which is that of
// the canonical text. In v3 documents, the order is the reverse.
func entityCriteria() [notOffset]entityCriterion {
	return [...]entityCriterion{
		{keyword: "ports", value: "ports such as 80,443 or 1000:2000", list: true, keyV3: "ports", keyV1: "ports"},
		{keyword: "tag", value: "the name of a tag", keyV1: "tag"},
		{keyword: "selector", value: `a selector such as "role == 'frontend'"`, expr: true, keyV3: "selector", keyV1: "selector"},
		{keyword: "cidr", value: "an address or prefix such as 10.0.0.0/8", list: true, keyV3: "nets", keyV1: "nets"},
	}
}

// value reads the value of a criterion, which begins with text.
func (p *parser) value(offset criterion, negated bool, text string, e *Entity) error {
	switch offset {
	case portsOffset:
		return p.ports(choose(negated, &e.NotPorts, &e.Ports))
	case tagOffset:
		return p.tag(choose(negated, &e.NotTag, &e.Tag))
	case selectorOffset:
		return p.selector(choose(negated, &e.NotSelector, &e.Selector))
	default:
		return p.nets(choose(negated, &e.NotNets, &e.Nets), text)
	}
}

// appendValue appends the value of a criterion, and nothing if the entity does not have it.
func (e *Entity) appendValue(dst []byte, offset criterion, negated bool) []byte {
	switch offset {
	case portsOffset:
		return appendPorts(dst, choose(negated, e.NotPorts, e.Ports))
	case tagOffset:
		return appendTag(dst, choose(negated, e.NotTag, e.Tag))
	case selectorOffset:
		return appendSelector(dst, choose(negated, e.NotSelector, e.Selector))
	default:
		return appendNets(dst, choose(negated, e.NotNets, e.Nets))
	}
}

// value checks the value of a criterion; at is its number in the rule.
func (c *checker) value(at, offset criterion, negated bool, e *Entity) {
	switch offset {
	case portsOffset:
		c.ports(at, choose(negated, e.NotPorts, e.Ports))
	case tagOffset:
		c.tag(at, choose(negated, e.NotTag, e.Tag))
	case selectorOffset:
		c.selector(at, choose(negated, e.NotSelector, e.Selector), e.storedSelector(negated))
	default:
		c.nets(at, choose(negated, e.NotNets, e.Nets), negated)
	}
}

// valueV3 reads the value of a criterion's key in v3.
func (d *decoder) valueV3(offset criterion, negated bool, m rawjson.Member, e *Entity, end *[]string) {
	switch offset {
	case portsOffset:
		d.ports(end, m.Key, m.Value, choose(negated, &e.NotPorts, &e.Ports))
	case selectorOffset:
		tag, selector := choose(negated, &e.NotTag, &e.Tag), choose(negated, &e.NotSelector, &e.Selector)
		d.text(end, m.Key, m.Value, selector)
		*tag, *selector = cutTag(*selector, negated)
	default:
		d.nets(end, m.Key, m.Value, choose(negated, &e.NotNets, &e.Nets))
	}
}

// valueV3 returns the value of a criterion's key in v3; nil or "" if the entity does not
// have it.
func (e *Entity) valueV3(offset criterion, negated bool) any {
	switch offset {
	case portsOffset:
		return orNil(portsJSON(choose(negated, e.NotPorts, e.Ports)))
	case selectorOffset:
		return e.storedSelector(negated)
	default:
		return orNil(textsOf(choose(negated, e.NotNets, e.Nets)))
	}
}

// storedSelector returns the selector that a document holds: with the tag.
func (e *Entity) storedSelector(negated bool) string {
	if negated {
		return joinTag(e.NotTag, e.NotSelector, true)
	}
	return joinTag(e.Tag, e.Selector, false)
}

// entityKeywords returns the keywords in the order of messages: expressions last.
func entityKeywords() (words []string) {
	var last []string
	for _, k := range entityCriteria() {
		if k.expr {
			last = append(last, k.keyword)
		} else {
			words = append(words, k.keyword)
		}
	}
	return append(words, last...)
}

// isEntityKeyword reports whether a text begins a criterion of an entity.
func isEntityKeyword(text string) bool {
	for _, k := range entityCriteria() {
		if k.keyword == text {
			return true
		}
	}
	return false
}

// ofKeyV3 returns the offset of the criterion that a key of a v3 document holds, in any
// case; 0 if there is none.
func ofKeyV3(key string) (offset criterion, negated bool) {
	rest, not := cutFold(key, "not")
	for i, k := range entityCriteria() {
		switch {
		case k.keyV3 == "":
		case strings.EqualFold(k.keyV3, key):
			return criterion(i) + 1, false
		case not && strings.EqualFold(k.keyV3, rest):
			return criterion(i) + 1, true
		}
	}
	return 0, false
}

func cutFold(text, prefix string) (rest string, found bool) {
	if len(text) < len(prefix) || !strings.EqualFold(text[:len(prefix)], prefix) {
		return text, false
	}
	return text[len(prefix):], true
}

// inV1 reports whether v1 has a key for each criterion of the entity.
func (e *Entity) inV1() bool {
	for i, k := range entityCriteria() {
		at := criterion(i) + 1
		if k.keyV1 == "" && len(e.appendValue(e.appendValue(nil, at, false), at, true)) > 0 {
			return false
		}
	}
	return true
}

func orNil[T any](list []T) any {
	if list == nil {
		return nil
	}
	return list
}

func choose[T any](negated bool, not, plain T) T {
	if negated {
		return not
	}
	return plain
}
