package profile_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/calicoctl/calicoctl/pkg/profile"
	"github.com/calicoctl/calicoctl/pkg/rules"
)

// nasty holds all that a program which decodes into Go structs and encodes
// again would lose or rewrite.
const nasty = "\n{ \"zeta\" : [1, 2.50, 1E+2] ,\t\"apiVersion\":\"projectcalico.org\\/v3\",\n" +
	`  "Spec" : { "unknown": {"b":1,"a":{"<&>":"\u003c\u0026\u003e"}} ,
    "EGRESS" : [ { "Action":"Allow" } , {"action" : "Deny", "destination": {"nets":["10.0.0.0/8" ]}, "x": -0.0e-7 } ],
    "labelsToApply" : { "nasty" : "", "stage" : "\u0070roduction", "web":"",
      "a.b\/c":"" , "last" : "" },
    "ingress" : [
      {"source":{"selector":"has(web)","future":null},"action":"Allow"},
      { "action" : "Allow", "protocol" : "TCP", "destination" : { "ports" : [ 80, "1000:2000" ] } },
      {"action":"Deny","metadata":{"annotations":{"k":"\u00e9\ud83d\ude00"}}}
    ], "big" : 123456789012345678901234567890.1234567890, "tail":"é" },
  "metadata" : { "uid":"x", "name":"nasty" , "annotations":{"note":"a\tb \u2028","Z.io/y":"1"},"labels":{"team":"db"},"managedFields":[{},[]] },
  "Kind" : "Profile" , "status":{"n":18446744073709551616}
}` + "  \n"

// documents returns the facts of the vectors and the nasty one, by profile.
func documents(t testing.TB) map[string]string {
	t.Helper()
	content, err := os.ReadFile("../../testdata/vectors/profiles-v3.json")
	if err != nil {
		t.Fatal(err)
	}
	var facts []struct{ Profile, Value string }
	if err := json.Unmarshal(content, &facts); err != nil {
		t.Fatal(err)
	}
	found := map[string]string{"nasty": nasty}
	for _, f := range facts {
		if f.Profile != "" {
			found[f.Profile] = f.Value
		}
	}
	if len(found) != 4 {
		t.Fatalf("%d documents, want 4", len(found))
	}
	return found
}

// span finds a value in a document by means of encoding/json alone, so that the
// code under test is not its own judge. Keys are compared as Felix does.
func span(document []byte, path ...string) (from, to int, found bool) {
	dec := json.NewDecoder(bytes.NewReader(document))
	if opening, err := dec.Token(); err != nil || opening != json.Delim('{') {
		return 0, 0, false
	}
	for dec.More() {
		name, _ := dec.Token()
		var raw json.RawMessage
		if err := dec.Decode(&raw); err != nil {
			return 0, 0, false
		}
		if !strings.EqualFold(name.(string), path[0]) {
			continue
		}
		to = int(dec.InputOffset())
		from = to - len(raw)
		if len(path) == 1 {
			return from, to, true
		}
		a, b, found := span(raw, path[1:]...)
		return from + a, from + b, found
	}
	return 0, 0, false
}

// around returns what stands before a value, the value, and what stands behind.
func around(document []byte, path ...string) (before, value, after string) {
	from, to, found := span(document, path...)
	if !found {
		return string(document), "", ""
	}
	return string(document[:from]), string(document[from:to]), string(document[to:])
}

func elements(t testing.TB, array string) []string {
	t.Helper()
	var list []json.RawMessage
	if err := json.Unmarshal([]byte(array), &list); err != nil {
		t.Fatalf("%s: %v", array, err)
	}
	out := make([]string, len(list))
	for i, raw := range list {
		out[i] = string(raw)
	}
	return out
}

// members returns the keys and values of an object in their order, as written.
func members(t testing.TB, object string) []string {
	t.Helper()
	dec := json.NewDecoder(strings.NewReader(object))
	_, _ = dec.Token()
	var list []string
	for dec.More() {
		name, _ := dec.Token()
		var raw json.RawMessage
		if err := dec.Decode(&raw); err != nil {
			t.Fatalf("%s: %v", object, err)
		}
		list = append(list, fmt.Sprintf("%s=%s", name, raw))
	}
	return list
}

// errNothingInWords says that a list has no rule that can be said in words.
var errNothingInWords = errors.New("no rule in words")

const addition = `deny tcp from tag guests to ports 22`

// A listEdit changes one list; want says what becomes of its elements.
type listEdit struct {
	name   string
	change func(t *testing.T, p *profile.Profile, d rules.Direction) error
	want   func(list []string, added string) []string
}

