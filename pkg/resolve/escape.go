package resolve

import (
	"fmt"
	"strconv"
	"strings"
	"unicode/utf8"
)

// longestReason keeps a web page that answers in an engine's place out of a
// message. What engines say themselves is shorter.
const longestReason = 200

// plain returns a word that may be printed as it is, or else in quotes with
// everything escaped that could act on a terminal.
func plain(word string) string {
	if word != "" && escape(word) == word && !strings.ContainsAny(word, " \"\\") {
		return word
	}
	return strconv.Quote(word)
}

// oneLine makes one short printable line of a text.
func oneLine(text string) string {
	line := []rune(escape(strings.Join(strings.Fields(text), " ")))
	if len(line) > longestReason {
		return string(line[:longestReason]) + "..."
	}
	return string(line)
}

// escape replaces what does not print, as strconv.Quote does, but leaves quotes
// and backslashes alone: reasons are full of them.
func escape(text string) string {
	var b strings.Builder
	for text != "" {
		r, size := utf8.DecodeRuneInString(text)
		switch {
		case r == utf8.RuneError && size == 1:
			fmt.Fprintf(&b, `\x%02x`, text[0])
		case strconv.IsPrint(r):
			b.WriteRune(r)
		default:
			quoted := strconv.QuoteRune(r)
			b.WriteString(quoted[1 : len(quoted)-1])
		}
		text = text[size:]
	}
	return b.String()
}
