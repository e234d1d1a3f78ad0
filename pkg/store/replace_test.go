package store_test

import (
	"errors"
	"testing"

	"github.com/calicoctl/calicoctl/pkg/profile"
	"github.com/calicoctl/calicoctl/pkg/rules"
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