func listEdits() []listEdit {
	return []listEdit{{
		"append",
		func(t *testing.T, p *profile.Profile, d rules.Direction) error {
			return profile.AppendRule(p, d, rule(t, addition))
		},
		func(list []string, added string) []string { return append(list, added) },
	}, {
		"insert",
		func(t *testing.T, p *profile.Profile, d rules.Direction) error {
			return (&profile.Insertion{Direction: d, At: 1}).Apply(p, rule(t, addition))
		},
		func(list []string, added string) []string { return slices.Insert(list, 0, added) },
	}, {
		"remove the last",
		func(_ *testing.T, p *profile.Profile, d rules.Direction) error {
			return (&profile.Removal{Direction: d, At: len(*p.Rules(d))}).Apply(p)
		},
		func(list []string, _ string) []string { return list[:len(list)-1] },
	}, {
		"remove by words",
		func(t *testing.T, p *profile.Profile, d rules.Direction) error {
			for _, r := range *p.Rules(d) {
				if r.Rule.Unsupported == "" {
					if n := profile.RemoveRule(p, d, r.Rule); n != 1 {
						t.Errorf("%d rules removed", n)
					}
					return nil
				}
			}
			return errNothingInWords
		},
		nil,
	}}
}

func TestListEditKeepsAllOtherBytes(t *testing.T) {
	t.Parallel()
	fields := map[rules.Direction]string{rules.Inbound: "ingress", rules.Outbound: "egress"}
	for name, document := range documents(t) {
		for _, edit := range listEdits() {
			for direction, field := range fields {
				id := strings.ReplaceAll(name+" "+edit.name+" "+field, " ", "-")
				now, err := edited(t, "web", document, func(p *profile.Profile) error { return edit.change(t, p, direction) })
				if errors.Is(err, errNothingInWords) {
					continue
				}
				must(t, err)
				wantListChange(t, id, document, now, field, edit)
			}
		}
	}
}

func wantListChange(t *testing.T, id, was, now, field string, edit listEdit) {
	t.Helper()
	before, value, after := around([]byte(was), "spec", field)
	nowBefore, nowValue, nowAfter := around([]byte(now), "spec", field)
	if before != nowBefore || after != nowAfter {
		t.Errorf("%s: bytes outside of %s changed:\n%s", id, field, cmp.Diff(was, now))
	}
	list := elements(t, value)
	want := slices.DeleteFunc(slices.Clone(list), func(r string) bool { return !slices.Contains(elements(t, nowValue), r) })
	if edit.want != nil {
		want = edit.want(list, ruleJSON(t, addition))
	} else if len(want) != len(list)-1 {
		t.Errorf("%s: %d of %d rules are left", id, len(want), len(list))
	}
	if diff := cmp.Diff(want, elements(t, nowValue)); diff != "" {
		t.Errorf("%s: rules (-want +got):\n%s", id, diff)
	}
}

func TestLabelEditKeepsAllOtherBytes(t *testing.T) {
	t.Parallel()
	for name, document := range documents(t) {
		before, value, after := around([]byte(document), "spec", "labelsToApply")
		for i := range members(t, value) {
			id := fmt.Sprintf("%s-without-%d", name, i)
			now, err := edited(t, "web", document, func(p *profile.Profile) error {
				p.Labels = slices.Delete(slices.Clone(p.Labels), i, i+1)
				return nil
			})
			must(t, err)
			nowBefore, nowValue, nowAfter := around([]byte(now), "spec", "labelsToApply")
			if before != nowBefore || after != nowAfter {
				t.Errorf("%s: other bytes changed: %s", id, cmp.Diff(document, now))
			}
			want := slices.Delete(members(t, value), i, i+1)
			if diff := cmp.Diff(want, members(t, nowValue)); diff != "" && len(want)+len(members(t, nowValue)) > 0 {
				t.Errorf("%s (-want +got):\n%s", id, diff)
			}
		}
		id := name + "-with"
		now, err := edited(t, "web", document, func(p *profile.Profile) error {
			p.Labels = append(p.Labels, profile.Label{Name: "new"}, profile.Label{Name: "tier", Value: "front"})
			return nil
		})
		must(t, err)
		want := append(members(t, value), `new=""`, `tier="front"`)
		if value == "" {
			continue // see TestAbsentPartsAreAdded
		}
		nowBefore, nowValue, nowAfter := around([]byte(now), "spec", "labelsToApply")
		if diff := cmp.Diff(want, members(t, nowValue)); diff != "" || before != nowBefore || after != nowAfter {
			t.Errorf("%s (-want +got):\n%s", id, diff)
		}
	}
}

