package rules

import (
	"slices"
	"strings"

	"github.com/calicoctl/calicoctl/internal/printable"
)

func (p *parser) from() error { return p.entity("from", fromSide, &p.rule.From) }
func (p *parser) to() error   { return p.entity("to", toSide, &p.rule.To) }

// entity reads one or more criteria after "from" or "to".
func (p *parser) entity(keyword string, side criterion, e *Entity) error {
	if p.peek() != keyword {
		return nil
	}
	p.take(side)
	for before := keyword; ; before = "" {
		if err := p.item(e, side, before); err != nil {
			return err
		}
		if next := p.peek(); p.pos == len(p.tokens) || next == "from" || next == "to" {
			p.joinTags(e, side)
			return nil
		}
	}
}

// entityItem returns the criterion that a token begins, and its offset. With direct the
// token is itself the value: an address without "cidr".
func entityItem(text string) (k entityCriterion, offset criterion, direct, ok bool) {
	all := entityCriteria()
	for i, k := range all {
		if k.keyword == text {
			return k, criterion(i) + 1, false, true
		}
	}
	return all[netsOffset-1], netsOffset, true, looksLikeAddress(text)
}

// repeated says that the criterion occurs twice.
func (k entityCriterion) repeated(negated bool) string {
	msg := k.keyword + " is given twice"
	if negated {
		msg = "not " + msg
	}
	if k.list {
		msg += "; separate its values by commas"
	}
	return msg
}

// item reads one criterion, at most one of each. before is the token before
// it, if a criterion must follow that.
func (p *parser) item(e *Entity, side criterion, before string) error {
	start := p.pos
	text, negated := p.negation()
	item, offset, direct, ok := entityItem(text)
	if !ok {
		return p.expectedItem(before, negated)
	}
	if _, isNumber := decimal(text); direct && isNumber {
		return p.fail(`expected a port after "ports"; separate several by commas, such as 80,443`)
	}
	c := side + offset
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
	if p.pos == len(p.tokens) || p.tokens[p.pos].missing {
		p.could.Tag, p.could.Value = offset == tagOffset, item.value
		return p.fail("expected " + item.value + " after " + printable.Quote(item.keyword))
	}
	if !direct { // a "!" before an address is read; one inside is not
		text = p.tokens[p.pos].text
	}
	err := p.value(offset, negated, text, e)
	if err == nil {
		p.take(c)
	}
	return err
}

// joinTags makes a tag of a selector that is one, or holds one in the stored form,
// unless the entity has a tag already.
func (p *parser) joinTags(e *Entity, side criterion) {
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
	candidates := entityKeywords()
	keywords := strings.Join(candidates, ", ")
	what := keywords + ", not or an address"
	if negated {
		what = keywords + " or an address"
		before = "not"
	} else {
		candidates = append(candidates, "not")
	}
	switch {
	case before != "":
		what += " after " + printable.Quote(before)
	default:
		candidates = append(candidates, "to")
		what = keywords + ", not, an address, to or the end of the rule"
	}
	return p.expected(what, candidates...)
}

func (p *parser) tag(into *Tag) error {
	w := p.tokens[p.pos]
	if !w.quoted && isReserved(w.text) {
		return p.fail(`expected the name of a tag after "tag"; is a shell variable empty? A tag that is called ` + w.text +
			` is written in double quotes, in a shell '"` + w.text + `"'`)
	}
	if !IsName(w.text) {
		return p.fail("expected the name of a tag (letters, digits, ., _ and -)")
	}
	into.Name = w.text
	return nil
}

func (p *parser) selector(into *string) error {
	text := strings.Trim(p.tokens[p.pos].text, " \t")
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
