// Package brief keeps text short enough to read. Text in etcd may be megabytes long:
// JSON and YAML print it as a whole, tables and messages print a part of it.
package brief

import (
	"fmt"
	"unicode/utf8"

	"github.com/calicoctl/calicoctl/internal/printable"
)

// maxCell is how many characters of a cell are shown.
const maxCell = 300

// A message keeps its beginning, which says what it is about, and its end, which says
// what is wrong. The limits are in bytes.
const (
	maxMessage  = 2000
	messageHead = 1300
	messageTail = 500
)

// Cell returns the first characters of a text for one cell of a table, or for one
// value in a message.
func Cell(text string) string {
	if len(text) <= maxCell {
		return text
	}
	n := 0
	for i := range text {
		if n == maxCell {
			return text[:i] + "..."
		}
		n++
	}
	return text
}

// Message returns a message without its middle if it is too long.
func Message(text string) string {
	if len(text) <= maxMessage {
		return text
	}
	head, tail := messageHead, len(text)-messageTail
	for !utf8.RuneStart(text[head]) {
		head--
	}
	for !utf8.RuneStart(text[tail]) {
		tail++
	}
	return fmt.Sprintf("%s ... (%d bytes left out) ... %s", text[:head], tail-head, text[tail:])
}

// Name returns the printable name of a profile; the empty one, which etcd can hold,
// is shown as "".
func Name(name string) string {
	if name == "" {
		return `""`
	}
	return printable.Text(name)
}
