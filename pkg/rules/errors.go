package rules

import (
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/calicoctl/calicoctl/internal/printable"
	"github.com/calicoctl/calicoctl/internal/suggest"
)

// A ParseError says what is wrong in the text of a rule, and where. All of it is
// printable.
type ParseError struct {
	Text       string // the rule on one line
	Start, End int    // the bytes of Text that are wrong; both len(Text) when something is missing
	Word       int    // the number of the token, from 1
	Msg        string // what was expected, or what is wrong
	Suggestion string // what was probably meant, or empty
}

// Error returns one line that names the token.
func (e *ParseError) Error() string {
	if e.Start == e.End {
		return "after the last word: " + e.message()
	}
	return fmt.Sprintf("word %d (%s): %s", e.Word, e.Text[e.Start:e.End], e.message())
}

// Excerpt returns three lines: prefix and the rule, a mark below the token, and the
// message. A long rule is cut around the token.
func (e *ParseError) Excerpt(prefix string) string {
	before := clipLeft(e.Text[:e.Start])
	wrong := clipRight(e.Text[e.Start:e.End])
	column := utf8.RuneCountInString(prefix + before)
	marks := utf8.RuneCountInString(wrong)
	if marks == 0 { // something is missing after the last token
		column, marks = column+1, 1
	}
	return prefix + before + wrong + clipRight(e.Text[e.End:]) + "\n" +
		strings.Repeat(" ", column) + strings.Repeat("^", marks) + "\n" + clipRight(e.message())
}

// maxExcerpt is how much of a text is shown on each side of a mark, in bytes.
const maxExcerpt = 200

const ellipsis = "..."

func clipLeft(text string) string {
	if len(text) <= maxExcerpt {
		return text
	}
	return ellipsis + strings.ToValidUTF8(text[len(text)-maxExcerpt:], "")
}

func clipRight(text string) string {
	if len(text) <= 2*maxExcerpt {
		return text
	}
	return strings.ToValidUTF8(text[:2*maxExcerpt], "") + ellipsis
}

func (e *ParseError) message() string {
	if e.Suggestion == "" {
		return e.Msg
	}
	return e.Msg + "; did you mean " + printable.Quote(e.Suggestion) + "?"
}

// closest returns the candidate that a token was probably meant to be: one edit
// away, two for a long word, or the same letters mixed up.
func closest(word string, candidates []string) string {
	word = strings.ToLower(word)
	switch word { // where the nearest would be the other one
	case "icmp4", "icmpv4":
		candidates = keep(candidates, "icmp")
	case "icmp6":
		candidates = keep(candidates, "icmpv6")
	}
	best, bestDistance := "", 3
	for _, c := range candidates {
		d, limit := suggest.Distance(word, c), 1
		if len(c) > 5 || len(candidates) == 1 {
			limit = 2
		}
		if sortedBytes(word) == sortedBytes(c) {
			d = 1
		}
		if d <= limit && d < bestDistance {
			best, bestDistance = c, d
		}
	}
	return best
}

// keep returns just the one of the candidates, if it is among them.
func keep(candidates []string, one string) []string {
	if slices.Contains(candidates, one) {
		return []string{one}
	}
	return nil
}

func sortedBytes(text string) string {
	b := []byte(text)
	slices.Sort(b)
	return string(b)
}
