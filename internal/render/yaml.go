package render

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"

	"go.yaml.in/yaml/v3"

	"github.com/calicoctl/calicoctl/internal/rawjson"
	"github.com/calicoctl/calicoctl/pkg/rules"
)

// YAML returns what JSON does, in YAML and in the same order.
func YAML(value any) ([]byte, error) {
	content, err := json.Marshal(value)
	if err != nil {
		return nil, err
	}
	y := &yamlWriter{}
	if members, none := rawjson.Object(content); none == nil && len(members) > 0 {
		for _, m := range members {
			y.member(m)
		}
	} else {
		y.list(content, "")
	}
	return y.out.Bytes(), y.err
}

// A yamlWriter writes a value in pieces, of a list one item at a time: the library
// needs a hundred times the memory of what it writes.
type yamlWriter struct {
	out bytes.Buffer
	err error // the first
}

// member writes a member of an object that is not inside of anything.
func (y *yamlWriter) member(m rawjson.Member) {
	elements, notList := rawjson.Array(m.Value)
	if notList == nil && len(elements) > 0 && rules.IsName(m.Key) && !mayNeedQuotes(m.Key) {
		y.out.WriteString(m.Key + ":\n")
		y.list(m.Value, "  ")
		return
	}
	object, err := rawjson.Set(nil, m.Key, m.Value)
	if y.err == nil {
		y.err = err
	}
	y.piece(object, "")
}

// list writes a list, or any other value as a whole.
func (y *yamlWriter) list(value []byte, indent string) {
	elements, notList := rawjson.Array(value)
	if notList != nil || len(elements) == 0 {
		y.piece(value, indent)
		return
	}
	for _, element := range elements {
		y.piece(rawjson.Join([][]byte{element}), indent)
	}
}

func (y *yamlWriter) piece(value []byte, indent string) {
	if y.err != nil {
		return
	}
	var text []byte
	if text, y.err = encodePiece(value); indent == "" {
		y.out.Write(text)
		return
	}
	for line := range bytes.Lines(text) {
		if len(line) > 1 {
			y.out.WriteString(indent)
		}
		y.out.Write(line)
	}
}

// encodePiece returns JSON as YAML.
func encodePiece(content []byte) ([]byte, error) {
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
	number, isNumber := token.(json.Number)
	switch {
	case isNumber:
		node.Kind, node.Tag, node.Value = yaml.ScalarNode, "!!int", number.String()
	case isText && strings.ContainsFunc(text, isControl):
		node.Kind, node.Tag, node.Value, node.Style = yaml.ScalarNode, "!!str", text, yaml.DoubleQuotedStyle
	case isText && !mayNeedQuotes(text):
		node.Kind, node.Tag, node.Value = yaml.ScalarNode, "!!str", text
	default:
		return node, node.Encode(token)
	}
	return node, nil
}

// mayNeedQuotes reports whether a text can be one that YAML 1.1 takes for
// something else, such as "on" and "20:30", beside what every YAML does. The
// library knows exactly, but to ask it takes ten times as long as all else.
func mayNeedQuotes(text string) bool {
	switch strings.ToLower(text) {
	case "y", "n", "yes", "no", "on", "off":
		return true
	}
	return strings.Contains(text, ":") && strings.ContainsRune("+-0123456789", rune(text[0]))
}

// escapeYAML escapes in double-quoted text what YAML calls printable and a
// terminal may obey.
func escapeYAML(text []byte) []byte {
	if !bytes.ContainsFunc(text, isControl) {
		return text
	}
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
