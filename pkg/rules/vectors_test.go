package rules_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/calicoctl/calicoctl/internal/rawjson"
	"github.com/calicoctl/calicoctl/pkg/rules"
)

// ruleVector is a fact taken from the tool that scripts were written for.
type ruleVector struct {
	Words     []string
	Rule      json.RawMessage
	Text      string
	CodecOnly string `json:"codec_only"` // why it is refused as a new rule
}

func readVectors[T any](t testing.TB, name string) []T {
	t.Helper()
	data, err := os.ReadFile(filepath.Join("..", "..", "testdata", "vectors", name))
	if err != nil {
		t.Fatal(err)
	}
	var vectors []T
	if err := json.Unmarshal(data, &vectors); err != nil {
		t.Fatal(err)
	}
	return vectors
}

func TestRulesOfOld(t *testing.T) {
	t.Parallel()
	vectors := readVectors[ruleVector](t, "rules-v1.json")
	if len(vectors) != 120 {
		t.Fatalf("%d vectors, want 120", len(vectors))
	}
	for _, v := range vectors {
		mode := rules.AsNew
		if v.CodecOnly != "" {
			if _, err := rules.ParseWords(v.Words, rules.AsNew); err == nil {
				t.Errorf("%s: accepted as a new rule; %s", v.Text, v.CodecOnly)
			}
			mode = rules.AsStored
		}
		checkVector(t, v, mode)
	}
}

func checkVector(t *testing.T, v ruleVector, mode rules.Mode) {
	t.Helper()
	parsed, err := rules.ParseWords(v.Words, mode)
	if err != nil {
		t.Errorf("%s: %v", v.Text, err)
		return
	}
	if got := rules.Format(parsed); got != v.Text {
		t.Errorf("words %q give\n  %s, want\n  %s", v.Words, got, v.Text)
	}
	decoded := rules.DecodeV1(v.Rule)
	if diff := cmp.Diff(parsed, decoded.Rule, compareNets); diff != "" || len(decoded.Problems) > 0 {
		t.Errorf("%s: stored rule differs from the words (-words +stored):\n%s%q", v.Text, diff, decoded.Problems)
	}
	encoded, err := rules.EncodeV1(parsed)
	if err != nil {
		t.Errorf("%s: %v", v.Text, err)
	}
	if diff := cmp.Diff(asAny(t, v.Rule), asAny(t, encoded.JSON)); diff != "" {
		t.Errorf("%s: encoded rule (-want +got):\n%s", v.Text, diff)
	}
	if again := encodeAndDecodeV3(t, parsed); !rules.Equal(again, parsed) {
		t.Errorf("%s: through v3 it becomes %s", v.Text, rules.Format(again))
	}
}

func encodeAndDecodeV3(t *testing.T, r rules.Rule) rules.Rule {
	t.Helper()
	stored, err := rules.EncodeV3(r)
	if err != nil {
		t.Fatal(err)
	}
	return rules.DecodeV3(stored.JSON).Rule
}

func asAny(t *testing.T, raw []byte) (v any) {
	t.Helper()
	if err := json.Unmarshal(raw, &v); err != nil {
		t.Fatal(err)
	}
	return v
}

// profileVector is a document as upstream's calicoctl writes it.
type profileVector struct {
	Profile, Value, Listing string
}

func TestProfilesOfUpstream(t *testing.T) {
	t.Parallel()
	listings := 0
	for _, v := range readVectors[profileVector](t, "profiles-v3.json") {
		if v.Profile == "" {
			continue // a remark
		}
		inbound, outbound := specRules(t, v.Value)
		got := rules.FormatListing(said(inbound), said(outbound))
		if v.Listing != "" {
			listings++
			if diff := cmp.Diff(v.Listing, got); diff != "" {
				t.Errorf("profile %s (-want +got):\n%s", v.Profile, diff)
			}
		}
		for _, s := range append(inbound, outbound...) {
			if len(s.Invalid()) > 0 {
				t.Errorf("profile %s: %s: %q", v.Profile, s.JSON, s.Invalid())
			}
		}
	}
	if listings != 2 {
		t.Errorf("%d listings compared, want 2", listings)
	}
}

