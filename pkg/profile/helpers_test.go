package profile_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/calicoctl/calicoctl/internal/testkit/faulttest"
	"github.com/calicoctl/calicoctl/pkg/profile"
	"github.com/calicoctl/calicoctl/pkg/rules"
)

const head = `"kind":"Profile","apiVersion":"projectcalico.org/v3"`

var networkID = strings.Repeat("0123456789abcdef", 4)

func must(t *testing.T, err error) {
	t.Helper()
	faulttest.None(t, err)
}

func wantError(t *testing.T, err, kind error, text string) {
	t.Helper()
	faulttest.Want(t, err, kind, text)
}

func decode(t *testing.T, id, document string) *profile.Profile {
	t.Helper()
	p, err := profile.Decode(id, 1, []byte(document))
	must(t, err)
	return p
}

// edited reads a document, changes and checks it, and returns what would be written.
func edited(t *testing.T, id, document string, change func(*profile.Profile) error) (string, error) {
	t.Helper()
	p := decode(t, id, document)
	if err := change(p); err != nil {
		return "", err
	}
	if err := p.Check(); err != nil {
		return "", err
	}
	now, err := p.MarshalJSON()
	must(t, err)
	return string(now), nil
}

// document returns a profile of inbound rules given in words.
func document(t *testing.T, id string, inbound ...string) string {
	t.Helper()
	list := make([]string, len(inbound))
	for i, words := range inbound {
		list[i] = ruleJSON(t, words)
	}
	return fmt.Sprintf(`{"kind":"Profile","apiVersion":"projectcalico.org/v3","metadata":{"name":%q},`+
		`"spec":{"ingress":[%s],"egress":[{"action":"Allow"}],"labelsToApply":{%q:""}}}`,
		id, strings.Join(list, ","), rules.TagLabel(id))
}

func ruleJSON(t *testing.T, words string) string {
	t.Helper()
	stored, err := rules.EncodeV3(rule(t, words))
	if err != nil {
		t.Fatal(err)
	}
	return string(stored.JSON)
}

// rule reads words, of which a selector may be one in double quotes.
func rule(t *testing.T, words string) rules.Rule {
	t.Helper()
	r, err := rules.ParseLine(words, rules.AsStored)
	if err != nil {
		t.Fatalf("%s: %v", words, err)
	}
	return r
}

// appending returns a change that appends an inbound rule.
func appending(t *testing.T, words string) func(*profile.Profile) error {
	t.Helper()
	r := rule(t, words)
	return func(p *profile.Profile) error { return profile.AppendRule(p, rules.Inbound, r) }
}

// A, B, ... are rules for lists of letters.
func letter(t *testing.T, name string) string {
	t.Helper()
	return "allow from tag " + name
}

// lettered is the profile web with the inbound rules of a list such as "A B C".
func lettered(t *testing.T, list string) string {
	t.Helper()
	var words []string
	for name := range strings.FieldsSeq(list) {
		words = append(words, letter(t, name))
	}
	return document(t, "web", words...)
}

func inserting(t *testing.T, at int) func(*profile.Profile) error {
	t.Helper()
	i, r := &profile.Insertion{Direction: rules.Inbound, At: at}, rule(t, letter(t, "new"))
	return func(p *profile.Profile) error { return i.Apply(p, r) }
}
