package rules

import (
	"slices"
	"strings"

	"github.com/calicoctl/calicoctl/internal/printable"
)

func (p *parser) from() error { return p.entity("from", fromSide, &p.rule.From) }
func (p *parser) to() error   { return p.entity("to", toSide, &p.rule.To) }

// entity reads one or more criteria behind "from" or "to".
func (p *parser) entity(keyword string, side Criterion, e *Entity) error {
	if p.peek() != keyword {
		return nil
	}
	p.take(side)
	for before := keyword; ; before = "" {
		if err := p.item(e, side, before); err != nil {
			return err
		}
		if next := p.peek(); p.pos == len(p.words) || next == "from" || next == "to" {
			p.joinTags(e, side)
			return nil
		}
	}
}

// An itemKind is a criterion of an entity.
type itemKind struct {
	keyword string
	offset  Criterion // from fromSide or toSide
}

// entityItem recognizes the word that begins a criterion. With direct the word
// is itself the value: an address without "cidr".
func entityItem(text string) (item itemKind, direct, ok bool) {
	switch text {
	case "ports":
		return itemKind{text, portsOffset}, false, true
	case "tag":
		return itemKind{text, tagOffset}, false, true
	case "selector":
		return itemKind{text, selectorOffset}, false, true
	case "cidr":
		return itemKind{text, netsOffset}, false, true
	}
	return itemKind{"cidr", netsOffset}, true, looksLikeAddress(text)
}

// value says what stands behind the keyword.
func (k itemKind) value() string {
	switch k.offset {
	case portsOffset:
		return "ports such as 80,443 or 1000:2000"
	case tagOffset:
		return "the name of a tag"
	case selectorOffset:
		return `a selector such as "role == 'frontend'"`
	}
	return "an address or prefix such as 10.0.0.0/8"
}

// repeated says that the criterion occurs twice.
func (k itemKind) repeated(negated bool) string {
	msg := k.keyword + " stands here already"
	if negated {
		msg = "not " + msg
	}
	if k.offset == portsOffset || k.offset == netsOffset {
		msg += "; separate its values by commas"
	}
	return msg
}

// item reads one criterion, at most one of each. before is the word that it
// stands behind, if something must stand there.
func (p *parser) item(e *Entity, side Criterion, before string) error {
	start := p.pos
	text, negated := p.negation()
	item, direct, ok := entityItem(text)
	if !ok {
		return p.expectedItem(before, negated)
	}
	if _, isNumber := decimal(text); direct && isNumber {
		return p.fail(`a port stands behind "ports", and several are separated by commas, such as 80,443`)
	}
	c := side + item.offset
	if negated {
		c += notOffset
	}
	if p.found[c] > 0 {
		p.pos = start
		return p.fail(item.repeated(negated))
	}
	if !direct {
		p.pos++
	}
	if p.pos == len(p.words) || p.words[p.pos].missing {
		p.could.Tag, p.could.Value = item.offset == tagOffset, item.value()
		return p.fail("expected " + item.value() + " after " + printable.Quote(item.keyword))
	}
	var err error
	switch item.offset {
	case portsOffset:
		err = p.ports(choose(negated, &e.NotPorts, &e.Ports))
	case tagOffset:
		err = p.tag(choose(negated, &e.NotTag, &e.Tag))
	case selectorOffset:
		err = p.selector(choose(negated, &e.NotSelector, &e.Selector))
	case netsOffset:
		if !direct { // a "!" in front of an address is read; one inside is not
			text = p.words[p.pos].text
		}
		err = p.nets(choose(negated, &e.NotNets, &e.Nets), text)
	}
	if err == nil {
		p.take(c)
	}
	return err
}

func choose[T any](negated bool, not, plain T) T {
	if negated {
		return not
	}
	return plain
}

// joinTags brings a selector that is a tag, or holds one in the form that is
// stored, into the words for it, unless the entity names a tag of its own.
func (p *parser) joinTags(e *Entity, side Criterion) {
	if e.Tag.IsZero() && e.Selector != "" {
		e.Tag, e.Selector = cutTag(e.Selector, false)
		p.found[side+tagOffset] = p.found[side+selectorOffset]
	}
	if e.NotTag.IsZero() && e.NotSelector != "" {
		e.NotTag, e.NotSelector = cutTag(e.NotSelector, true)
		p.found[side+tagOffset+notOffset] = p.found[side+selectorOffset+notOffset]
	}
}

func (p *parser) expectedItem(before string, negated bool) error {
	candidates := []string{"ports", "tag", "cidr", "selector"}
	what := "ports, tag, cidr, selector, not or an address"
	if negated {
		what = "ports, tag, cidr, selector or an address"
		before = "not"
	} else {
		candidates = append(candidates, "not")
	}
	switch {
	case before != "":
		what += " after " + printable.Quote(before)
	default:
		candidates = append(candidates, "to")
		what = "ports, tag, cidr, selector, not, an address, to or the end of the rule"
	}
	return p.expected(what, candidates...)
}

func (p *parser) tag(into *Tag) error {
	w := p.words[p.pos]
	if !w.quoted && isReserved(w.text) {
		return p.fail(`expected the name of a tag after "tag"; is a shell variable empty? A tag that is called ` + w.text +
			` stands in double quotes, in a shell '"` + w.text + `"'`)
	}
	if !IsName(w.text) {
		return p.fail("expected the name of a tag (letters, digits, ., _ and -)")
	}
	into.Name = w.text
	return nil
}

func (p *parser) selector(into *string) error {
	text := strings.Trim(p.words[p.pos].text, " \t")
	if text == "" {
		return p.fail("empty selector; all() selects everything")
	}
	*into = text
	return nil
}

// protocolWords lists the protocols that have a name.
func protocolWords() []string {
	return []string{"tcp", "udp", "icmp", "icmpv6", "sctp", "udplite"}
}

// parseProtocol reads a protocol in any case.
func parseProtocol(text string) (Protocol, bool) {
	lower := strings.ToLower(text)
	if slices.Contains(protocolWords(), lower) {
		return Protocol(lower), true
	}
	n, ok := decimal(text)
	return Protocol(text), ok && n <= 255 && (text == "0" || text[0] != '0')
}
