package rules_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/calicoctl/calicoctl/internal/printable"
	"github.com/calicoctl/calicoctl/pkg/rules"
)

func TestOriginV1(t *testing.T) {
	t.Parallel()
	for _, origin := range []rules.Origin{
		{Profile: "web", ID: "web", Revision: 7},
		{Profile: "web", ID: strings.Repeat("ab", 32), ClusterGUID: "a1b2", Revision: 1 << 62},
		{Profile: "\x1b[31m\"", ID: "\u202e", ClusterGUID: "\n", Revision: 1},
	} {
		document, err := rules.FormatDocumentV1(nil, nil, &origin)
		if err != nil {
			t.Fatal(err)
		}
		if _, _, err := rules.ParseDocumentV1(document); err != nil {
			t.Errorf("%s: %v", document, err)
		}
		if got, err := rules.ParseOriginV1(document); err != nil || got == nil || *got != origin {
			t.Errorf("%s is read as %v, %v", document, got, err)
		}
		// What calicoctl 0.x reads: the two lists at the top.
		var old map[string]json.RawMessage
		if err := json.Unmarshal(document, &old); err != nil || string(old["inbound_rules"]) != "[]" || string(old["outbound_rules"]) != "[]" {
			t.Errorf("%s: %v", document, err)
		}
	}
	without, err := rules.FormatDocumentV1(nil, nil, nil)
	if err != nil || strings.Contains(string(without), "calicoctl") {
		t.Errorf("%s, %v", without, err)
	}
}

func TestParseOriginV1(t *testing.T) {
	t.Parallel()
	const incomplete = "calicoctl: expected an id and a revision, as rule json writes them; without the key the document replaces all rules"
	for origin, want := range map[string]string{
		`null`:                         "",
		`7`:                            "calicoctl: expected an object, as rule json writes it",
		`[]`:                           "calicoctl: expected an object, as rule json writes it",
		`{}`:                           incomplete,
		`{"id":"web"}`:                 incomplete,
		`{"revision":7}`:               incomplete,
		`{"id":"web","revision":"7"}`:  incomplete,
		`{"id":"web","revision":0}`:    incomplete,
		`{"id":"web","revision":-1}`:   incomplete,
		`{"id":"web","revision":1.5}`:  incomplete,
		`{"id":"web","revision":1e99}`: incomplete,
		`{"id":7,"revision":7}`:        incomplete,
		`{"id":"web","revision":7,"clusterGUID":1}`: incomplete,
		`{"id":"web","revision":7,"revision":8}`:    "calicoctl.revision: the key stands twice",
		`{"id":"web","ID":"other","revision":8}`:    "calicoctl.ID: the key stands twice",
		`{"id":"web","revision":7,"later":true}`:    "",
	} {
		got, err := rules.ParseOriginV1([]byte(`{"inbound_rules":[],"outbound_rules":[],"calicoctl":` + origin + `}`))
		text := ""
		if err != nil {
			text = err.Error()
		}
		if text != want {
			t.Errorf("%s: %q, want %q", origin, text, want)
		}
		if want == "" && origin != "null" && (got == nil || got.ID != "web" || got.Revision != 7) {
			t.Errorf("%s is %v", origin, got)
		}
	}
}

// FuzzOriginV1 proves that an origin survives a document, and that no error is one
// that a terminal would obey.
func FuzzOriginV1(f *testing.F) {
	f.Add([]byte(`{"inbound_rules":[],"outbound_rules":[],"calicoctl":{"profile":"web","id":"web","clusterGUID":"a","revision":7}}`))
	f.Add([]byte(`{"inbound_rules":[],"outbound_rules":[],"calicoctl":{"id":"web","revision":7,"ID":"x"}}`))
	f.Fuzz(func(t *testing.T, document []byte) {
		inbound, outbound, err := rules.ParseDocumentV1(document)
		if err != nil {
			return
		}
		origin, err := rules.ParseOriginV1(document)
		if err != nil {
			if err.Error() != printable.Text(err.Error()) {
				t.Fatalf("not printable: %q", err)
			}
			return
		}
		text, err := rules.FormatDocumentV1(inbound, outbound, origin)
		if err != nil {
			t.Fatal(err)
		}
		again, err := rules.ParseOriginV1(text)
		if err != nil || (origin == nil) != (again == nil) || origin != nil && *again != *origin {
			t.Fatalf("%v becomes %s, %v, %v", origin, text, again, err)
		}
	})
}
