package resolve

import (
	"strings"

	"github.com/calicoctl/calicoctl/internal/printable"
)

// longestReason keeps a web page that answers in an engine's place out of a
// message. What engines say themselves is shorter.
const longestReason = 300

// plain returns a word that may be printed as it is, or else in quotes with
// everything escaped that could act on a terminal.
func plain(word string) string {
	if word != "" && printable.IsPlain(word) && !strings.ContainsAny(word, " \"\\") {
		return word
	}
	return printable.Quote(word)
}

// oneLine makes one short printable line of a text.
func oneLine(text string) string {
	line := []rune(printable.Text(strings.Join(strings.Fields(text), " ")))
	if len(line) > longestReason {
		return string(line[:longestReason]) + "..."
	}
	return string(line)
}
