package profile_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/calicoctl/calicoctl/pkg/profile"
	"github.com/calicoctl/calicoctl/pkg/rules"
)

// piece returns the stored bytes of a rule by its sign: a letter is "allow from
// tag LETTER", with = behind it as a label that has no value, with [ with criteria
// in brackets, and each ' is a blank that tells it from others.
func piece(sign string) string {
	tag := strings.ToLower(sign[:1])
	selector, beyond := "has("+tag+")", ""
	if strings.Contains(sign, "=") {
		selector = tag + " == ''"
	}
	if strings.Contains(sign, "[") {
		beyond = `,"http":{"methods":["GET"]}`
	}
	return fmt.Sprintf(`{"action":"Allow",%s"source":{"selector":%q}%s}`, strings.Repeat(" ", strings.Count(sign, "'")), selector, beyond)
}

func pieces(list string) []string {
	var out []string
	for sign := range strings.FieldsSeq(list) {
		out = append(out, piece(sign))
	}
	return out
}

// said returns the rules of a list as they are read: of a listing, where = is not
// seen, or of a document.
func said(t *testing.T, list string, document bool) []rules.Rule {
	t.Helper()
	var out []rules.Rule
	for _, json := range pieces(list) {
		r := rules.DecodeV3([]byte(json)).Rule
		if !document {
			r = rule(t, rules.Format(r))
		}
		out = append(out, r)
	}
	return out
}

func TestSetRules(t *testing.T) {
	t.Parallel()
	for _, test := range []struct{ old, now, want string }{
		{"", "", ""},
		{"A' B''", "A B", "A' B''"},
		{"A' B''", "B A", "B'' A'"},
		{"A'", "", ""},
		{"", "A", "A"},
		{"A' C'", "A B C", "A' B C'"},
		{"A'", "A A", "A' A"},
		// Of equal ones, the one among its neighbours.
		{"A' B A''", "B A", "B A''"},
		{"A' B A''", "A B", "A' B"},
		{"A' A'' A'''", "A A A", "A' A'' A'''"},
		{"A' B A'' C A'''", "A C A", "A' C A'''"},
		{"A' B C A''", "C A B", "C A'' B"},
		{"A' B A''", "A C B A", "A' C B A''"},
		// One that is shown alike keeps its form; said as what it is, it is no other.
		{"A=' A''", "A A", "A=' A''"},
		{"A' A=''", "A A", "A' A=''"},
		{"A=' B", "B A", "B A='"},
		{"A=' B A''", "B A", "B A''"},
		{"A=' B A''", "A B", "A=' B"},
		{"A=' A''", "A", "A''"},
		{"A=' B", "A' B", "A=' B"},
		// Criteria in brackets.
		{"A[' B", "B A[", "B A['"},
		{"A A['", "A[ A", "A[' A"},
	} {
		p := decoded(t, test.old)
		if err := profile.SetRules(p, rules.Inbound, said(t, test.now, false)); err != nil {
			t.Errorf("%s becomes %s: %v", test.old, test.now, err)
		}
		wantPieces(t, test.old, test.now, p, test.want)
	}
}

// A document says in which form a rule is that is shown alike in both.
func TestSetRulesOfDocument(t *testing.T) {
	t.Parallel()
	for _, test := range []struct{ old, now, want string }{
		{"A=' A''", "A=", "A='"},
		{"A=' A''", "A", "A''"},
		{"A' A=''", "A=", "A=''"},
		{"A' A=''", "A= A", "A=''  A'"},
		{"A=' B", "A B", "A=' B"}, // as documents of old say it
		{"A' B", "A= B", "A= B"},  // which it was not
	} {
		p := decoded(t, test.old)
		err := profile.SetRules(p, rules.Inbound, said(t, test.now, true))
		must(t, err)
		wantPieces(t, test.old, test.now, p, test.want)
	}
}

func decoded(t *testing.T, list string) *profile.Profile {
	t.Helper()
	p, err := profile.Decode("web", 1, []byte(`{`+head+`,"spec":{"ingress":[`+strings.Join(pieces(list), ",")+`]}}`))
	must(t, err)
	return p
}

func wantPieces(t *testing.T, old, now string, p *profile.Profile, want string) {
	t.Helper()
	var got []string
	for _, r := range p.Inbound {
		got = append(got, string(r.JSON))
	}
	if !slices.Equal(got, pieces(want)) {
		t.Errorf("%s becomes %s:\n  %s\nwant\n  %s", old, now, strings.Join(got, "\n  "), strings.Join(pieces(want), "\n  "))
	}
}

// A rule with criteria in brackets cannot be made, and then nothing is changed.
func TestSetRulesBeyond(t *testing.T) {
	t.Parallel()
	for _, test := range []struct{ old, now string }{
		{"A B", "A["},
		{"A[' B", "A[ A["},
		{"A[' B", "B["},
		{"", "A["},
	} {
		p := decoded(t, test.old)
		err := profile.SetRules(p, rules.Inbound, said(t, test.now, false))
		var beyond *rules.UnsupportedError
		if !errors.As(err, &beyond) || beyond.Rule.Unsupported == "" {
			t.Errorf("%s becomes %s: error %v", test.old, test.now, err)
		}
		wantPieces(t, test.old, test.now, p, test.old)
	}
}

// Thousands of rules in another order keep their bytes, too.
func TestSetRulesOfLongLists(t *testing.T) {
	t.Parallel()
	var old, now []string
	for i := range 5000 {
		old = append(old, fmt.Sprintf(`{ "action":"Allow","protocol":"TCP","destination":{"ports":[%d]}}`, i+1))
		now = append(now, fmt.Sprintf("allow tcp to ports %d", 5000-i))
	}
	p, err := profile.Decode("web", 1, []byte(`{`+head+`,"spec":{"ingress":[`+strings.Join(old, ",")+`]}}`))
	must(t, err)
	var list []rules.Rule
	for _, words := range now {
		list = append(list, rule(t, words))
	}
	must(t, profile.SetRules(p, rules.Inbound, list))
	for i, r := range p.Inbound {
		if string(r.JSON) != old[len(old)-1-i] {
			t.Fatalf("rule %d is %s", i+1, r.JSON)
		}
	}
}
