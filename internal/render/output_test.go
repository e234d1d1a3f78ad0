package render

import (
	"encoding/json"
	"strings"
	"testing"

	"go.yaml.in/yaml/v3"
)

// Whatever text comes from etcd or Docker, JSON and YAML give it back, and
// nothing that a terminal might obey is printed.
func TestOutputIsSafe(t *testing.T) {
	t.Parallel()
	for _, text := range []string{
		"plain words, 80,443", "on", "yes", "22:30", "1000:2000", "0x1f", "1e3", "null", "~", "", " x ", "- a", "a: b", "#c", "'q'", `"q"`, `b\\s`,
		"\x1b[31mred", "\x07", "tab\t", "line\nbreak", "\u009b31m", "\u202egnp", "zero\u200bwidth", "\u3164", "x\ufe0f", "a\u034fb", "\u2800", "\u00a0", "\U000e0001", "日本", "\x7f",
	} {
		value := map[string]string{"text": text}
		for name, format := range map[string]struct {
			encode func(any) ([]byte, error)
			decode func([]byte, any) error
		}{"JSON": {JSON, json.Unmarshal}, "YAML": {YAML, yaml.Unmarshal}} {
			encoded, err := format.encode(value)
			if err != nil || strings.ContainsFunc(string(encoded), isControl) {
				t.Errorf("%s of %q: %q, %v", name, text, encoded, err)
				continue
			}
			var back map[string]string
			if err := format.decode(encoded, &back); err != nil || back["text"] != text {
				t.Errorf("%s of %q is read as %q, %v: %s", name, text, back["text"], err, encoded)
			}
		}
	}
	encoded, err := YAML(map[string]any{"a": []string{"22:30", "on"}, "number": 9007199254740993})
	if want := "a:\n  - \"22:30\"\n  - \"on\"\nnumber: 9007199254740993\n"; string(encoded) != want || err != nil {
		t.Errorf("%s, %v, want %s", encoded, err, want)
	}
}

// YAML that is written in pieces is what the library writes of the whole.
func TestYAMLInPieces(t *testing.T) {
	t.Parallel()
	type object struct {
		Name string   `json:"name"`
		List []string `json:"list"`
		On   []any    `json:"on"`
	}
	list := []string{"plain", "on", "20:30", "two\nlines", "\n\n x\n\n", " ", "\x1b", "- a", "{}"}
	for _, value := range []any{
		nil, 1, "text", "",
		[]any{},
		map[string]any{},
		list,
		[]any{list, []any{}, nil, 1, []any{[]any{}}},
		object{},
		object{Name: "a: b", List: []string{}},
		object{List: list, On: []any{list, object{List: list}, map[string]any{"a": list}}},
	} {
		content, err := json.Marshal(value)
		if err != nil {
			t.Fatal(err)
		}
		whole, err := encodePiece(content)
		pieces, err2 := YAML(value)
		if err != nil || err2 != nil || string(whole) != string(pieces) {
			t.Errorf("%s is\n%s, %v, and in pieces\n%s, %v", content, whole, err, pieces, err2)
		}
	}
}
