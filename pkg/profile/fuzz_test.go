package profile_test

import (
	"encoding/json"
	"slices"
	"testing"

	"github.com/calicoctl/calicoctl/internal/printable"
	"github.com/calicoctl/calicoctl/pkg/profile"
	"github.com/calicoctl/calicoctl/pkg/rules"
)

// FuzzEdit reads any document, edits it as op says, and looks at every byte of
// what would be written.
func FuzzEdit(f *testing.F) {
	for _, document := range documents(f) {
		for op := range byte(fuzzEdits) {
			f.Add([]byte(document), op)
		}
	}
	for _, document := range hostile() {
		f.Add([]byte(document), byte(0))
		f.Add([]byte(document), byte(9))
	}
	for _, document := range []string{
		`{"kind":"Profile","apiVersion":"projectcalico.org/v3"}`,
		`{"kind":"Profile","apiVersion":"projectcalico.org/v3","spec":{"labelsToApply":{"\ud800":"","\udfff":""}}}`,
		`{"kind":"Profile","apiVersion":"projectcalico.org/v3","\u017fpec":{"ingress":null}}`,
		`{"kind":"Profile","apiVersion":"projectcalico.org/v3","spec":{"ingress":[null,1,"a",[],{}],"egress":[{"action":{}}]}}`,
	} {
		for op := range byte(fuzzEdits) {
			f.Add([]byte(document), op)
		}
	}
	f.Fuzz(func(t *testing.T, document []byte, op byte) {
		p, err := profile.Decode("web", 1, slices.Clone(document))
		if err != nil {
			if err.Error() == "" || p != nil {
				t.Fatalf("profile %v, error %q", p, err)
			}
			return
		}
		_ = p.Invalid()
		_ = p.Tags()
		wantUnchanged(t, p, document)
		field := fuzzEdit(t, p, op)
		now, err := p.MarshalJSON()
		if err != nil || !json.Valid(now) {
			t.Fatalf("after an edit: %v, %s", err, now)
		}
		if !slices.Equal(document, p.Document()) {
			t.Fatal("the document that was read has changed")
		}
		wantOnlyChanged(t, string(document), string(now), field)
		wantReadBack(t, p, now)
	})
}

func wantUnchanged(t *testing.T, p *profile.Profile, document []byte) {
	t.Helper()
	if now, err := p.MarshalJSON(); err != nil || string(now) != string(document) {
		t.Fatalf("without an edit: %v\n%q\nwas\n%q", err, now, document)
	}
}

// fuzzEdits is the number of edits that fuzzEdit knows.
const fuzzEdits = 13

// fuzzEdit changes one part and returns its field in spec.
func fuzzEdit(t *testing.T, p *profile.Profile, op byte) (field string) {
	t.Helper()
	r := rule(t, addition)
	direction := rules.Inbound
	field = "ingress"
	if op >= 128 {
		direction, field = rules.Outbound, "egress"
	}
	list := p.Rules(direction)
	middle := len(*list)/2 + 1
	switch op % fuzzEdits {
	case 0:
		_ = profile.AppendRule(p, direction, r)
	case 1:
		_ = (&profile.Insertion{Direction: direction, At: middle}).Apply(p, r)
	case 2:
		_ = (&profile.Removal{Direction: direction, At: middle}).Apply(p)
	case 3:
		if len(*list) > 0 {
			profile.RemoveRule(p, direction, (*list)[0].Rule)
		}
	case 4:
		_ = (&profile.Move{Direction: direction, From: 1, To: max(1, len(*list))}).Apply(p)
	case 5:
		_ = (&profile.Replacement{Direction: direction, At: middle}).Apply(p, r)
	case 6, 7, 8:
		fuzzSetRules(t, p, direction, op%fuzzEdits-6)
	default:
		fuzzLabels(t, p, op%fuzzEdits-9)
		return "labelsToApply"
	}
	return field
}

// fuzzSetRules sets a list to rules that are there: none of them is written anew.
func fuzzSetRules(t *testing.T, p *profile.Profile, d rules.Direction, op byte) {
	t.Helper()
	old := slices.Clone(*p.Rules(d))
	var now []rules.Rule
	switch op {
	case 0: // what is listed and read back changes nothing
		now = listed(t, old)
	case 1: // turned round
		now = listed(t, old)
		slices.Reverse(now)
	case 2: // turned round and without those that have no words, with another one
		for _, stored := range slices.Backward(old) {
			if stored.Rule.Unsupported == "" {
				now = append(now, stored.Rule)
			}
		}
		now = append(now, rule(t, addition))
	}
	if err := profile.SetRules(p, d, now); err != nil {
		t.Fatal(err)
	}
	list := *p.Rules(d)
	if op == 2 {
		list = list[:len(list)-1]
	}
	for _, stored := range list {
		if !slices.ContainsFunc(old, func(o rules.Stored) bool { return string(o.JSON) == string(stored.JSON) }) {
			t.Fatalf("a rule was written anew: %s", stored.JSON)
		}
	}
	if op == 0 && p.Changed() || op == 1 && !sameBytes(old, list) {
		t.Fatalf("the list is now\n%+v\nwas\n%+v", list, old)
	}
}

