package torture

import (
	"math/rand/v2"
	"slices"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/calicoctl/calicoctl/pkg/rules"
)

// The model's bytes of a rule are those that its words are stored as.
func TestPhrases(t *testing.T) {
	t.Parallel()
	for _, p := range append(pool(), mark(1), mark(70_000)) {
		r, err := rules.ParseWords(strings.Fields(p.words), rules.AsNew)
		if err != nil {
			t.Fatal(err)
		}
		stored, err := rules.EncodeV3(r)
		if err != nil {
			t.Fatal(err)
		}
		if string(stored.JSON) != p.stored {
			t.Errorf("%s is stored as\n%s, the model says\n%s", p.words, stored.JSON, p.stored)
		}
	}
	if mark(1).stored == mark(257).stored {
		t.Error("two marks are the same")
	}
}

// Everything is chosen, and what is meant to be like no other is.
func TestChoices(t *testing.T) {
	t.Parallel()
	var marks atomic.Int64
	c := chooser{book: NewBook(), random: rand.New(rand.NewPCG(1, 2)), marks: &marks, limit: 3}
	state, err := c.book.Decode([]byte(start("web")))
	if err != nil {
		t.Fatal(err)
	}
	kinds, unique := map[Kind]int{}, map[string]bool{}
	for range 5000 {
		o := c.next(Sight{Revision: 3, Modified: 2, State: state})
		kinds[o.Kind]++
		if o.Unique && o.Kind != Update {
			if unique[o.Rule] {
				t.Fatalf("%s is not unique", o.Rule)
			}
			unique[o.Rule] = true
		}
		if o.Unique && o.Kind == Update && slices.Equal(o.Lists[0], state.Lists[0]) {
			t.Fatalf("%v is not unique", o.Lists)
		}
	}
	for _, w := range weights() {
		if kinds[w.kind] == 0 {
			t.Errorf("%q is never chosen", w.kind)
		}
	}
	if !slices.Equal(state.Tags, []string{"web"}) || len(state.Lists[0]) != 2 || len(state.Lists[1]) != 1 ||
		!strings.Contains(state.Frame, `"stage":"test"`) || !strings.Contains(state.Frame, "x-within") {
		t.Errorf("the start is read as\n%s\n%s", state, state.Frame)
	}
}

// Rules are equal when only the order of their parts differs.
func TestEqualRules(t *testing.T) {
	t.Parallel()
	b := NewBook()
	one := `{"action":"Allow","protocol":"TCP","destination":{"ports":[80,443]}}`
	for other, want := range map[string]bool{
		`{"destination":{"ports":[443, 80]},"protocol":"TCP","action":"Allow"}`: true,
		`{"action":"Allow","protocol":"TCP","destination":{"ports":[80]}}`:      false,
		`{"action":"Deny","protocol":"TCP","destination":{"ports":[80,443]}}`:   false,
		`{"action":"Allow","protocol":"TCP","source":{"ports":[80,443]}}`:       false,
	} {
		if got := b.equal(one, other); got != want {
			t.Errorf("%s equals %s: %v", one, other, got)
		}
	}
}
