package rules_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/calicoctl/calicoctl/internal/printable"
	"github.com/calicoctl/calicoctl/pkg/rules"
)

// What a terminal obeys or does not show is not printable, whatever the fonts of
// today do with it.
func TestPrintable(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"databases":        "databases",
		"日本 é ✓ 😀 e\u0301": "日本 é ✓ 😀 e\u0301",
		"\ufffd":           "\ufffd",
		`a\b"c`:            `a\b"c`,
		"\x00\x07\t\n\r":   `\x00\x07\x09\x0a\x0d`,
		"\x1b[31m\x7f":     `\x1b[31m\x7f`,
		"\u0085\u009b":     `\xc2\x85\xc2\x9b`, // controls of one byte in other encodings
		"\x9b\xff\xc0":     `\x9b\xff\xc0`,
		"\xed\xa0\x80":     `\xed\xa0\x80`, // half a character
		"\u202e\u2066":     `\xe2\x80\xae\xe2\x81\xa6`,
		"\u200b\u200d":     `\xe2\x80\x8b\xe2\x80\x8d`,
		"\u2028\u2029":     `\xe2\x80\xa8\xe2\x80\xa9`,
		"\ufeff\u00ad":     `\xef\xbb\xbf\xc2\xad`,
		"\u00a0\u3000":     `\xc2\xa0\xe3\x80\x80`, // blanks that are no space
		"\u3164\u115f":     `\xe3\x85\xa4\xe1\x85\x9f`,
		"\u034f\ufe0f":     `\xcd\x8f\xef\xb8\x8f`,
		"\u2800\ue000":     `\xe2\xa0\x80\xee\x80\x80`,
		"\U000e0041":       `\xf3\xa0\x81\x81`,
	} {
		if got := printable.Text(text); got != want {
			t.Errorf("%q is printed as %q, want %q", text, got, want)
		}
		if again := printable.Text(want); again != want {
			t.Errorf("%q is escaped twice: %q", text, again)
		}
	}
}

// No rule is one that allows everything by being nothing.
func TestNoRule(t *testing.T) {
	t.Parallel()
	for _, raw := range []string{`null`, `""`, `"allow"`, `[]`, `[{}]`, `0`, `false`, `{"action":"Allow","ACTION":"Allow"}`} {
		for layout, decode := range map[string]func([]byte) rules.Stored{"v1": rules.DecodeV1, "v3": rules.DecodeV3} {
			s := decode([]byte(raw))
			if s.Rule.Action != "" || s.Rule.Unsupported == "" || len(s.Problems) == 0 || string(s.JSON) != raw {
				t.Errorf("%s in %s: %+v", raw, layout, s)
			}
		}
	}
}

// A selector of a megabyte is what it is: no tag is looked for in it. Up to what
// Felix takes, one is.
func TestLongSelectors(t *testing.T) {
	t.Parallel()
	tag := func(length int, layout func(string) rules.Stored) string {
		return layout("(a == '" + strings.Repeat("日", length) + "') && has(x)").Rule.From.Tag.Name
	}
	v3 := func(selector string) rules.Stored {
		return rules.DecodeV3([]byte(`{"action":"Allow","source":{"selector":"` + selector + `"}}`))
	}
	v1 := func(selector string) rules.Stored {
		return rules.DecodeV1([]byte(`{"src_selector":"` + selector + `"}`))
	}
	for _, layout := range []func(string) rules.Stored{v3, v1} {
		if tag(1000, layout) != "x" || tag(300_000, layout) != "" {
			t.Errorf("the tags are %q and %q", tag(1000, layout), tag(300_000, layout))
		}
		for _, selector := range []string{strings.Repeat("(", 1_000_000), strings.Repeat("!", 1_000_000) + "has(a)"} {
			if invalid := layout(selector).Invalid(); fmt.Sprint(invalid) != "[from selector: the selector is longer than 65536 characters]" {
				t.Errorf("invalid %q", invalid)
			}
		}
	}
}

// A document of the user's own is no reason to use up the memory.
func TestTooManyRules(t *testing.T) {
	t.Parallel()
	document := func(n int) []byte {
		return []byte(`{"inbound_rules":[],"outbound_rules":[{}` + strings.Repeat(",{}", n-1) + `]}`)
	}
	if _, out, err := rules.ParseDocumentV1(document(rules.MaxStored)); err != nil || len(out) != rules.MaxStored {
		t.Errorf("%d rules, %v", len(out), err)
	}
	_, _, err := rules.ParseDocumentV1(document(rules.MaxStored + 1))
	if want := "outbound_rules: 100001 rules, more than any profile can hold"; err == nil || err.Error() != want {
		t.Errorf("error %v, want %s", err, want)
	}
}

func TestTooManyLines(t *testing.T) {
	t.Parallel()
	listing := func(n int) string { return "Inbound rules:\nOutbound rules:\n" + strings.Repeat("allow\n", n) }
	if _, out, err := rules.ParseListing(listing(rules.MaxStored), rules.AsStored); err != nil || len(out) != rules.MaxStored {
		t.Errorf("%d rules, %v", len(out), err)
	}
	_, _, err := rules.ParseListing(listing(rules.MaxStored+1), rules.AsStored)
	if want := "line 100003: more than 100000 outbound rules, which no profile can hold"; err == nil || err.Error() != want {
		t.Errorf("error %v, want %s", err, want)
	}
}