func fuzzLabels(t *testing.T, p *profile.Profile, op byte) {
	t.Helper()
	switch op {
	case 0:
		if !slices.ContainsFunc(p.Labels, func(l profile.Label) bool { return l.Name == "new" }) {
			p.Labels = append(p.Labels, profile.Label{Name: "new"})
		}
	case 1:
		if len(p.Labels) > 0 {
			i := len(p.Labels) / 2
			p.Labels = slices.Delete(slices.Clone(p.Labels), i, i+1)
		}
	case 2:
		_, _ = profile.AddTag(p, "new")
	case 3:
		if tags := p.Tags(); len(tags) > 0 && !profile.RemoveTag(p, tags[0]) {
			t.Fatalf("the tag %s cannot be removed", tags[0])
		}
	}
}

// listed returns the rules of a list as they are read from a listing.
func listed(t *testing.T, list []rules.Stored) []rules.Rule {
	t.Helper()
	var all []rules.Rule
	for _, s := range list {
		all = append(all, s.Rule)
	}
	now, _, err := rules.ParseListing(rules.FormatListing(all, nil), rules.AsStored)
	if err != nil || len(now) != len(all) {
		t.Fatal(err)
	}
	return now
}

// sameBytes reports whether two lists hold the same rules in whatever order.
func sameBytes(a, b []rules.Stored) bool {
	sorted := func(list []rules.Stored) []string {
		var out []string
		for _, r := range list {
			out = append(out, string(r.JSON))
		}
		slices.Sort(out)
		return out
	}
	return slices.Equal(sorted(a), sorted(b))
}

func wantOnlyChanged(t *testing.T, was, now, field string) {
	t.Helper()
	path := []string{"spec", field}
	if _, _, found := span([]byte(was), path...); !found {
		path = path[:1] // a new field in spec
	}
	if _, _, found := span([]byte(was), path...); !found {
		return // a new spec: its place is pinned by TestExactBytes
	}
	before, _, after := around([]byte(was), path...)
	nowBefore, _, nowAfter := around([]byte(now), path...)
	if before != nowBefore || after != nowAfter {
		t.Fatalf("bytes outside of %v changed:\n%q\n%q", path, was, now)
	}
}

// wantReadBack checks that what is written says what the profile said.
func wantReadBack(t *testing.T, p *profile.Profile, document []byte) {
	t.Helper()
	again, err := profile.Decode("web", 2, document)
	if err != nil {
		t.Fatalf("what was written cannot be read: %v\n%s", err, document)
	}
	same := func(a, b []rules.Stored) bool {
		return slices.EqualFunc(a, b, func(x, y rules.Stored) bool { return string(x.JSON) == string(y.JSON) })
	}
	if !same(p.Inbound, again.Inbound) || !same(p.Outbound, again.Outbound) || !slices.Equal(p.Labels, again.Labels) {
		t.Fatalf("what was written says something else:\n%s\n%+v\n%+v", document, p, again)
	}
}

// FuzzV1 reads any value as each part of a v1 profile, and converts what can be read.
func FuzzV1(f *testing.F) {
	for _, value := range []string{
		`{"inbound_rules":[null,{"action":"\u202e"},{"src_tag":"\u001b","!src_net":"::/999"}],"outbound_rules":[{"icmp_code":1e400}]}`,
		`["a","\u0000",""]`, `{"a":"\u009b","\u202e":""}`, `[]`, `7`, ``,
	} {
		f.Add([]byte(value))
	}
	f.Fuzz(func(t *testing.T, value []byte) {
		for _, part := range []string{"rules", "tags", "labels"} {
			p, _, err := profile.DecodeV1("x", 1, map[string][]byte{part: value})
			if err == nil {
				_, _ = profile.Convert(p, "x")
				_ = p.Invalid()
			} else if err.Error() == "" || err.Error() != printable.Text(err.Error()) {
				t.Errorf("%s: %q", part, err)
			}
		}
	})
}
