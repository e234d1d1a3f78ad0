package rules_test

import (
	"bytes"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"

	"github.com/calicoctl/calicoctl/internal/printable"
	"github.com/calicoctl/calicoctl/internal/rawjson"
	"github.com/calicoctl/calicoctl/pkg/rules"
	"github.com/calicoctl/calicoctl/pkg/verdict"
)

// FuzzWords proves that reading words never panics, that every error can be
// printed, and that a rule survives each of its forms.
func FuzzWords(f *testing.F) {
	for _, test := range rightRules {
		f.Add(strings.ReplaceAll(test.words, ";", "\x00"))
	}
	for _, v := range readVectors[ruleVector](f, "rules-v1.json") {
		f.Add(strings.Join(v.Words, "\x00"))
	}
	f.Fuzz(func(t *testing.T, words string) {
		args := strings.Split(words, "\x00")
		for _, mode := range []rules.Mode{rules.AsNew, rules.AsStored} {
			r, err := rules.ParseWords(args, mode)
			if err != nil {
				checkError(t, err)
				continue
			}
			checkForms(t, r, mode)
		}
	})
}

// FuzzPacketWords proves that reading a packet never panics, that every error can
// be printed, and that what is read can be asked about.
func FuzzPacketWords(f *testing.F) {
	for _, words := range []string{
		"", "tcp", "icmp type 8 code 0 from 10.0.0.1 to fd00::1", "from tag a tag b ports 1 to container c ports 2",
		"17 from endpoint \"to\" to 10.0.0.1 tag x", "tcp to cidr 10.0.0.0/8", "!tcp", "from tag \"to\" to to", "58 from fe80::1%eth0",
	} {
		f.Add(strings.ReplaceAll(words, " ", "\x00"))
	}
	f.Fuzz(func(t *testing.T, words string) {
		p, err := rules.ParsePacket(strings.Split(words, "\x00"))
		if err != nil {
			checkError(t, err)
			return
		}
		if p.From.Port < 0 || p.From.Port > 65535 || p.Protocol == "0" || len(p.From.Tags) > 0 && p.From.Container+p.From.Endpoint != "" {
			t.Fatalf("%q is read as %+v", words, p)
		}
		packet := verdict.Packet{Protocol: p.Protocol, From: verdict.End{Port: p.From.Port, Unknown: true}, To: verdict.End{Port: p.To.Port}}
		if p.From.Addr.IsValid() {
			packet.From.Addrs = []netip.Addr{p.From.Addr}
		}
		if p.To.Addr.IsValid() {
			packet.To.Addrs = []netip.Addr{p.To.Addr}
		}
		if !packet.IsPossible() {
			t.Fatalf("%q is read as %+v, which is no packet", words, p)
		}
	})
}

// FuzzLine is FuzzWords for lines of a listing.
func FuzzLine(f *testing.F) {
	for _, test := range rightRules {
		f.Add(test.text)
	}
	f.Add(`allow [from namespaceSelector "x" http GET /foo]`)
	f.Add("allow from selector \"\\\"\\\\\\x1b\" [")
	f.Fuzz(func(t *testing.T, line string) {
		r, err := rules.ParseLine(line, rules.AsStored)
		if err != nil {
			checkError(t, err)
			return
		}
		checkForms(t, r, rules.AsStored)
	})
}

func checkError(t *testing.T, err error) {
	t.Helper()
	wrong, ok := err.(*rules.ParseError) //nolint:errorlint // exactly this type is documented
	if !ok {
		t.Fatalf("%T: %v", err, err)
	}
	for _, text := range []string{wrong.Error(), strings.ReplaceAll(wrong.Excerpt("> "), "\n", " ")} {
		if text != printable.Text(text) {
			t.Fatalf("the error is not printable: %q", text)
		}
	}
}

// checkForms proves: text, v3 and v1 each give the rule back.
func checkForms(t *testing.T, r rules.Rule, mode rules.Mode) {
	t.Helper()
	text := rules.Format(r)
	if text != printable.Text(text) {
		t.Fatalf("not printable: %q", text)
	}
	legacy := r.From.Tag.EmptyValue || r.From.NotTag.EmptyValue || r.To.Tag.EmptyValue || r.To.NotTag.EmptyValue
	if again, err := rules.ParseLine(text, mode); !legacy && (err != nil || !cmp.Equal(r, again, compareNets)) {
		t.Fatalf("%q is read as %+v, %v; want %+v", text, again, err, r)
	}
	if r.Unsupported != "" {
		return
	}
	v3, err := rules.EncodeV3(r)
	if err != nil || !rawjson.Valid(v3.JSON) {
		t.Fatalf("v3 of %q: %s, %v", text, v3.JSON, err)
	}
	if again := rules.DecodeV3(v3.JSON); !rules.Equal(again.Rule, r) && selectorsParse(r) {
		t.Fatalf("%q through v3 (%s) is %q", text, v3.JSON, rules.Format(again.Rule))
	} else if mode == rules.AsNew && len(again.Invalid()) > 0 {
		t.Fatalf("%q is accepted as new, but read from v3 it is invalid: %q", text, again.Invalid())
	}
	v1, err := rules.EncodeV1(r)
	if err != nil || !rawjson.Valid(v1.JSON) {
		t.Fatalf("v1 of %q: %s, %v", text, v1.JSON, err)
	}
	if again := rules.DecodeV1(v1.JSON); !rules.Equal(again.Rule, r) && selectorsParse(r) {
		t.Fatalf("%q through v1 (%s) is %q", text, v1.JSON, rules.Format(again.Rule))
	}
}

