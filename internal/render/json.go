package render

import (
	"bytes"
	"encoding/json"
	"fmt"
	"unicode/utf16"

	"github.com/calicoctl/calicoctl/internal/printable"
)

// JSON returns indented JSON in which every character that a terminal
// might obey is escaped.
func JSON(value any) ([]byte, error) {
	var out bytes.Buffer
	enc := json.NewEncoder(&out)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	if err := enc.Encode(value); err != nil {
		return nil, err
	}
	return EscapeControls(out.Bytes()), nil
}

// EscapeControls writes unprintable characters as \uNNNN; in JSON text they
// stand inside of strings only.
func EscapeControls(text []byte) []byte {
	if !bytes.ContainsFunc(text, isControl) {
		return text
	}
	var out bytes.Buffer
	for _, r := range string(text) {
		switch {
		case !isControl(r):
			out.WriteRune(r)
		case r > 0xffff:
			high, low := utf16.EncodeRune(r)
			fmt.Fprintf(&out, `\u%04x\u%04x`, high, low)
		default:
			fmt.Fprintf(&out, `\u%04x`, r)
		}
	}
	return out.Bytes()
}

func isControl(r rune) bool { return r != '\n' && !printable.IsPrint(r) }

// JSONLine returns what JSON does, in one line.
func JSONLine(value any) ([]byte, error) {
	content, err := JSON(value)
	if err != nil {
		return nil, err
	}
	var line bytes.Buffer
	if err := json.Compact(&line, content); err != nil {
		return nil, err
	}
	return append(line.Bytes(), '\n'), nil
}
