package rules

import (
	"fmt"
	"slices"
	"strings"

	"github.com/calicoctl/calicoctl/internal/printable"
)

// maxNesting bounds the recursion of the parser. A selector that Calico takes
// has at most 1024 characters, so it never comes near.
const maxNesting = 1000

// A Selector is a parsed selector expression: a question to a set of labels.
// The grammar is Calico's (libcalico-go, package selector):
//
//	expression = term { "||" term }
//	term       = factor { "&&" factor }
//	factor     = { "!" } ( "has(" label ")" | "all()" | "global()" | "(" expression ")" | comparison )
//	comparison = label ( "==" | "!=" | "contains" | "starts with" | "ends with" ) string
//	           | label ( "in" | "not in" ) "{" [ string { "," string } [ "," ] ] "}"
//
// The empty text selects everything. Only blanks and tabs separate tokens.
type Selector struct {
	root node
}

// ParseSelector reads a selector. The error is a *SelectorError.
func ParseSelector(text string) (*Selector, error) {
	toks, err := scanSelector(text)
	if err != nil {
		return nil, err
	}
	if len(toks) == 1 { // just the end
		return &Selector{root: allNode{}}, nil
	}
	p := selectorParser{text: text, toks: toks}
	root, err := p.expression(0)
	if err == nil && p.peek().kind != tokEnd {
		err = p.expected("&&, || or the end")
	}
	if err != nil {
		return nil, err
	}
	return &Selector{root: root}, nil
}

// Matches reports whether an endpoint with these labels is selected.
func (s *Selector) Matches(labels map[string]string) bool { return s.root.matches(labels) }

// String returns the selector in one spelling: single quotes where possible,
// one blank around operators, parentheses where precedence needs them.
// ParseSelector gives back an equal selector.
func (s *Selector) String() string { return s.root.text(precOr) }

// A SelectorError says what is wrong in a selector, and where.
type SelectorError struct {
	Offset int    // bytes from the beginning of the selector
	Msg    string // what was expected and what stands there
}

// Error counts the character from 1.
func (e *SelectorError) Error() string {
	return fmt.Sprintf("selector, character %d: %s", e.Offset+1, e.Msg)
}

type selectorParser struct {
	text string
	toks []selectorToken
	pos  int
}

func (p *selectorParser) peek() selectorToken { return p.toks[p.pos] }

func (p *selectorParser) next() selectorToken {
	t := p.toks[p.pos]
	if t.kind != tokEnd {
		p.pos++
	}
	return t
}

func (p *selectorParser) expected(what string) error {
	t := p.peek()
	got := "the end"
	if t.kind != tokEnd {
		got = printable.Quote(p.text[t.start:t.end])
	}
	return &SelectorError{Offset: t.start, Msg: "expected " + what + ", got " + got}
}

func (p *selectorParser) expression(depth int) (node, error) {
	return p.operands(depth, tokOr, p.term, func(n []node) node { return orNode(n) })
}

func (p *selectorParser) term(depth int) (node, error) {
	return p.operands(depth, tokAnd, p.factor, func(n []node) node { return andNode(n) })
}

// operands reads one or more operands with an operator between them.
func (p *selectorParser) operands(depth int, operator tokenKind,
	operand func(int) (node, error), join func([]node) node,
) (node, error) {
	first, err := operand(depth)
	if err != nil || p.peek().kind != operator {
		return first, err
	}
	all := []node{first}
	for p.peek().kind == operator {
		p.next()
		n, err := operand(depth)
		if err != nil {
			return nil, err
		}
		all = append(all, n)
	}
	return join(all), nil
}

func (p *selectorParser) factor(depth int) (node, error) {
	negated := false
	for p.peek().kind == tokNot {
		p.next()
		negated = !negated
	}
	n, err := p.primary(depth)
	if err == nil && negated {
		n = notNode{n}
	}
	return n, err
}

func (p *selectorParser) primary(depth int) (node, error) {
	switch t := p.peek(); t.kind {
	case tokHas:
		p.next()
		return hasNode(t.value), nil
	case tokAll:
		p.next()
		return allNode{}, nil
	case tokGlobal:
		p.next()
		return globalNode{}, nil
	case tokLabel:
		p.next()
		return p.comparison(t.value)
	case tokLeftParen:
		return p.group(depth)
	}
	return nil, p.expected("has(...), all(), a label, ! or (")
}

func (p *selectorParser) group(depth int) (node, error) {
	if depth >= maxNesting {
		return nil, &SelectorError{Offset: p.peek().start, Msg: "parentheses are nested too deeply"}
	}
	p.next()
	n, err := p.expression(depth + 1)
	if err != nil {
		return nil, err
	}
	if p.peek().kind != tokRightParen {
		return nil, p.expected("&&, || or )")
	}
	p.next()
	return n, nil
}

func (p *selectorParser) comparison(label string) (node, error) {
	op := p.peek()
	switch op.kind {
	case tokIn, tokNotIn:
		p.next()
		values, err := p.set()
		return inNode{label: label, values: values, negated: op.kind == tokNotIn}, err
	case tokEqual, tokNotEqual, tokContains, tokStartsWith, tokEndsWith:
		p.next()
		if p.peek().kind != tokString {
			return nil, p.expected("a string in quotes")
		}
		return compareNode{label: label, op: op.kind, value: p.next().value}, nil
	}
	return nil, p.expected("==, !=, in, not in, contains, starts with or ends with")
}

func (p *selectorParser) set() ([]string, error) {
	if p.peek().kind != tokLeftBrace {
		return nil, p.expected("{")
	}
	p.next()
	var values []string
	for p.peek().kind == tokString {
		values = append(values, p.next().value)
		if p.peek().kind != tokComma {
			break
		}
		p.next()
	}
	if p.peek().kind != tokRightBrace {
		return nil, p.expected("a string in quotes or }")
	}
	p.next()
	slices.Sort(values)
	return slices.Compact(values), nil
}

// cutGrouped takes text of the form "(s) OP atom" apart, where OP is && or ||
// and atom is one has(label) or `label == ""`. It returns s as written, without
// the blanks around it, and the atom. The parentheses must be one pair, so
// that nothing of s can bind to OP.
func cutGrouped(toks []selectorToken, text string, operator tokenKind) (inner string, atom []selectorToken, ok bool) {
	if toks[0].kind != tokLeftParen {
		return "", nil, false
	}
	depth, closing := 0, 0
	for i, t := range toks {
		if t.kind == tokLeftParen {
			depth++
		} else if t.kind == tokRightParen {
			depth--
		}
		if depth == 0 {
			closing = i
			break
		}
	}
	if closing == 0 || toks[closing+1].kind != operator {
		return "", nil, false
	}
	inner = strings.Trim(text[toks[0].end:toks[closing].start], " \t")
	return inner, toks[closing+2:], inner != ""
}
