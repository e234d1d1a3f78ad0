package store_test

import (
	"encoding/json"
	"slices"
	"testing"

	"github.com/calicoctl/calicoctl/pkg/rules"
	"github.com/calicoctl/calicoctl/pkg/store"
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
		f.Add([]byte(document), byte(4))
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
		p, err := store.DecodeProfile("web", 1, slices.Clone(document))
		if err != nil {
			if err.Error() == "" || p != nil {
				t.Fatalf("profile %v, error %q", p, err)
			}
			return
		}
		_ = p.Trouble()
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

func wantUnchanged(t *testing.T, p *store.Profile, document []byte) {
	t.Helper()
	if now, err := p.MarshalJSON(); err != nil || string(now) != string(document) {
		t.Fatalf("without an edit: %v\n%q\nwas\n%q", err, now, document)
	}
}

// fuzzEdits is the number of edits that fuzzEdit knows.
const fuzzEdits = 10

// fuzzEdit changes one part and returns its field in spec.
func fuzzEdit(t *testing.T, p *store.Profile, op byte) (field string) {
	t.Helper()
	r := rule(t, addition)
	direction := rules.Direction(rules.Inbound)
	field = "ingress"
	if op >= 128 {
		direction, field = rules.Outbound, "egress"
	}
	list := p.Rules(direction)
	switch op % fuzzEdits {
	case 0:
		_ = store.AppendRule(p, direction, r)
	case 1:
		_ = (&store.Insertion{Direction: direction, At: len(*list)/2 + 1}).Apply(p, r)
	case 2:
		_ = (&store.Removal{Direction: direction, At: len(*list)/2 + 1}).Apply(p)
	case 3:
		if len(*list) > 0 {
			store.RemoveRule(p, direction, (*list)[0].Rule)
		}
	case 4:
		if !slices.ContainsFunc(p.Labels, func(l store.Label) bool { return l.Name == "new" }) {
			p.Labels = append(p.Labels, store.Label{Name: "new"})
		}
		return "labelsToApply"
	case 5:
		if len(p.Labels) > 0 {
			i := len(p.Labels) / 2
			p.Labels = slices.Delete(slices.Clone(p.Labels), i, i+1)
		}
		return "labelsToApply"
	case 6: // what was in words stays as it is stored, in another order
		var now []rules.Rule
		for _, stored := range slices.Backward(*list) {
			if stored.Rule.Beyond == "" {
				now = append(now, stored.Rule)
			}
		}
		old := slices.Clone(*list)
		if err := store.SetRules(p, direction, append(now, r)); err != nil {
			t.Fatal(err)
		}
		for _, stored := range (*list)[:len(now)] {
			if !slices.ContainsFunc(old, func(o rules.Stored) bool { return string(o.JSON) == string(stored.JSON) }) {
				t.Fatalf("a rule was written anew: %s", stored.JSON)
			}
		}
	case 7:
		_ = (&store.Move{Direction: direction, From: 1, To: max(1, len(*list))}).Apply(p)
	case 8:
		_, _ = store.AddTag(p, "new")
		return "labelsToApply"
	case 9:
		if tags := p.Tags(); len(tags) > 0 && !store.RemoveTag(p, tags[0]) {
			t.Fatalf("the tag %s cannot be removed", tags[0])
		}
		return "labelsToApply"
	}
	return field
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
func wantReadBack(t *testing.T, p *store.Profile, document []byte) {
	t.Helper()
	again, err := store.DecodeProfile("web", 2, document)
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
