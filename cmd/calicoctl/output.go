package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"unicode"
	"unicode/utf16"

	"go.yaml.in/yaml/v3"
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

func isControl(r rune) bool { return r != '\n' && !unicode.IsPrint(r) }

// encodeYAML returns what encodeJSON does, in YAML and in the same order.
func encodeYAML(value any) ([]byte, error) {
	content, err := encodeJSON(value)
	if err != nil {
		return nil, err
	}
	var document yaml.Node
	if err := yaml.Unmarshal(content, &document); err != nil {
		return nil, err
	}
	blockStyle(&document)
	var out bytes.Buffer
	enc := yaml.NewEncoder(&out)
	enc.SetIndent(2)
	if err := enc.Encode(&document); err != nil {
		return nil, err
	}
	return out.Bytes(), enc.Close()
}

// blockStyle takes the look of JSON off a document. Strings with characters
// that need escapes keep their quotes.
func blockStyle(n *yaml.Node) {
	plain := n.Kind != yaml.ScalarNode
	for _, r := range n.Value {
		plain = plain || !isControl(r)
	}
	if plain && !bytes.ContainsFunc([]byte(n.Value), isControl) {
		n.Style = 0
	}
	for _, child := range n.Content {
		blockStyle(child)
	}
}