func TestBeyondWords(t *testing.T) {
	t.Parallel()
	for _, v := range readVectors[profileVector](t, "profiles-v3.json") {
		if v.Profile != "beyond-words" {
			continue
		}
		inbound, outbound := specRules(t, v.Value)
		want := `Inbound rules:
   1 allow tcp to ports 8080 [from namespaceSelector "environment == 'prod'" serviceAccounts names api,web http GET,PUT /health,/v1/*]
   2 allow from tag ops [metadata annotations owner net-team]
   3 allow tcp [to ports metrics,9100]
Outbound rules:
   1 allow [to services name kube-dns namespace kube-system]
`
		if diff := cmp.Diff(want, rules.FormatListing(said(inbound), said(outbound))); diff != "" {
			t.Errorf("listing (-want +got):\n%s", diff)
		}
		return
	}
	t.Fatal("the vector is missing")
}

func specRules(t *testing.T, document string) (inbound, outbound []rules.Stored) {
	t.Helper()
	top, err := rawjson.Object([]byte(document))
	if err != nil {
		t.Fatal(err)
	}
	spec, err := rawjson.Object(rawjson.Get(top, "spec"))
	if err != nil {
		t.Fatal(err)
	}
	decode := func(key string) (list []rules.Stored) {
		elements, err := rawjson.Array(rawjson.Get(spec, key))
		if err != nil {
			t.Fatal(err)
		}
		for _, e := range elements {
			list = append(list, rules.DecodeV3(e))
		}
		return list
	}
	return decode("ingress"), decode("egress")
}

func said(list []rules.Stored) []rules.Rule {
	out := make([]rules.Rule, len(list))
	for i, s := range list {
		out[i] = s.Rule
	}
	return out
}

type selectorVector struct {
	Selector string
	Valid    bool
	Cases    []struct {
		Labels map[string]string
		Match  bool
	}
}

func TestSelectorsOfUpstream(t *testing.T) {
	t.Parallel()
	vectors := readVectors[selectorVector](t, "selectors.json")
	if len(vectors) != 70 {
		t.Fatalf("%d vectors, want 70", len(vectors))
	}
	for _, v := range vectors {
		s, err := rules.ParseSelector(v.Selector)
		if (err == nil) != v.Valid {
			t.Errorf("%s: valid = %v, want %v (%v)", v.Selector, err == nil, v.Valid, err)
			continue
		}
		if err != nil {
			continue
		}
		printed, err := rules.ParseSelector(s.String())
		if err != nil {
			t.Errorf("%s is printed as %s: %v", v.Selector, s, err)
			continue
		}
		for _, c := range v.Cases {
			if got := s.Matches(c.Labels); got != c.Match {
				t.Errorf("%s on %v: %v, want %v", v.Selector, c.Labels, got, c.Match)
			}
			if got := printed.Matches(c.Labels); got != c.Match {
				t.Errorf("%s, printed as %s, on %v: %v, want %v", v.Selector, s, c.Labels, got, c.Match)
			}
		}
	}
}

// A selector can hold any words; these are the shortest wrong ones and what is
// said of them.
func TestSelectorErrors(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"a":                                     "character 2: expected ==, !=, in, not in, contains, starts with or ends with, got the end",
		"a = 'x'":                               "character 3: expected ==, got a single =",
		"a == b":                                "character 6: expected a string in quotes, got \"b\"",
		"a == 'x":                               "character 6: the string is not closed",
		"has(":                                  "character 1: expected a label in has(...)",
		"has(a":                                 "character 6: expected )",
		"(has(a)":                               "character 8: expected &&, || or ), got the end",
		"has(a))":                               "character 7: expected &&, || or the end, got \")\"",
		"a in 'x'":                              "character 6: expected {, got \"'x'\"",
		"a in {x}":                              "character 7: expected a string in quotes or }, got \"x\"",
		"has(a) &&":                             "character 10: expected has(...), all(), a label, ! or (, got the end",
		"a is 'x'":                              "character 3: expected ==, !=, in, not in, contains, starts with or ends with, got \"is\"",
		"a\x1b == 'x'":                          "character 2: unexpected \"\\x1b\"",
		"a == 'x'\n":                            "character 9: unexpected \"\\x0a\"",
		"has(a) & !all(":                        "character 8: expected &&, got a single &",
		strings.Repeat("(", 2000) + "all()":     "character 1001: parentheses are nested too deeply",
		"has(" + strings.Repeat("l", 513) + ")": "character 1: the label is longer than 512 characters",
	} {
		_, err := rules.ParseSelector(text)
		if err == nil || err.Error() != "selector, "+want {
			t.Errorf("%.40q: %v, want %s", text, err, want)
		}
	}
}
