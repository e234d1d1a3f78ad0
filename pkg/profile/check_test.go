package profile_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/calicoctl/calicoctl/pkg/fault"
	"github.com/calicoctl/calicoctl/pkg/profile"
	"github.com/calicoctl/calicoctl/pkg/rules"
)

const (
	notLabelName = "the name is not made of at most 63 letters, digits, -, _ and ., the first and the last a letter or digit"
	notPrefix    = "the part before / is not a lower-case DNS name of at most 253 characters"
)

func TestLabelsThatFelixRefuses(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("a", 64)
	value := func(v string) string {
		return `label "a": its value "` + v + `" is not made of at most 63 letters, digits, -, _ and ., the first and the last a letter or digit`
	}
	for _, test := range []struct {
		label profile.Label
		why   string // empty: it is good
	}{
		{profile.Label{Name: "a"}, ""},
		{profile.Label{Name: "A_b.c-9"}, ""},
		{profile.Label{Name: strings.Repeat("a", 63), Value: strings.Repeat("v", 63)}, ""},
		{profile.Label{Name: "example.com/role", Value: "db"}, ""},
		{profile.Label{Name: networkID + "/tag"}, ""},
		{profile.Label{Name: strings.Repeat("a.", 126) + "a/" + strings.Repeat("n", 63)}, ""},
		{profile.Label{Name: ""}, `label "": ` + notLabelName},
		{profile.Label{Name: long}, `label "` + long + `": ` + notLabelName},
		{profile.Label{Name: networkID}, `label "` + networkID + `": ` + notLabelName},
		{profile.Label{Name: "-a"}, `label "-a": ` + notLabelName},
		{profile.Label{Name: "a."}, `label "a.": ` + notLabelName},
		{profile.Label{Name: "a b"}, `label "a b": ` + notLabelName},
		{profile.Label{Name: "é"}, `label "é": ` + notLabelName},
		{profile.Label{Name: "a\n"}, `label "a\x0a": ` + notLabelName},
		{profile.Label{Name: "a/"}, `label "a/": ` + notLabelName},
		{profile.Label{Name: "a/b/c"}, `label "a/b/c": ` + notLabelName},
		{profile.Label{Name: "a/" + long}, `label "a/` + long + `": ` + notLabelName},
		{profile.Label{Name: "/a"}, `label "/a": ` + notPrefix},
		{profile.Label{Name: "A/b"}, `label "A/b": ` + notPrefix},
		{profile.Label{Name: "a_b/c"}, `label "a_b/c": ` + notPrefix},
		{profile.Label{Name: strings.Repeat("a.", 127) + "/b"}, `label "` + strings.Repeat("a.", 127) + `/b": ` + notPrefix},
		{profile.Label{Name: "a", Value: long}, value(long)},
		{profile.Label{Name: "a", Value: "-x"}, value("-x")},
		{profile.Label{Name: "a", Value: "x y"}, value("x y")},
		{profile.Label{Name: "a", Value: "a/b"}, value("a/b")},
		{profile.Label{Name: "a", Value: "é"}, value("é")},
	} {
		p := decode(t, "web", document(t, "web"))
		p.Labels = append(p.Labels, test.label)
		invalid := strings.Join(p.Invalid(), "\n")
		if test.why == "" {
			must(t, p.Check())
			if invalid != "" {
				t.Errorf("%+v: invalid %q", test.label, invalid)
			}
			continue
		}
		wantError(t, p.Check(), fault.ErrRefused, test.why)
		if want := test.why + "; Felix takes no tags from such a profile"; invalid != want {
			t.Errorf("invalid %q, want %q", invalid, want)
		}
	}
}

