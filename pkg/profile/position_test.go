package profile_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/calicoctl/calicoctl/pkg/fault"
	"github.com/calicoctl/calicoctl/pkg/profile"
	"github.com/calicoctl/calicoctl/pkg/rules"
)

func TestPositions(t *testing.T) {
	t.Parallel()
	only := rule(t, letter(t, "B"))
	for _, test := range []struct {
		list   string
		change func(*profile.Profile) error
		kind   error // nil for a *PositionError or *PresentError
		text   string
	}{
		{"A B", inserting(t, 0), nil, "there is no position 0: the inbound positions are 1 to 3"},
		{"A B", inserting(t, -1), nil, "there is no position -1: the inbound positions are 1 to 3"},
		{"A B", inserting(t, 4), nil, "there is no position 4: the inbound positions are 1 to 3"},
		{"", inserting(t, 2), nil, "there is no position 2: the inbound positions are 1 to 1"},
		{"A new", inserting(t, 1), nil, "the rule is already at inbound position 2"},
		{"A B", (&profile.Removal{Direction: rules.Inbound, At: 0}).Apply, nil, "there is no position 0: the inbound positions are 1 to 2"},
		{"A B", (&profile.Removal{Direction: rules.Inbound, At: 3}).Apply, nil, "there is no position 3: the inbound positions are 1 to 2"},
		{"", (&profile.Removal{Direction: rules.Inbound, At: 1}).Apply, nil, "there is no position 1: the profile has no inbound rules"},
		{
			"A B", (&profile.Removal{Direction: rules.Inbound, At: 1, Only: &only}).Apply, fault.ErrRefused,
			"inbound rule 1 is another one: allow from tag A",
		},
	} {
		_, err := edited(t, "web", lettered(t, test.list), test.change)
		var position *profile.PositionError
		var present *profile.PresentError
		switch {
		case err == nil || err.Error() != test.text:
			t.Errorf("%s: error %v, want %s", test.list, err, test.text)
		case test.kind != nil && !errors.Is(err, test.kind), test.kind == nil && !errors.As(err, &position) && !errors.As(err, &present):
			t.Errorf("%s: error of the type %T", test.list, err)
		}
	}
	p := decode(t, "web", lettered(t, "A B"))
	must(t, (&profile.Removal{Direction: rules.Inbound, At: 2, Only: &only}).Apply(p))
	if len(p.Inbound) != 1 {
		t.Errorf("list %+v", p.Inbound)
	}
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
		p, err := profile.Decode("web", 1, []byte(`{`+head+`,"spec":{"ingress":[`+stored[0]+`,`+stored[1]+`,`+stored[2]+`]}}`))
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

func replacing(t *testing.T, at int, words string) func(*profile.Profile) error {
	t.Helper()
	m, r := &profile.Replacement{Direction: rules.Inbound, At: at}, rule(t, words)
	return func(p *profile.Profile) error { return m.Apply(p, r) }
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
