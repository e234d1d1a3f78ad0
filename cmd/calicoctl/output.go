package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"
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
	content, err := json.Marshal(value)
	if err != nil {
		return nil, err
	}
	dec := json.NewDecoder(bytes.NewReader(content))
	dec.UseNumber()
	document, err := yamlNode(dec)
	if err != nil {
		return nil, err
	}
	var out bytes.Buffer
	enc := yaml.NewEncoder(&out)
	enc.SetIndent(2)
	if err := enc.Encode(document); err != nil {
		return nil, err
	}
	// What needs an escape stands in double quotes: see yamlScalar.
	return escapeYAML(out.Bytes()), enc.Close()
}

// yamlNode reads the next JSON value as a node, which keeps the order of keys.
func yamlNode(dec *json.Decoder) (*yaml.Node, error) {
	token, err := dec.Token()
	if err != nil {
		return nil, err
	}
	node := &yaml.Node{Kind: yaml.MappingNode}
	switch token {
	case json.Delim('['):
		node.Kind = yaml.SequenceNode
	case json.Delim('{'):
	default:
		return yamlScalar(token)
	}
	for dec.More() { // of a mapping: key, value, key, value
		child, err := yamlNode(dec)
		if err != nil {
			return nil, err
		}
		node.Content = append(node.Content, child)
	}
	_, err = dec.Token() // the closing bracket
	return node, err
}

// yamlScalar lets the library choose the quotes, so that what an older reader
// takes for a number or a truth value has them.
func yamlScalar(token json.Token) (*yaml.Node, error) {
	node := new(yaml.Node)
	text, isText := token.(string)
	if number, ok := token.(json.Number); ok {
		node.Kind, node.Tag, node.Value = yaml.ScalarNode, "!!int", number.String()
		return node, nil
	}
	if isText && strings.ContainsFunc(text, isControl) {
		node.Kind, node.Tag, node.Value, node.Style = yaml.ScalarNode, "!!str", text, yaml.DoubleQuotedStyle
		return node, nil
	}
	return node, node.Encode(token)
}

// escapeYAML escapes in double-quoted text what YAML calls printable and a
// terminal may obey.
func escapeYAML(text []byte) []byte {
	var out bytes.Buffer
	for _, r := range string(text) {
		if isControl(r) {
			fmt.Fprintf(&out, `\U%08x`, r)
		} else {
			out.WriteRune(r)
		}
	}
	return out.Bytes()
}
