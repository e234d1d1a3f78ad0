package store_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/calicoctl/calicoctl/pkg/profile"
	"github.com/calicoctl/calicoctl/pkg/rules"
	"github.com/calicoctl/calicoctl/pkg/store"
)

func replacing(t *testing.T, at int, words string) func(*profile.Profile) error {
	t.Helper()
	m, r := &profile.Replacement{Direction: rules.Inbound, At: at}, rule(t, words)
	return func(p *profile.Profile) error { return m.Apply(p, r) }
}

func TestReplacementAfterLostRace(t *testing.T) {
	t.Parallel()
	runPositionRaces(t, func(t *testing.T, at int) func(*profile.Profile) error {
		return replacing(t, at, letter(t, "new"))
	}, []positionRace{
		{"the other appends", "A B C", 1, "A B C Z", "new B C Z", ""},
		{"the other removes behind", "A B C", 1, "A B", "new B", ""},
		{"the other changes before, not the number", "A B C", 3, "X B C", "X B new", ""},
		{"the other prepends", "A B C", 3, "Z A B C", "", `at position 3 stood "allow from tag C", now "allow from tag B"`},
		{"the other removes before", "A B C D", 3, "B C D", "", `at position 3 stood "allow from tag C", now "allow from tag D"`},
		{"the other removes that very rule", "A B C", 3, "A B", "", `at position 3 stood "allow from tag C", now no rule`},
		{"the other replaces it", "A B", 1, "X B", "", `at position 1 stood "allow from tag A", now "allow from tag X"`},
		{"the other replaces it alike", "A B", 1, "new B", "", `at position 1 stood "allow from tag A", now "allow from tag new"`},
		{"the other removes all", "A", 1, "", "", `at position 1 stood "allow from tag A", now no rule`},
		{"the other removes the first of two equal ones", "A X A", 1, "X A", "", `at position 1 stood "allow from tag A", now "allow from tag X"`},
		{
			"the other adds an equal one", "A B", 2, "A B B", "", `another client added or removed a rule like "allow from tag B" at the same moment, ` +
				"so that inbound position 2 does not say any more which one is meant; nothing was changed, look at the rules again",
		},
	})
}

// Another client has added the very rule elsewhere.
func TestReplacementPresentAfterLostRace(t *testing.T) {
	t.Parallel()
	w, _, err := race(t, "A B", "A B new", editing("web", replacing(t, 1, letter(t, "new"))))
	var present *profile.PresentError
	if !errors.As(err, &present) || present.At != 3 {
		t.Errorf("error %v", err)
	}
	w.wantVersions("web", 2)
}

func TestReplacement(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		at    int
		words string
		want  string // or
		err   string
	}{
		{1, "deny", "deny, allow tcp, allow [http GET]", ""},
		{2, "allow udp", "allow from tag web, allow udp, allow [http GET]", ""},
		{3, "deny", "allow from tag web, allow tcp, deny", ""},
		{1, "allow from tag web", "allow from tag web, allow tcp, allow [http GET]", ""}, // in the usual form
		{2, "allow tcp", "", "the rule is already at inbound position 2"},
		{3, "allow tcp", "", "the rule is already at inbound position 2"},
		{0, "deny", "", "there is no position 0: the inbound positions are 1 to 3"},
		{4, "deny", "", "there is no position 4: the inbound positions are 1 to 3"},
		{1, "deny [x]", "", `the rule "deny [x]" has criteria that cannot be written anew`},
	} {
		stored := []string{
			`{"action":"Allow","source":{"selector":"web == ''"}}`, `{ "action":"Allow","protocol":"TCP"}`,
			`{"action":"Allow","http":{"methods":["GET"]}}`,
		}
		p, err := store.DecodeProfile("web", 1, []byte(`{`+head+`,"spec":{"ingress":[`+stored[0]+`,`+stored[1]+`,`+stored[2]+`]}}`))
		must(t, err)
		err = replacing(t, test.at, test.words)(p)
		if test.err != "" {
			if err == nil || err.Error() != test.err || p.Changed() {
				t.Errorf("%d, %s: %v, want %s; changed %v", test.at, test.words, err, test.err, p.Changed())
			}
			continue
		}
		must(t, err)
		want := rules.FormatListing(lines(t, test.want), nil)
		if got := rules.FormatListing(ofStored(p.Inbound), nil); got != want {
			t.Errorf("%d, %s:\n%s\nwant\n%s", test.at, test.words, got, want)
		}
		for i, r := range p.Inbound {
			if i != test.at-1 && string(r.JSON) != stored[i] {
				t.Errorf("rule %d became %s", i+1, r.JSON)
			}
		}
	}
}

func lines(t *testing.T, list string) []rules.Rule {
	t.Helper()
	inbound, _, err := rules.ParseListing("Inbound rules:\n"+strings.ReplaceAll(list, ", ", "\n")+"\nOutbound rules:\n", rules.AsStored)
	must(t, err)
	return inbound
}

func ofStored(list []rules.Stored) []rules.Rule {
	out := make([]rules.Rule, len(list))
	for i, r := range list {
		out[i] = r.Rule
	}
	return out
}
