package rules

import (
	"slices"
	"strings"
)

// Expected is what may stand next in a rule.
type Expected struct {
	Words []string // keywords and values, in the order of a rule
	Tag   bool     // the name of a tag
	Value string   // which value is expected, for messages; or empty
}

// Expect returns what may follow the first arguments of a new rule, which are as for
// [ParseWords]. That is what the parser expects there, without what it would reject: a
// criterion for the second time, or ports of a protocol that has none. After invalid
// arguments it is nothing.
func Expect(words []string) Expected {
	given, text := tokensOfArgs(words)
	p := parser{tokens: append(given, token{text: "?", quoted: true, missing: true}), text: text, mode: AsNew}
	if err := p.parse(); err == nil || p.pos != len(given) {
		return Expected{}
	}
	could := p.could
	could.Words = p.possible(could.Words)
	return could
}

// possible returns those of the tokens that may follow.
func (p *parser) possible(could []string) []string {
	var words []string
	for _, w := range could {
		switch {
		case w == "not type":
			w = "not"
		case strings.Contains(w, " "): // such as "a protocol number"
			continue
		case p.rule.IPVersion == 4 && w == "icmpv6", p.rule.IPVersion == 6 && w == "icmp":
			continue
		}
		if !slices.Contains(words, w) && !p.taken(w) {
			words = append(words, w)
		}
	}
	// A protocol may follow, so it may be negated, too.
	if i := slices.Index(words, "tcp"); i >= 0 && !p.negated() {
		words = slices.Insert(words, i, "not")
	}
	return words
}

// taken reports whether a keyword of an entity would be rejected.
func (p *parser) taken(text string) bool {
	if text == "to" {
		return p.found[toSide] > 0
	}
	if p.found[fromSide] == 0 && p.found[toSide] == 0 {
		return false
	}
	_, offset, direct, _ := entityItem(text)
	if direct {
		return false
	}
	c := p.side() + offset
	if p.negated() {
		c += notOffset
	}
	return p.found[c] > 0 || offset == portsOffset && !p.rule.Protocol.HasPorts()
}

// side returns the entity that is being read.
func (p *parser) side() criterion {
	if p.found[toSide] > 0 {
		return toSide
	}
	return fromSide
}

// negated reports whether the token before the next one is "not".
func (p *parser) negated() bool {
	return p.pos > 0 && p.tokens[p.pos-1].text == "not" && !p.tokens[p.pos-1].quoted
}
