// Package rawjson takes JSON text apart and puts it together again without
// touching a byte of what is not being changed.
//
// encoding/json forgets the order of keys, the way a number or an escape was
// written, and keys that occur twice. A document that other programs own must
// not be rewritten that way, so this package hands out the pieces as they
// stand: a value is a slice of the original text.
//
// Every function expects text that Valid accepts; the results are sub-slices
// of the input and must not be modified.
package rawjson

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
)

// A Member is one "key": value pair of an object, in the order of the text.
type Member struct {
	Key   string // the key, unescaped
	Value []byte // the value as written, without the white space around it

	start int // where the key's opening quote stands in the object
}

// maxDepth is how deep a value that Valid accepts is nested at most.
const maxDepth = 10_000

// Valid reports whether text is one JSON value, nested at most 10,000 deep.
func Valid(text []byte) bool { return json.Valid(text) }

// Check returns an error that says in a few words why text is not [Valid].
func Check(text []byte) error {
	switch {
	case Valid(text):
		return nil
	case depth(text) > maxDepth:
		return errors.New("it is nested more than 10,000 deep")
	}
	return errors.New("it is not JSON")
}

// depth returns how deep a text is nested, which need not be JSON.
func depth(text []byte) (deepest int) {
	now, quoted := 0, false
	for i := 0; i < len(text); i++ {
		switch c := text[i]; {
		case quoted && c == '\\':
			i++
		case c == '"':
			quoted = !quoted
		case quoted:
		case c == '{' || c == '[':
			now++
			deepest = max(deepest, now)
		case c == '}' || c == ']':
			now--
		}
	}
	return deepest
}

// Object returns the members of a JSON object in their order, repeated keys
// included. A null is an object without members. The error says what stands
// there instead of an object.
func Object(text []byte) ([]Member, error) {
	i := skipSpace(text, 0)
	if kind := Kind(text[i:]); kind == "null" {
		return nil, nil
	} else if kind != "object" {
		return nil, fmt.Errorf("expected an object, got %s", article(kind))
	}
	var members []Member
	for i = skipSpace(text, i+1); text[i] != '}'; {
		start := i
		i = skipValue(text, i)
		key := unquote(text[start:i])
		i = skipSpace(text, skipSpace(text, i)+1) // the colon
		end := skipValue(text, i)
		members = append(members, Member{Key: key, Value: text[i:end], start: start})
		i = skipComma(text, end)
	}
	return members, nil
}

// Array returns the elements of a JSON array as written. A null is an array
// without elements. The error says what stands there instead of an array.
func Array(text []byte) ([][]byte, error) {
	i := skipSpace(text, 0)
	if kind := Kind(text[i:]); kind == "null" {
		return nil, nil
	} else if kind != "array" {
		return nil, fmt.Errorf("expected an array, got %s", article(kind))
	}
	var elements [][]byte
	for i = skipSpace(text, i+1); text[i] != ']'; {
		end := skipValue(text, i)
		elements = append(elements, text[i:end])
		i = skipComma(text, end)
	}
	return elements, nil
}

// Kind names what a value is: "object", "array", "string", "number",
// "boolean", "null", or "nothing" for empty text.
func Kind(text []byte) string {
	i := skipSpace(text, 0)
	if i == len(text) {
		return "nothing"
	}
	switch text[i] {
	case '{':
		return "object"
	case '[':
		return "array"
	case '"':
		return "string"
	case 't', 'f':
		return "boolean"
	case 'n':
		return "null"
	}
	return "number"
}

// Repeated returns the first key that occurs twice among members. For the
// fields of a Go program, which reads them without regard to case, compare
// with Fold; for the keys of a map with Exact.
func Repeated(members []Member, compare func(key string) string) (key string, found bool) {
	seen := make(map[string]bool, len(members))
	for _, m := range members {
		if seen[compare(m.Key)] {
			return m.Key, true
		}
		seen[compare(m.Key)] = true
	}
	return "", false
}

// Fold returns what two keys have in common that Go's encoding/json takes for
// the same field.
func Fold(key string) string {
	// Upper case first: it brings ſ and the Kelvin sign to S and K, too.
	return strings.ToLower(strings.ToUpper(key))
}

// Text returns the content of a JSON string, and nothing for any other value.
// What is not UTF-8 becomes U+FFFD, as encoding/json has it.
func Text(value []byte) string {
	if i := skipSpace(value, 0); Kind(value) == "string" {
		return unquote(value[i:skipString(value, i)])
	}
	return ""
}

// Exact returns key.
func Exact(key string) string { return key }

// Get returns the value of a field, its name compared without regard to case;
// nil when absent.
func Get(members []Member, field string) []byte {
	for _, m := range members {
		if strings.EqualFold(m.Key, field) {
			return m.Value
		}
	}
	return nil
}

// Spelling returns a field's name as the object spells it, or field when it is
// absent.
func Spelling(members []Member, field string) string {
	for _, m := range members {
		if strings.EqualFold(m.Key, field) {
			return m.Key
		}
	}
	return field
}

func article(kind string) string {
	switch kind {
	case "null", "nothing":
		return kind
	case "object", "array":
		return "an " + kind
	}
	return "a " + kind
}

// unquote decodes a JSON string; text without escapes is taken as it is.
func unquote(quoted []byte) string {
	for _, c := range quoted {
		if c == '\\' || c >= 0x80 {
			var s string
			// Valid text always decodes; invalid UTF-8 becomes U+FFFD.
			_ = json.Unmarshal(quoted, &s)
			return s
		}
	}
	return string(quoted[1 : len(quoted)-1])
}

func skipSpace(text []byte, i int) int {
	for i < len(text) && (text[i] == ' ' || text[i] == '\n' || text[i] == '\t' || text[i] == '\r') {
		i++
	}
	return i
}

func skipComma(text []byte, i int) int {
	i = skipSpace(text, i)
	if text[i] == ',' {
		i = skipSpace(text, i+1)
	}
	return i
}

// skipValue returns the index after the value that begins at i.
func skipValue(text []byte, i int) int {
	switch text[i] {
	case '"':
		return skipString(text, i)
	case '{', '[':
		return skipNested(text, i)
	}
	for i < len(text) && !strings.ContainsRune(",]} \n\t\r:", rune(text[i])) {
		i++
	}
	return i
}

func skipString(text []byte, i int) int {
	for i++; text[i] != '"'; i++ {
		if text[i] == '\\' {
			i++
		}
	}
	return i + 1
}

func skipNested(text []byte, i int) int {
	for depth := 0; ; i++ {
		switch text[i] {
		case '"':
			i = skipString(text, i) - 1
		case '{', '[':
			depth++
		case '}', ']':
			if depth--; depth == 0 {
				return i + 1
			}
		}
	}
}