func TestRulesThatFelixRefuses(t *testing.T) {
	t.Parallel()
	for _, raw := range []string{
		`{"action":"Alow"}`, `{}`, `null`, `{"action":"Allow","protocol":"TCP","destination":{"ports":[0]}}`,
		`{"action":"Allow","protocol":"TCP","destination":{"ports":[99999]}}`, `{"action":"Allow","protocol":"ICMP","icmp":{"type":255}}`,
		`{"action":"Allow","source":{"nets":["::ffff:0:0/95"]}}`, `{"action":"Allow","source":{"notNets":["0.0.0.0/0"]}}`,
		`{"action":"Allow","source":{"selector":"nonsense((("}}`, `{"action":"Allow","destination":{"ports":[80]}}`,
		`{"action":"Allow","ipVersion":4,"source":{"nets":["2001:db8::/32"]}}`, `{"action":"Allow","protocol":300}`,
	} {
		bad := rules.DecodeV3([]byte(raw))
		_, err := edited(t, "web", document(t, "web", "allow"), func(p *profile.Profile) error {
			p.Inbound = append(slices.Clip(p.Inbound), bad)
			return nil
		})
		wantError(t, err, fault.ErrRefused, "")
		if want := "inbound rule 2 (" + rules.Format(bad.Rule) + "): "; !strings.HasPrefix(err.Error(), want) {
			t.Errorf("error %v, want %s", err, want)
		}
		// The same rule if it is stored already: it is listed, kept, and can be removed.
		stored := `{` + head + `,"metadata":{"name":"web"},"spec":{"egress":[` + raw + `]}}`
		if invalid := decode(t, "web", stored).Invalid(); len(invalid) == 0 || !strings.HasPrefix(invalid[0], "outbound rule 1: ") {
			t.Errorf("%s: invalid %q", raw, invalid)
		}
		now, err := edited(t, "web", stored, func(p *profile.Profile) error { return profile.AppendRule(p, rules.Outbound, rule(t, "deny")) })
		must(t, err)
		if want := strings.Replace(stored, raw, raw+`,{"action":"Deny"}`, 1); now != want {
			t.Errorf("%s, want %s", now, want)
		}
		left, err := edited(t, "web", now, (&profile.Removal{Direction: rules.Outbound, At: 1}).Apply)
		must(t, err)
		if want := strings.Replace(stored, raw, `{"action":"Deny"}`, 1); left != want {
			t.Errorf("%s, want %s", left, want)
		}
	}
}

// What Felix refuses in what is stored is told, and stands in the way of
// nothing.
func TestTrouble(t *testing.T) {
	t.Parallel()
	const bad = `{` + head + `,"metadata":{"name":"other","labels":{"-x":"","team":"a b"},"annotations":{"A/b":"","a b":"1"}},` +
		`"spec":{"ingress":[{"action":"Alow"},{"action":"Allow"}],"labelsToApply":{"a b":"","ok":"","v":"-"}}}`
	want := []string{
		`label "a b": ` + notLabelName,
		`label "v": its value "-" is not made of at most 63 letters, digits, -, _ and ., the first and the last a letter or digit`,
		`a profile cannot be called "WEB", because Calico takes lower case only; web is possible`,
		`metadata.name is "other"`,
		`metadata.label "-x": ` + notLabelName,
		`metadata.label "team": its value "a b" is not made of at most 63 letters, digits, -, _ and ., the first and the last a letter or digit`,
		`metadata.annotation "a b": ` + notLabelName,
	}
	for i := range want {
		want[i] += "; Felix takes no tags from such a profile"
	}
	want = append(want, `inbound rule 1: `+rules.DecodeV3([]byte(`{"action":"Alow"}`)).Invalid()[0])
	if diff := cmp.Diff(want, decode(t, "WEB", bad).Invalid()); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	now, err := edited(t, "WEB", bad, func(p *profile.Profile) error {
		p.Labels = append(p.Labels, profile.Label{Name: "new"})
		return profile.AppendRule(p, rules.Inbound, rule(t, "deny"))
	})
	must(t, err)
	if want := strings.Replace(strings.Replace(bad, `{"action":"Allow"}`, `{"action":"Allow"},{"action":"Deny"}`, 1),
		`"v":"-"`, `"v":"-","new":""`, 1); now != want {
		t.Errorf("%s, want %s", now, want)
	}

	for document, want := range map[string]string{
		`{` + head + `}`:                                                  `metadata.name is ""`,
		`{` + head + `,"metadata":null}`:                                  `metadata.name is ""`,
		`{` + head + `,"metadata":{"name":7}}`:                            `metadata.name is ""`,
		`{` + head + `,"metadata":{"name":"web","labels":[]}}`:            `metadata.labels: expected an object, got an array`,
		`{` + head + `,"metadata":{"name":"web","labels":{"a":1}}}`:       `metadata.labels: the value of "a" is not a string`,
		`{` + head + `,"metadata":{"name":"web","annotations":{"a":[]}}}`: `metadata.annotations: the value of "a" is not a string`,
		`{` + head + `,"metadata":{"name":"web"}}`:                        ``,
	} {
		if want != "" {
			want += "; Felix takes no tags from such a profile"
		}
		if got := strings.Join(decode(t, "web", document).Invalid(), "\n"); got != want {
			t.Errorf("%s: invalid %q, want %q", document, got, want)
		}
	}
}

