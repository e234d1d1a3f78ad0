package profile_test

import (
	"strings"
	"testing"

	"github.com/calicoctl/calicoctl/internal/printable"
	"github.com/calicoctl/calicoctl/pkg/profile"
	"github.com/calicoctl/calicoctl/pkg/rules"
)

// hostile returns documents that must be ErrMalformed, by what the error says of
// them. A second one with the same text has spaces at the end of its key.
func hostile() map[string]string {
	return map[string]string{
		`it is not JSON`:                      ``,
		`it is not JSON `:                     `{` + head,
		`it is not JSON  `:                    `{` + head + `} {}`,
		`it is not JSON   `:                   "\xef\xbb\xbf{" + head + `}`,
		`it is not JSON    `:                  "\xff\xfe{\x00}\x00",
		`it is not JSON     `:                 `{` + head + `} // web`,
		`it is not JSON      `:                `{` + head + `/* web */}`,
		`it is not JSON       `:               `{` + head + "}\x00",
		`it is not JSON        `:              "{" + head + `,"x":"` + "\x1b" + `"}`,
		`it is not JSON         `:             `{` + head + `,"x":` + strings.Repeat("[", 9_000),
		`it is nested more than 10,000 deep`:  `{` + head + `,"x":` + strings.Repeat("[", 10_000) + strings.Repeat("]", 10_000) + `}`,
		`it is nested more than 10,000 deep `: `{` + head + `,"x":` + strings.Repeat("[", 100_000),
		`spec.egress: 100001 rules; not more than 100000 can be read`: `{` + head + `,"spec":{"egress":[{}` + strings.Repeat(",1", 100_000) + `]}}`,
		`the document: expected an object, got an array`:              `[]`,
		`the document: expected an object, got a number`:              `17`,
		`the document: expected an object, got a string`:              `"Profile"`,
		`it is of kind "", not Profile`:                               `null`,
		`it is of kind "", not Profile `:                              `{"kind":["Profile"]}`,
		`it is of kind "GlobalNetworkPolicy", not Profile`:            `{"kind":"GlobalNetworkPolicy","apiVersion":"projectcalico.org/v3"}`,
		`it is of kind "\x1b[31m", not Profile`:                       `{"kind":"\u001b[31m"}`,
		`its apiVersion is "v1", not projectcalico.org/v3`:            `{"kind":"Profile","apiVersion":"v1"}`,
		`its apiVersion is "", not projectcalico.org/v3`:              `{"kind":"Profile"}`,
		`the document: the key "kind" stands twice`:                   `{` + head + `,"kind":"Profile"}`,
		`the document: the key "KIND" stands twice`:                   `{` + head + `,"KIND":"Profile"}`,
		`the document: the key "SPEC" stands twice`:                   `{` + head + `,"spec":{},"SPEC":{}}`,
		`metadata: the key "name" stands twice`:                       `{` + head + `,"metadata":{"name":"a","n\u0061me":"b"}}`,
		`metadata: expected an object, got a string`:                  `{` + head + `,"metadata":"web"}`,
		`spec: expected an object, got an array`:                      `{` + head + `,"spec":[]}`,
		`spec: the key "Ingress" stands twice`:                        `{` + head + `,"spec":{"ingress":[],"Ingress":[]}}`,
		`spec: the key "inGreſſ" stands twice`:                        `{` + head + `,"spec":{"ingress":[],"inGreſſ":[]}}`,
		`spec.ingress: expected an array, got an object`:              `{` + head + `,"spec":{"ingress":{}}}`,
		`spec.ingress: expected an array, got a string`:               `{` + head + `,"spec":{"ingress":"allow"}}`,
		`spec.egress: expected an array, got a boolean`:               `{` + head + `,"spec":{"egress":false}}`,
		`spec.labelsToApply: expected an object, got an array`:        `{` + head + `,"spec":{"labelsToApply":["a"]}}`,
		`spec.labelsToApply: the value of "a" is not a string`:        `{` + head + `,"spec":{"labelsToApply":{"a":1}}}`,
		`spec.labelsToApply: the value of "b" is not a string`:        `{` + head + `,"spec":{"labelsToApply":{"a":"","b":null}}}`,
		`spec.labelsToApply: the key "a" stands twice`:                `{` + head + `,"spec":{"labelsToApply":{"a":"","a":"x"}}}`,
		`spec.labelsToApply: the key "�" stands twice`:                `{` + head + `,"spec":{"labelsToApply":{"` + "\xff" + `":"","` + "\xfe" + `":""}}}`,
	}
}

func TestMalformedDocuments(t *testing.T) {
	t.Parallel()
	for why, document := range hostile() {
		p, err := profile.Decode("web", 1, []byte(document))
		if want := strings.TrimSpace(why); p != nil || err == nil || err.Error() != want {
			t.Errorf("%.80q: error %v, want %s", document, err, want)
		}
	}
}

// What single rules say is never damage: it is shown, kept and removable.
func TestOddRulesAreShown(t *testing.T) {
	t.Parallel()
	deep := strings.Repeat("[", 9_000) + strings.Repeat("]", 9_000)
	odd := []string{
		`null`, `1`, `"allow"`, `[]`, `{}`, `{"action":"Alow"}`, `{"action":"Allow","action":"Deny"}`,
		`{"action":"Allow","source":[]}`, `{"action":"Allow","source":{"nets":"10.0.0.0/8"}}`,
		`{"action":"Allow","protocol":"` + "\xff\xfe" + `"}`, `{"action":"Allow","x":` + deep + `}`,
		`{"action":"Allow","destination":{"ports":[0,99999,-1,1e3,"a\u0000b"]}}`,
	}
	p := decode(t, "odd", `{`+head+`,"metadata":{"name":"odd"},"spec":{"ingress":[`+strings.Join(odd, ",")+`]}}`)
	if len(p.Inbound) != len(odd) {
		t.Fatalf("%d rules, want %d", len(p.Inbound), len(odd))
	}
	for i, r := range p.Inbound {
		if string(r.JSON) != odd[i] {
			t.Errorf("rule %d is %s", i+1, r.JSON)
		}
		if text := rules.Format(r.Rule); printable.Text(text) != text {
			t.Errorf("rule %d is shown as %q", i+1, text)
		}
	}
	for range odd {
		must(t, (&profile.Removal{Direction: rules.Inbound, At: 1}).Apply(p))
	}
	now, err := p.MarshalJSON()
	must(t, err)
	if want := `{` + head + `,"metadata":{"name":"odd"},"spec":{"ingress":[]}}`; string(now) != want {
		t.Errorf("%s", now)
	}
}
