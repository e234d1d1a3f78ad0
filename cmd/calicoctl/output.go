package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"unicode/utf16"

	"github.com/calicoctl/calicoctl/internal/printable"
)

// print writes the result of a command to standard output: text as it is, or
// the value as JSON or YAML.
func (a *app) print(text string, value any) error {
	switch a.output {
	case "json":
		content, err := encodeJSON(value)
		a.out.Write(content)
		return err
	case "yaml":
		content, err := encodeYAML(value)
		a.out.Write(content)
		return err
	}
	a.out.WriteString(text)
	return nil
}

// encodeJSON returns indented JSON in which every character that a terminal
// might obey is escaped.
func encodeJSON(value any) ([]byte, error) {
	var out bytes.Buffer
	enc := json.NewEncoder(&out)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	if err := enc.Encode(value); err != nil {
		return nil, err
	}
	return escapeControls(out.Bytes()), nil
}

// escapeControls writes unprintable characters as \uNNNN; in JSON text they
// stand inside of strings only.
func escapeControls(text []byte) []byte {
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