func manyRules(t *testing.T, n int) string {
	t.Helper()
	words := make([]string, n)
	for i := range words {
		words[i] = fmt.Sprintf("allow tcp to ports %d", i+1)
	}
	return document(t, "web", words...)
}

func TestListLimit(t *testing.T) {
	t.Parallel()
	replace := func(p *profile.Profile) error {
		if err := (&profile.Removal{Direction: rules.Inbound, At: 1}).Apply(p); err != nil {
			return err
		}
		return appending(t, "deny")(p)
	}
	for _, test := range []struct {
		name   string
		stored int
		change func(*profile.Profile) error
		left   int // or
		err    string
	}{
		{"one below the limit grows", 1023, appending(t, "deny"), 1024, ""},
		{"at the limit does not grow", 1024, appending(t, "deny"), 0, "the inbound rules would be 1025; a list may not grow past 1024"},
		{"at the limit is not grown in the middle", 1024, inserting(t, 2), 0, "the inbound rules would be 1025; a list may not grow past 1024"},
		{"at the limit is changed", 1024, replace, 1024, ""},
		{"past the limit does not grow", 1030, appending(t, "deny"), 0, "the inbound rules would be 1031; a list may not grow past 1024"},
		{"past the limit is changed", 1030, replace, 1030, ""},
		{"past the limit shrinks", 1030, (&profile.Removal{Direction: rules.Inbound, At: 7}).Apply, 1029, ""},
		{"past the limit, the other list grows", 1030, func(p *profile.Profile) error {
			return profile.AppendRule(p, rules.Outbound, rule(t, "deny"))
		}, 1030, ""},
	} {
		p := decode(t, "web", manyRules(t, test.stored))
		must(t, test.change(p))
		if test.err != "" {
			wantError(t, p.Check(), fault.ErrRefused, test.err)
			continue
		}
		must(t, p.Check())
		if got := len(p.Inbound); got != test.left {
			t.Errorf("%s: %d rules, want %d", test.name, got, test.left)
		}
	}
}

// A label with a value is no tag, and a long name is one behind /tag only.
func TestTags(t *testing.T) {
	t.Parallel()
	p := decode(t, "web", `{`+head+`,"metadata":{"name":"web"},"spec":{"labelsToApply":{"web":"","stage":"production",`+
		`"a":"","`+networkID+`/tag":"","x/tag":"","example.com/role":"","`+networkID+`":""}}}`)
	if diff := cmp.Diff([]string{networkID, "a", "web"}, p.Tags()); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if len(p.Labels) != 7 || p.Labels[1] != (profile.Label{Name: "stage", Value: "production"}) {
		t.Errorf("labels %+v", p.Labels)
	}
}

// Only what is wrong with rules makes a profile drop everything.
func TestRuleTrouble(t *testing.T) {
	t.Parallel()
	p := decode(t, "web", `{"kind":"Profile","apiVersion":"projectcalico.org/v3","metadata":{"name":"web"},"spec":{`+
		`"ingress":[{"action":"Allow"},{"action":"Alow"}],"labelsToApply":{"_":""}}}`)
	got := p.InvalidRules()
	if len(got) != 1 || !strings.HasPrefix(got[0], "inbound rule 2: action: ") {
		t.Errorf("%q", got)
	}
	if all := p.Invalid(); len(all) != 2 {
		t.Errorf("%q", all)
	}
}

// A rule that is invalid for upstream's API takes the tags of the profile, also where
// Felix applies the rule.
func TestLostTags(t *testing.T) {
	t.Parallel()
	for raw, lost := range map[string]bool{
		`{"action":"Allow","protocol":"TCP"}`: false, `{"action":"Allow","protocol":"tcp"}`: true,
		`{"action":"Allow","source":{"nets":["foo"]}}`: true, `{"action":"Alow"}`: true, `{}`: false,
	} {
		p := decode(t, "web", `{`+head+`,"metadata":{"name":"web"},"spec":{"egress":[`+raw+`],"labelsToApply":{"web":""}}}`)
		if got := p.LostTags(); (got != "") != lost || (len(p.Applied()) == 0) != lost {
			t.Errorf("%s: %q, %v", raw, got, p.Applied())
		}
		if lost && !strings.HasPrefix(p.Invalid()[0], "Felix takes no tags from the profile because of outbound rule 1, so that") {
			t.Errorf("%s: the first is %q", raw, p.Invalid())
		}
	}
}
