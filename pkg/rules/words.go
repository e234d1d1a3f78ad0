package rules

import (
	"strings"

	"github.com/calicoctl/calicoctl/internal/printable"
)

// A word is one word of a rule with its place in the text that is shown.
type word struct {
	text       string
	quoted     bool // stood in double quotes, so it is no word of the language
	missing    bool // is still to be said; see Expect
	start, end int
}

// wordsOfArgs makes words of command-line arguments, one of each, and the text
// to show them in. A selector is a raw argument; a NAME may be in quotes.
func wordsOfArgs(args []string) (words []word, text string) {
	words = make([]word, 0, len(args))
	size := 0
	for _, arg := range args {
		size += len(arg) + 1
	}
	var out strings.Builder
	out.Grow(size)
	for i, arg := range args {
		if i > 0 {
			out.WriteByte(' ')
		}
		start := out.Len()
		w := word{text: arg, start: start}
		if name, ok := quotedName(arg); ok {
			w.text, w.quoted = name, true
			out.WriteString(arg)
		} else if isBare(arg) {
			out.WriteString(arg)
		} else {
			out.Write(printable.AppendQuoted(nil, arg))
		}
		w.end = out.Len()
		words = append(words, w)
	}
	return words, out.String()
}

// isBare reports whether an argument is shown without quotes.
func isBare(arg string) bool {
	for i := range len(arg) {
		if c := arg[i]; c <= ' ' || c == '"' || c >= 0x7f {
			return printable.IsPlain(arg) && !strings.ContainsAny(arg, ` "`)
		}
	}
	return arg != ""
}

// quotedName takes the quotes off "NAME".
func quotedName(arg string) (name string, ok bool) {
	if len(arg) < 3 || arg[0] != '"' || arg[len(arg)-1] != '"' {
		return "", false
	}
	name = arg[1 : len(arg)-1]
	return name, IsName(name)
}

// wordsOfLine splits a line of a listing. What stands in square brackets at
// its end is returned as beyond.
func wordsOfLine(line string) (words []word, beyond string, err error) {
	for pos := 0; ; {
		for pos < len(line) && line[pos] == ' ' {
			pos++
		}
		if pos == len(line) {
			return words, "", nil
		}
		switch line[pos] {
		case '[':
			beyond, found := strings.CutSuffix(strings.TrimRight(line[pos+1:], " "), "]")
			if !found {
				return nil, "", &ParseError{
					Text: line, Start: pos, End: len(line), Word: len(words) + 1,
					Msg: "the square bracket is not closed at the end of the line",
				}
			}
			return words, beyond, nil
		case '"':
			text, length, ok := printable.Unquote(line[pos:])
			if !ok {
				return nil, "", &ParseError{
					Text: line, Start: pos, End: len(line), Word: len(words) + 1,
					Msg: `the double quotes are not closed, or hold a backslash that is not one of \" \\ \xNN`,
				}
			}
			words = append(words, word{text: text, quoted: true, start: pos, end: pos + length})
			pos += length
		default:
			end := pos + strings.IndexByte(line[pos:]+" ", ' ')
			words = append(words, word{text: line[pos:end], start: pos, end: end})
			pos = end
		}
	}
}