// What is written is pinned to the byte.
func TestExactBytes(t *testing.T) {
	t.Parallel()
	label := func(labels ...profile.Label) func(*profile.Profile) error {
		return func(p *profile.Profile) error { p.Labels = labels; return nil }
	}
	tests := []struct {
		name, was, now string
		change         func(*profile.Profile) error
	}{{
		"no spec", `{"kind":"Profile","apiVersion":"projectcalico.org/v3"}`,
		`{"kind":"Profile","apiVersion":"projectcalico.org/v3","spec":{"ingress":[{"action":"Allow"}]}}`,
		appending(t, "allow"),
	}, {
		"null spec", `{"spec":null,"kind":"Profile","apiVersion":"projectcalico.org/v3"}`,
		`{"spec":{"ingress":[{"action":"Allow"}]},"kind":"Profile","apiVersion":"projectcalico.org/v3"}`,
		appending(t, "allow"),
	}, {
		"null list", `{"kind":"Profile","apiVersion":"projectcalico.org/v3","spec":{"x":1,"ingress":null}}`,
		`{"kind":"Profile","apiVersion":"projectcalico.org/v3","spec":{"x":1,"ingress":[{"action":"Allow"}]}}`,
		appending(t, "allow"),
	}, {
		"white space", "{ \"kind\" : \"Profile\", \"apiVersion\":\"projectcalico.org/v3\", \"spec\": { } \n}\n",
		"{ \"kind\" : \"Profile\", \"apiVersion\":\"projectcalico.org/v3\", \"spec\": {\"ingress\":[{\"action\":\"Allow\"}] } \n}\n",
		appending(t, "allow"),
	}, {
		"no labels", `{"kind":"Profile","apiVersion":"projectcalico.org/v3","spec":{}}`,
		`{"kind":"Profile","apiVersion":"projectcalico.org/v3","spec":{"labelsToApply":{"a":"","b":"c"}}}`,
		label(profile.Label{Name: "a"}, profile.Label{Name: "b", Value: "c"}),
	}, {
		"labels without spec", `{"kind":"Profile","apiVersion":"projectcalico.org/v3"}`,
		`{"kind":"Profile","apiVersion":"projectcalico.org/v3","spec":{"labelsToApply":{"a":""}}}`,
		label(profile.Label{Name: "a"}),
	}, {
		"null labels", `{"kind":"Profile","apiVersion":"projectcalico.org/v3","spec":{"labelsToApply":null}}`,
		`{"kind":"Profile","apiVersion":"projectcalico.org/v3","spec":{"labelsToApply":{"a":""}}}`,
		label(profile.Label{Name: "a"}),
	}, {
		"last label", `{"kind":"Profile","apiVersion":"projectcalico.org/v3","spec":{"labelsToApply":{ "a" : "" }}}`,
		`{"kind":"Profile","apiVersion":"projectcalico.org/v3","spec":{"labelsToApply":{  }}}`,
		label(),
	}, {
		"label's value", `{"kind":"Profile","apiVersion":"projectcalico.org/v3","spec":{"labelsToApply":{"a" : "x" , "b":"y"}}}`,
		`{"kind":"Profile","apiVersion":"projectcalico.org/v3","spec":{"labelsToApply":{"a" : "z" , "b":"y"}}}`,
		label(profile.Label{Name: "a", Value: "z"}, profile.Label{Name: "b", Value: "y"}),
	}, {
		"escaped keys", `{"\u006bind":"Profile","apiVersion":"projectcalico.org/v3","sp\u0065c":{"ingress":[ ],"labelsToApply":{"\u0061":""}}}`,
		`{"\u006bind":"Profile","apiVersion":"projectcalico.org/v3","sp\u0065c":{"ingress":[{"action":"Allow"}],"labelsToApply":{"\u0061":""}}}`,
		appending(t, "allow"),
	}}
	for _, test := range tests {
		if got, err := edited(t, "web", test.was, test.change); err != nil || got != test.now {
			t.Errorf("%s: %v\n%q\nwant\n%q", test.name, err, got, test.now)
		}
	}
}

// Both lists and the labels change at once, and all else stays.
func TestEverythingChanges(t *testing.T) {
	t.Parallel()
	now, err := edited(t, "nasty", nasty, func(p *profile.Profile) error {
		p.Inbound, p.Outbound, p.Labels = nil, p.Outbound[:1], p.Labels[:1]
		return nil
	})
	must(t, err)
	want := nasty
	for _, field := range []string{"ingress", "egress", "labelsToApply"} {
		before, _, after := around([]byte(want), "spec", field)
		want = before + map[string]string{
			"ingress": `[]`, "egress": `[{ "Action":"Allow" }]`, "labelsToApply": `{ "nasty" : "" }`,
		}[field] + after
	}
	if now != want {
		t.Errorf("%s\nwant\n%s", now, want)
	}
}

func TestNoChange(t *testing.T) {
	t.Parallel()
	for name, document := range documents(t) {
		p := decode(t, name, document)
		must(t, profile.AppendRule(p, rules.Inbound, rule(t, addition)))
		must(t, (&profile.Removal{Direction: rules.Inbound, At: len(p.Inbound)}).Apply(p))
		if n := profile.RemoveRule(p, rules.Outbound, rule(t, addition)); n != 0 || p.Changed() {
			t.Errorf("%s: %d rules removed, changed %v", name, n, p.Changed())
		}
	}
}
