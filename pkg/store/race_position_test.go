package store_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/calicoctl/calicoctl/pkg/fault"
	"github.com/calicoctl/calicoctl/pkg/profile"
	"github.com/calicoctl/calicoctl/pkg/rules"
)

// A positionRace is a change at a position while another client changes the list.
type positionRace struct {
	name     string
	was      string
	at       int
	now      string
	want     string // or
	conflict string
}

// runPositionRaces lets a change of the list lose each of the races.
func runPositionRaces(t *testing.T, change func(t *testing.T, at int) func(*profile.Profile) error, races []positionRace) {
	t.Helper()
	for _, test := range races {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			w, result, err := race(t, test.was, test.now, editing("web", change(t, test.at)))
			if test.conflict != "" {
				wantMoved(t, err, test.conflict)
				test.want = test.now
				w.wantVersions("web", 2)
			} else {
				wantDone(t, result, err, 2)
			}
			if got := w.letters(); got != test.want {
				t.Errorf("list %s, want %s", got, test.want)
			}
		})
	}
}

func wantMoved(t *testing.T, err error, conflict string) {
	t.Helper()
	if strings.HasPrefix(conflict, "at position") {
		conflict = "another client changed the inbound rules at the same moment: " + conflict + "; nothing was changed, look at the rules again"
	}
	wantError(t, err, fault.ErrConflict, conflict)
	var moved *profile.MovedError
	if !errors.As(err, &moved) {
		t.Errorf("error %T", err)
	}
}

func inserting(t *testing.T, at int) func(*profile.Profile) error {
	t.Helper()
	i, r := &profile.Insertion{Direction: rules.Inbound, At: at}, rule(t, letter(t, "new"))
	return func(p *profile.Profile) error { return i.Apply(p, r) }
}

func TestInsertionAfterLostRace(t *testing.T) {
	t.Parallel()
	runPositionRaces(t, inserting, []positionRace{
		{"the other prepends", "A B", 2, "Z A B", "Z A new B", ""},
		{"the other appends", "A B", 2, "A B Z", "A new B Z", ""},
		{"the other removes before", "A B C D", 4, "C D", "C new D", ""},
		{"the other removes behind", "A B C D", 2, "A B", "A new B", ""},
		{"the other changes everything but the pair", "A B C D", 3, "X B C Y Z", "X B new C Y Z", ""},
		{"first, and the other appends", "A B", 1, "A B Z", "new A B Z", ""},
		{"last, and the other prepends", "A B", 3, "Z A B", "Z A B new", ""},
		{"into nothing, which stays", "", 1, "", "new", ""},
		{
			"between, and so does the other", "A B", 2, "A Z B", "",
			`at position 2 stood "allow from tag B", now "allow from tag Z"`,
		},
		{
			"first, and so does the other", "A B", 1, "Z A B", "",
			`at position 1 stood "allow from tag A", now "allow from tag Z"`,
		},
		{
			"last, and so does the other", "A B", 3, "A B Z", "",
			`at position 3 stood no rule, now "allow from tag Z"`,
		},
		{
			"into nothing, where something came", "", 1, "Z", "",
			`at position 1 stood no rule, now "allow from tag Z"`,
		},
		{
			"the neighbour before is removed", "A B C", 2, "B C", "",
			`at position 2 stood "allow from tag B", now "allow from tag C"`,
		},
		{
			"the neighbour behind is removed", "A B C", 2, "A C", "",
			`at position 2 stood "allow from tag B", now "allow from tag C"`,
		},
		{
			"the neighbour before is replaced", "A B C", 3, "A X C", "",
			`at position 2 stood "allow from tag B", now "allow from tag X"`,
		},
		{
			"all is removed", "A B", 2, "", "",
			`at position 2 stood "allow from tag B", now no rule`,
		},
		{
			"the pair is turned round", "A B", 2, "B A", "",
			`at position 2 stood "allow from tag B", now "allow from tag A"`,
		},
		{"two such pairs, the beginning is as it was", "A B A B", 4, "A B A B C", "A B A new B C", ""},
		{
			"two such pairs, the beginning is not", "A B A B", 4, "Z A B A B", "",
			`at position 4 stood "allow from tag B", now "allow from tag A"`,
		},
		{"the pair came a second time", "A B", 2, "A B A B", "A new B A B", ""},
		{
			"the pair came a second time in front", "A B C", 2, "C A B A B C", "",
			`at position 2 stood "allow from tag B", now "allow from tag A"`,
		},
	})
}

func TestRemovalAfterLostRace(t *testing.T) {
	t.Parallel()
	runPositionRaces(t, func(_ *testing.T, at int) func(*profile.Profile) error {
		return (&profile.Removal{Direction: rules.Inbound, At: at}).Apply
	}, []positionRace{
		{"the other appends", "A B C", 1, "A B C Z", "B C Z", ""},
		{"the other removes behind", "A B C", 1, "A B", "B", ""},
		{"the other changes behind", "A B C", 2, "A B X Y", "A X Y", ""},
		{"the other changes before, not the number", "A B C", 3, "X B C", "X B", ""},
		{"the other prepends", "A B C", 3, "Z A B C", "", `at position 3 stood "allow from tag C", now "allow from tag B"`},
		{"the other removes before", "A B C D", 3, "B C D", "", `at position 3 stood "allow from tag C", now "allow from tag D"`},
		{"the other removes that very rule", "A B C", 3, "A B", "", `at position 3 stood "allow from tag C", now no rule`},
		{"the other replaces it", "A B", 1, "X B", "", `at position 1 stood "allow from tag A", now "allow from tag X"`},
		{"the other removes all", "A", 1, "", "", `at position 1 stood "allow from tag A", now no rule`},
		{"the other removes the first of two equal ones", "A X A", 1, "X A", "", `at position 1 stood "allow from tag A", now "allow from tag X"`},
		{"the other removes one of two equal ones", "A A", 2, "A", "", `at position 2 stood "allow from tag A", now no rule`},
	})
}