// selectorsParse leaves out selectors that are none, text that JSON cannot hold,
// and tags that are longer than a label: what a new rule never has. A tag cannot
// be told from the former.
func selectorsParse(r rules.Rule) bool {
	for _, s := range []string{r.From.Selector, r.From.NotSelector, r.To.Selector, r.To.NotSelector} {
		if _, err := rules.ParseSelector(s); err != nil || !utf8.ValidString(s) {
			return false
		}
	}
	return !slices.ContainsFunc(r.Tags(), func(tag string) bool {
		_, err := rules.ParseSelector("has(" + rules.TagLabel(tag) + ")")
		return err != nil
	})
}

// FuzzDecode proves that any JSON is read without panic as any layout, keeps
// its bytes, and is shown in printable text that says the same every time.
func FuzzDecode(f *testing.F) {
	for _, v := range readVectors[profileVector](f, "profiles-v3.json") {
		if v.Value != "" {
			f.Add([]byte(v.Value))
		}
	}
	for _, v := range readVectors[ruleVector](f, "rules-v1.json") {
		f.Add([]byte(v.Rule))
	}
	for _, test := range rightRules {
		f.Add([]byte(test.v3))
	}
	for _, raw := range []string{
		`{"src_tag":"` + strings.Repeat("o", 600) + `"}`, `null`, `1e400`, `[[{}]]`, `{"action":"Alow","protocol":"TCP","x":[]}`, `{"action":["Allow"]}`, `{"action":""}`,
		`{"action":"allow","src_tag":"\u202e","dst_ports":[1e3,-1],"src_net":"::/999","icmp_code":99999999999999999999}`,
		"{\"action\":\"Al\xfflow\",\"\xfe\":[\"\u009b\"],\"source\":{\"selector\":\"a == '\u3164\ufeff'\",\"nets\":{}}}",
		`{"action":"Allow","\ud800":"\udfff","http":{"paths":[{"exact":"\u001b"}]},"source":{"x":{"x":{"x":{"x":"\u2028"}}}}}`,
	} {
		f.Add([]byte(raw))
	}
	f.Fuzz(func(t *testing.T, raw []byte) {
		if !rawjson.Valid(raw) {
			return
		}
		for _, decode := range []func([]byte) rules.Stored{rules.DecodeV1, rules.DecodeV3} {
			s := decode(raw)
			if !bytes.Equal(s.JSON, raw) {
				t.Fatalf("bytes changed: %s", s.JSON)
			}
			text := rules.Format(s.Rule)
			if text != printable.Text(text) || text != rules.Format(decode(raw).Rule) {
				t.Fatalf("not printable, or not the same twice: %q", text)
			}
			for _, invalid := range s.Invalid() {
				if invalid != printable.Text(invalid) {
					t.Fatalf("not printable: %q", invalid)
				}
			}
			if s.Rule.Unsupported == "" {
				checkForms(t, s.Rule, rules.AsStored)
			}
		}
	})
}

// FuzzSelector proves that the printed form of a selector is a fixed point and
// that it selects the same.
func FuzzSelector(f *testing.F) {
	for _, v := range readVectors[selectorVector](f, "selectors.json") {
		f.Add(v.Selector, "a", "x")
	}
	f.Fuzz(func(t *testing.T, text, label, value string) {
		s, err := rules.ParseSelector(text)
		if err != nil {
			if err.Error() != printable.Text(err.Error()) {
				t.Fatalf("not printable: %q", err)
			}
			return
		}
		again, err := rules.ParseSelector(s.String())
		if err != nil || again.String() != s.String() {
			t.Fatalf("%q is printed as %q, which is printed as %v, %v", text, s, again, err)
		}
		labels := map[string]string{label: value}
		if s.Matches(labels) != again.Matches(labels) || s.Matches(nil) != again.Matches(nil) {
			t.Fatalf("%q and its printed form %q select differently", text, s)
		}
	})
}

// FuzzListing proves that a listing is a fixed point of reading and printing.
func FuzzListing(f *testing.F) {
	for _, v := range readVectors[profileVector](f, "profiles-v3.json") {
		f.Add(v.Listing)
	}
	f.Fuzz(func(t *testing.T, text string) {
		inbound, outbound, err := rules.ParseListing(text, rules.AsStored)
		if err != nil {
			return
		}
		listing := rules.FormatListing(inbound, outbound)
		in, out, err := rules.ParseListing(listing, rules.AsStored)
		if err != nil || rules.FormatListing(in, out) != listing {
			t.Fatalf("%q is read differently: %v", listing, err)
		}
	})
}
