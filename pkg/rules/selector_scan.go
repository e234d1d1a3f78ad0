package rules

import (
	"strings"
	"unicode/utf8"

	"github.com/calicoctl/calicoctl/internal/printable"
)

type tokenKind uint8

const (
	tokEnd tokenKind = iota
	tokLabel
	tokString
	tokHas
	tokAll
	tokGlobal
	tokLeftParen
	tokRightParen
	tokLeftBrace
	tokRightBrace
	tokComma
	tokNot
	tokAnd
	tokOr
	tokEqual
	tokNotEqual
	tokIn
	tokNotIn
	tokContains
	tokStartsWith
	tokEndsWith
)

// A selectorToken is a word of a selector; value is a label or a string.
type selectorToken struct {
	kind       tokenKind
	value      string
	start, end int
}

const maxLabel = 512 // characters in a label of a selector

// scanSelector splits a selector into tokens; the last one is tokEnd.
//
// A token has no fixed meaning: "in" is an operator after a label and a label
// anywhere else, and "has" is a label unless a parenthesis follows at once.
func scanSelector(text string) ([]selectorToken, error) {
	toks := make([]selectorToken, 0, 8)
	for pos := 0; ; {
		for pos < len(text) && (text[pos] == ' ' || text[pos] == '\t') {
			pos++
		}
		if pos == len(text) {
			return append(toks, selectorToken{kind: tokEnd, start: pos, end: pos}), nil
		}
		afterLabel := len(toks) > 0 && toks[len(toks)-1].kind == tokLabel
		tok, err := scanToken(text, pos, afterLabel)
		if err != nil {
			return nil, err
		}
		toks = append(toks, tok)
		pos = tok.end
	}
}

func scanToken(text string, pos int, afterLabel bool) (selectorToken, error) {
	switch c := text[pos]; {
	case c == '\'' || c == '"':
		length := strings.IndexByte(text[pos+1:], c)
		if length < 0 {
			return selectorToken{}, &SelectorError{Offset: pos, Msg: "the string is not closed"}
		}
		end := pos + 1 + length
		return selectorToken{kind: tokString, value: text[pos+1 : end], start: pos, end: end + 1}, nil
	case !isLabelByte(c):
		return scanPunctuation(text, pos)
	case afterLabel:
		return scanOperator(text, pos)
	}
	return scanLabel(text, pos)
}

func scanPunctuation(text string, pos int) (selectorToken, error) {
	for _, p := range [...]struct {
		text string
		kind tokenKind
	}{ // the longer one of two with the same beginning comes first
		{"(", tokLeftParen},
		{")", tokRightParen},
		{"{", tokLeftBrace},
		{"}", tokRightBrace},
		{",", tokComma},
		{"==", tokEqual},
		{"!=", tokNotEqual},
		{"!", tokNot},
		{"&&", tokAnd},
		{"||", tokOr},
	} {
		if strings.HasPrefix(text[pos:], p.text) {
			return selectorToken{kind: p.kind, start: pos, end: pos + len(p.text)}, nil
		}
	}
	rest := text[pos:]
	for _, p := range [...]string{"=", "&", "|"} {
		if strings.HasPrefix(rest, p) {
			return selectorToken{}, &SelectorError{Offset: pos, Msg: "expected " + p + p + ", got a single " + p}
		}
	}
	_, size := utf8.DecodeRuneInString(rest)
	return selectorToken{}, &SelectorError{Offset: pos, Msg: "unexpected " + printable.Quote(rest[:size])}
}

// scanOperator reads the operator that compares a label with something. An operator
// of two parts may be written as one.
func scanOperator(text string, pos int) (selectorToken, error) {
	for _, op := range [...]struct {
		first, second string
		kind          tokenKind
	}{
		{"contains", "", tokContains},
		{"starts", "with", tokStartsWith},
		{"ends", "with", tokEndsWith},
		{"not", "in", tokNotIn},
		{"in", "", tokIn},
	} {
		rest, found := strings.CutPrefix(text[pos:], op.first)
		if !found {
			continue
		}
		if op.second != "" {
			rest, found = strings.CutPrefix(strings.TrimLeft(rest, " \t"), op.second)
		}
		if found && (rest == "" || !isLabelByte(rest[0])) {
			return selectorToken{kind: op.kind, start: pos, end: len(text) - len(rest)}, nil
		}
	}
	return selectorToken{}, &SelectorError{
		Offset: pos,
		Msg:    "expected ==, !=, in, not in, contains, starts with or ends with, got " + printable.Quote(leadingLabel(text[pos:])),
	}
}

func scanLabel(text string, pos int) (selectorToken, error) {
	rest := text[pos:]
	switch {
	case strings.HasPrefix(rest, "has("):
		inner := strings.TrimLeft(rest[len("has("):], " \t")
		label := leadingLabel(inner)
		tok, err := closeCall(text, pos, inner[len(label):], tokHas)
		if label == "" {
			return tok, &SelectorError{Offset: pos, Msg: "expected a label in has(...)"}
		}
		tok.value = label
		return checkLabel(tok, err)
	case strings.HasPrefix(rest, "all("):
		return closeCall(text, pos, rest[len("all("):], tokAll)
	case strings.HasPrefix(rest, "global("):
		return closeCall(text, pos, rest[len("global("):], tokGlobal)
	}
	label := leadingLabel(rest)
	return checkLabel(selectorToken{kind: tokLabel, value: label, start: pos, end: pos + len(label)}, nil)
}

// closeCall expects the closing parenthesis of has(, all( or global( at the
// beginning of rest, which is the tail of text.
func closeCall(text string, pos int, rest string, kind tokenKind) (selectorToken, error) {
	rest, found := strings.CutPrefix(strings.TrimLeft(rest, " \t"), ")")
	if !found {
		return selectorToken{}, &SelectorError{Offset: len(text) - len(rest), Msg: "expected )"}
	}
	return selectorToken{kind: kind, start: pos, end: len(text) - len(rest)}, nil
}

func checkLabel(tok selectorToken, err error) (selectorToken, error) {
	if err == nil && len(tok.value) > maxLabel {
		err = &SelectorError{Offset: tok.start, Msg: "the label is longer than 512 characters"}
	}
	return tok, err
}

func leadingLabel(text string) string {
	for i := range len(text) {
		if !isLabelByte(text[i]) {
			return text[:i]
		}
	}
	return text
}

func isLabelByte(c byte) bool { return isNameByte(c) || c == '/' }

// isNameByte reports whether c may stand in a NAME of the rule language.
func isNameByte(c byte) bool {
	return 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9' ||
		c == '.' || c == '_' || c == '-'
}
