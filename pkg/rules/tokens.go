package rules

import (
	"strings"

	"github.com/calicoctl/calicoctl/internal/printable"
)

// A token is one part of a rule with its place in the text that is shown.
type token struct {
	text       string
	quoted     bool // was in double quotes, so it is no keyword
	missing    bool // is not given yet; see Expect
	start, end int
}

// tokensOfArgs makes a token of each command-line argument, and the text to show
// them in. A selector is a raw argument; a NAME may be in quotes.
func tokensOfArgs(args []string) (tokens []token, text string) {
	tokens = make([]token, 0, len(args))
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
		w := token{text: arg, start: start}
		if name, ok := quotedName(arg); ok {
			w.text, w.quoted = name, true
			out.WriteString(arg)
		} else if isBare(arg) {
			out.WriteString(arg)
		} else {
			out.Write(printable.AppendQuoted(nil, arg))
		}
		w.end = out.Len()
		tokens = append(tokens, w)
	}
	return tokens, out.String()
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

// tokensOfLine splits a line of a listing. What stands in square brackets at
// its end is returned as unsupported.
func tokensOfLine(line string) (tokens []token, unsupported string, err error) {
	for pos := 0; ; {
		for pos < len(line) && line[pos] == ' ' {
			pos++
		}
		if pos == len(line) {
			return tokens, "", nil
		}
		switch line[pos] {
		case '[':
			unsupported, found := strings.CutSuffix(strings.TrimRight(line[pos+1:], " "), "]")
			if !found {
				return nil, "", &ParseError{
					Text: line, Start: pos, End: len(line), Word: len(tokens) + 1,
					Msg: "the square bracket is not closed at the end of the line",
				}
			}
			return tokens, unsupported, nil
		case '"':
			text, length, ok := printable.Unquote(line[pos:])
			if !ok {
				return nil, "", &ParseError{
					Text: line, Start: pos, End: len(line), Word: len(tokens) + 1,
					Msg: `the double quotes are not closed, or hold a backslash that is not one of \" \\ \xNN`,
				}
			}
			tokens = append(tokens, token{text: text, quoted: true, start: pos, end: pos + length})
			pos += length
		default:
			end := pos + strings.IndexByte(line[pos:]+" ", ' ')
			tokens = append(tokens, token{text: line[pos:end], start: pos, end: end})
			pos = end
		}
	}
}
