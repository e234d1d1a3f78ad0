package rules

import (
	"errors"
	"slices"
	"strconv"
	"strings"

	"github.com/calicoctl/calicoctl/internal/printable"
)

// A Mode says how strictly a rule is read.
type Mode uint8

const (
	// AsNew is for a rule to be written: whatever [Check] finds is an error.
	AsNew Mode = iota
	// AsStored is for a rule that another program may have written: all that
	// [Format] prints is accepted, so that it can be found and removed.
	AsStored
)

// ParseWords reads a rule from command-line arguments, each one token. A
// selector is one argument. The error is a *ParseError.
func ParseWords(args []string, mode Mode) (Rule, error) {
	tokens, text := tokensOfArgs(args)
	return parse(tokens, text, "", mode)
}

// ParseLine reads a rule from a line as [Format] writes it: a selector stands
// in double quotes. A tab is a blank. The error is a *ParseError.
func ParseLine(line string, mode Mode) (Rule, error) {
	// Made printable at once, so that no error message holds control characters.
	line = printable.Text(strings.ReplaceAll(line, "\t", " "))
	tokens, unsupported, err := tokensOfLine(line)
	if err != nil {
		return Rule{}, err
	}
	return parse(tokens, line, unsupported, mode)
}

func parse(tokens []token, text, unsupported string, mode Mode) (Rule, error) {
	p := parser{tokens: tokens, text: text, mode: mode}
	p.rule.Unsupported = unsupported
	if err := p.parse(); err != nil {
		return Rule{}, err
	}
	return p.rule, nil
}

type parser struct {
	tokens []token
	text   string
	mode   Mode
	pos    int
	rule   Rule
	found  [criteria]int // per criterion, the number of the token that holds its value; 0 = absent

	could Expected // at the token where it failed; see Expect
}

func (p *parser) parse() error {
	if err := p.noEmptyWord(); err != nil {
		return err
	}
	var noAction error
	if len(p.tokens) > 0 || p.rule.Unsupported == "" {
		noAction = p.action()
	}
	if noAction != nil && (p.rule.Unsupported == "" || p.mode == AsNew) {
		return noAction // else what is stored as the action may be in the brackets
	}
	for _, part := range []func() error{p.ipVersion, p.protocol, p.icmp, p.from, p.to, p.end} {
		err := part()
		if err != nil && noAction != nil && p.pos == 0 {
			return noAction
		}
		if err != nil {
			return err
		}
	}
	return p.check()
}

func (p *parser) noEmptyWord() error {
	i := slices.IndexFunc(p.tokens, func(w token) bool { return w.text == "" })
	if i < 0 {
		return nil
	}
	p.pos = i
	return p.fail("empty argument; is a shell variable empty?")
}

// check points at the token that holds the first thing that is invalid for Felix.
func (p *parser) check() error {
	if p.mode == AsStored {
		return nil
	}
	problems := Check(p.rule)
	if len(problems) == 0 {
		return nil
	}
	first := problems[0]
	if n := p.found[first.criterion]; n > 0 {
		p.pos = n - 1
		return p.failItem(first.Item, first.Text)
	}
	p.pos = len(p.tokens)
	return p.fail(first.Text)
}

func (p *parser) action() error {
	switch text := p.peek(); text {
	case "allow", "deny", "log", "pass":
		p.rule.Action = Action(text)
	case "next-tier":
		p.rule.Action = Pass
	default:
		return p.expected("allow, deny, log or pass", "allow", "deny", "log", "pass")
	}
	p.take(actionCriterion)
	return nil
}

func (p *parser) ipVersion() error {
	if p.peek() != "ipversion" {
		return nil
	}
	p.pos++
	switch p.peek() {
	case "4":
		p.rule.IPVersion = 4
	case "6":
		p.rule.IPVersion = 6
	default:
		err := p.expected(`4 or 6 after "ipversion"`)
		p.could.Words = []string{"4", "6"} // which are no suggestions for another number
		return err
	}
	p.take(ipVersionCriterion)
	return nil
}

func (p *parser) protocol() error {
	start := p.pos
	text, negated := p.negation()
	protocol, ok := parseProtocol(text)
	switch {
	case text == "type" && p.mode == AsStored: // of any protocol
		p.pos = start
		return nil
	case !ok && negated:
		if text == "type" { // a message type may be negated, but needs the protocol
			return p.fail(`"type" must be directly after icmp or icmpv6`)
		}
		return p.expected(`a protocol (tcp, udp, icmp, icmpv6, sctp, udplite or 1 to 255) after "not"`, protocolWords()...)
	case !ok && looksLikeAddress(text):
		if _, isNumber := decimal(text); isNumber {
			return p.fail("expected a protocol number from 1 to 255")
		}
		return p.fail(`an address must be after "from" or "to"`)
	case !ok:
		p.pos = start
		return nil
	case negated:
		p.rule.NotProtocol = protocol
		p.take(notProtocolCriterion)
	default:
		p.rule.Protocol = protocol
		p.take(protocolCriterion)
	}
	return nil
}

func (p *parser) icmp() error {
	start := p.pos
	text, negated := p.negation()
	switch {
	case text == "type":
	case p.pos > start && p.takesType():
		return p.expected(`"type" after "not"`, "type")
	default:
		p.pos = start
		return nil
	}
	if !p.typeAllowed() {
		return p.fail(`"type" must be directly after icmp or icmpv6` + p.protocolHint())
	}
	p.pos++
	number, err := p.number("type", 254)
	if err != nil {
		return err
	}
	icmp := &ICMP{Type: number}
	p.take(typeCriterion)
	if p.peek() == "code" {
		p.pos++
		code, err := p.number("code", 255)
		if err != nil {
			return err
		}
		icmp.Code = &code
		p.take(codeCriterion)
	}
	if negated {
		p.rule.NotICMP = icmp
	} else {
		p.rule.ICMP = icmp
	}
	return nil
}

