package rules

import "strings"

// Calico 3 has no tags: a profile carries the tag t as a label t with an empty
// value, and a rule matches it with the selector has(t).
//
// A label name has at most 63 characters and a Docker network's ID has 64, but
// the prefix of a qualified name may be 253 long. So a longer tag is the label
// "<tag>/tag": measured, the former is invalid for Felix, and the latter is enforced.

const (
	// MaxLabelName is how many characters the name of a label may have, after
	// an optional DNS name and a slash, and also how many its value may have.
	MaxLabelName = 63

	maxDNSName = 253
	longSuffix = "/tag"

	// maxTagged is the length in bytes up to which a selector is looked through
	// for a tag, so that one of a megabyte costs nothing. It is more than Felix
	// takes: 1024 characters of up to four bytes, of which one is a tag.
	maxTagged = 8 << 10
)

// TagLabel returns the name of the label that stands for a tag.
func TagLabel(tag string) string {
	if len(tag) > MaxLabelName {
		return tag + longSuffix
	}
	return tag
}

// LabelTag returns the tag that a label of that name stands for, if any: a
// label such as "example.com/role" is a label and nothing else.
func LabelTag(label string) (tag string, ok bool) {
	if long, found := strings.CutSuffix(label, longSuffix); found && len(long) > MaxLabelName {
		label = long
	} else if len(label) > MaxLabelName {
		return "", false
	}
	return label, IsName(label)
}

// IsName reports whether text is a NAME of the rule language, which is what a
// tag must be.
func IsName(text string) bool {
	for i := range len(text) {
		if !isNameByte(text[i]) {
			return false
		}
	}
	return text != ""
}

// IsDNSName reports whether text is an RFC 1123 subdomain in lower case, which
// the name of a profile and the prefix of a label must be.
func IsDNSName(text string) bool {
	if text == "" || len(text) > maxDNSName {
		return false
	}
	for part := range strings.SplitSeq(text, ".") {
		if strings.Trim(part, "-") != part || part == "" {
			return false
		}
		for i := range len(part) {
			if c := part[i]; c != '-' && (c < 'a' || c > 'z') && (c < '0' || c > '9') {
				return false
			}
		}
	}
	return true
}

// cutTag takes the tag out of a stored selector: all of it, or after a part
// in parentheses. In a positive match both parts must hold (&&); negated they
// are two separate exclusions (||), because excluding their conjunction would
// match far more. The rest is the selector without the tag and the blanks around
// it.
func cutTag(selector string, negated bool) (tag Tag, rest string) {
	selector = strings.Trim(selector, " \t")
	if len(selector) > maxTagged {
		return Tag{}, selector
	}
	toks, err := scanSelector(selector)
	if err != nil {
		return Tag{}, selector
	}
	if tag, ok := tagAtom(toks); ok {
		return tag, ""
	}
	inner, atom, ok := cutGrouped(toks, selector, tagOperator(negated))
	if !ok {
		return Tag{}, selector
	}
	tag, ok = tagAtom(atom)
	if _, err := ParseSelector(inner); !ok || err != nil {
		return Tag{}, selector
	}
	return tag, inner
}

// tagAtom recognizes has(label) and `label == ""` as the last tokens of a
// selector, if the label stands for a tag.
func tagAtom(toks []selectorToken) (Tag, bool) {
	var label string
	emptyValue := false
	switch {
	case len(toks) == 2 && toks[0].kind == tokHas:
		label = toks[0].value
	case len(toks) == 4 && toks[0].kind == tokLabel && toks[1].kind == tokEqual &&
		toks[2].kind == tokString && toks[2].value == "":
		label, emptyValue = toks[0].value, true
	default:
		return Tag{}, false
	}
	name, ok := LabelTag(label)
	return Tag{Name: name, EmptyValue: emptyValue}, ok
}

// Selector returns the selector that matches the tag; empty when there is none.
func (t Tag) Selector() string {
	switch {
	case t.IsZero():
		return ""
	case t.EmptyValue:
		return TagLabel(t.Name) + " == ''"
	}
	return "has(" + TagLabel(t.Name) + ")"
}

// joinTag is the inverse of cutTag: the selector to store.
func joinTag(tag Tag, selector string, negated bool) string {
	if tag.IsZero() {
		return selector
	}
	atom := tag.Selector()
	if selector == "" {
		return atom
	}
	operator := " && "
	if negated {
		operator = " || "
	}
	return "(" + selector + ")" + operator + atom
}

func tagOperator(negated bool) tokenKind {
	if negated {
		return tokOr
	}
	return tokAnd
}