// typeAllowed: Felix panics on a message type without the protocol icmp or icmpv6.
func (p *parser) typeAllowed() bool { return p.mode == AsStored || p.takesType() }

func (p *parser) takesType() bool { return p.rule.Protocol == "icmp" || p.rule.Protocol == "icmpv6" }

func (p *parser) protocolHint() string {
	switch {
	case p.rule.Protocol == "1":
		return `; write icmp instead of 1`
	case p.rule.Protocol == "58":
		return `; write icmpv6 instead of 58`
	case p.rule.NotProtocol != "":
		return `; a negated protocol takes no type`
	}
	return ""
}

// number reads a decimal number of at most limit; a stored one may be larger.
func (p *parser) number(after string, limit int) (int, error) {
	if p.mode == AsStored {
		limit = 255
	}
	n, ok := decimal(p.peek())
	if !ok || n > limit {
		what := "a number from 0 to " + strconv.Itoa(limit)
		err := p.expected(what + " after " + printable.Quote(after))
		p.could.Value = what
		return 0, err
	}
	return n, nil
}

// end returns an error if a token is left. The error lists what was expected there.
func (p *parser) end() error {
	text := p.peek()
	if p.pos == len(p.tokens) {
		return nil
	}
	hasFrom, hasTo := p.found[fromSide] > 0, p.found[toSide] > 0
	switch {
	case hasTo && text == "from":
		return p.fail(`"from" must be before "to"`)
	case hasTo && text == "to", hasFrom && text == "from":
		return p.fail(printable.Quote(text) + " is in the rule twice")
	case isEntityKeyword(text):
		return p.fail(printable.Quote(text) + ` must be after "from" or "to"`)
	}
	var could []string
	if !hasFrom && !hasTo {
		could = append(p.headWords(), "from")
	}
	could = append(could, "to")
	return p.expected(orList(append(slices.Clone(could), "the end of the rule")), could...)
}

// headWords lists the tokens that may follow before "from" and "to".
func (p *parser) headWords() []string {
	switch {
	case p.found[codeCriterion] > 0:
		return nil
	case p.found[typeCriterion] > 0:
		return []string{"code"}
	case p.takesType():
		return []string{"type", "not type"}
	case p.rule.Protocol != "" || p.rule.NotProtocol != "":
		return nil
	case p.rule.IPVersion != 0:
		return append(protocolWords(), "a protocol number")
	}
	return append([]string{"ipversion"}, append(protocolWords(), "a protocol number")...)
}

// peek returns the next token; empty for one in quotes, which is no keyword, and for a
// missing one.
func (p *parser) peek() string {
	if p.pos == len(p.tokens) || p.tokens[p.pos].quoted {
		return ""
	}
	return p.tokens[p.pos].text
}

// negation reads "not TOKEN" up to TOKEN, or the "!" of "!TOKEN", and returns TOKEN
// without moving past it.
func (p *parser) negation() (text string, negated bool) {
	text = p.peek()
	if text == "not" {
		p.pos++
		return p.peek(), true
	}
	return strings.CutPrefix(text, "!")
}

// take moves past the token that holds the value of a criterion.
func (p *parser) take(c criterion) {
	p.pos++
	p.found[c] = p.pos
}

// fail returns an error that points at the next token.
func (p *parser) fail(msg string) error {
	e := &ParseError{Text: p.text, Start: len(p.text), End: len(p.text), Word: p.pos + 1, Msg: msg}
	if p.pos < len(p.tokens) {
		e.Start, e.End = p.tokens[p.pos].start, p.tokens[p.pos].end
	}
	return e
}

// failItem is like fail for one item of a comma-separated list.
func (p *parser) failItem(item int, msg string) error {
	err := p.fail(msg)
	var e *ParseError
	if !errors.As(err, &e) || item < 0 || p.pos >= len(p.tokens) {
		return err
	}
	shown := p.text[e.Start:e.End]
	parts := strings.Split(shown, ",")
	if item >= len(parts) || strings.TrimLeft(shown, "!") != strings.TrimLeft(p.tokens[p.pos].text, "!") {
		return err // shown with escapes: point at all of it
	}
	for _, part := range parts[:item] {
		e.Start += len(part) + 1
	}
	e.End = e.Start + len(parts[item])
	if e.End == e.Start { // an empty item: point at its comma
		e.Start = max(e.Start-1, p.tokens[p.pos].start)
		e.End = e.Start + 1
	}
	return e
}

// expected returns an error that lists what is expected instead of the next token, and
// what was probably meant.
func (p *parser) expected(what string, candidates ...string) error {
	err := p.fail("expected " + what)
	p.could.Words = candidates
	var e *ParseError
	if errors.As(err, &e) && p.pos < len(p.tokens) && !p.tokens[p.pos].quoted {
		e.Suggestion = closest(strings.TrimPrefix(p.tokens[p.pos].text, "!"), candidates)
	}
	return e
}

func orList(items []string) string {
	if len(items) < 2 {
		return strings.Join(items, "")
	}
	last := len(items) - 1
	return strings.Join(items[:last], ", ") + " or " + items[last]
}
