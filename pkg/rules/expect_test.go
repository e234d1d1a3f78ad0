package rules_test

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/calicoctl/calicoctl/pkg/rules"
)

func TestExpect(t *testing.T) {
	t.Parallel()
	const protocols = "tcp udp icmp icmpv6 sctp udplite"
	for _, test := range []struct{ words, next, value string }{
		{"", "allow deny log pass", ""},
		{"allow", "ipversion not " + protocols + " from to", ""},
		{"next-tier", "ipversion not " + protocols + " from to", ""},
		{"allow;ipversion", "4 6", ""},
		{"allow;ipversion;4", "not tcp udp icmp sctp udplite from to", ""},
		{"allow;ipversion;6", "not tcp udp icmpv6 sctp udplite from to", ""},
		{"allow;not", protocols, ""},
		{"allow;not;tcp", "from to", ""},
		{"allow;tcp", "from to", ""},
		{"allow;47", "from to", ""},
		{"allow;icmp", "type not from to", ""},
		{"allow;icmp;not", "type", ""},
		{"allow;icmp;type", "", "a number from 0 to 254"},
		{"allow;icmp;type;8", "code from to", ""},
		{"allow;icmp;type;8;code", "", "a number from 0 to 255"},
		{"allow;icmp;type;8;code;0", "from to", ""},
		{"allow;from", "tag cidr selector not", ""},
		{"allow;tcp;from", "ports tag cidr selector not", ""},
		{"allow;tcp;from;not", "ports tag cidr selector", ""},
		{"allow;tcp;to;ports", "", "ports such as 80,443 or 1000:2000"},
		{"allow;tcp;from;tag;a", "ports cidr selector not to", ""},
		{"allow;tcp;from;tag;a;not", "ports tag cidr selector", ""},
		{"allow;tcp;from;!tag;a;not", "ports cidr selector", ""},
		{"allow;tcp;from;10.0.0.0/8", "ports tag selector not to", ""},
		{"allow;tcp;from;tag;a;to", "ports tag cidr selector not", ""},
		{"allow;tcp;from;tag;a;to;ports;80", "tag cidr selector not", ""},
		{"allow;to;selector", "", `a selector such as "role == 'frontend'"`},
		{"allow;to;selector;has(x) && has(y)", "tag cidr not", ""},
		{"allow;to;cidr", "", "an address or prefix such as 10.0.0.0/8"},
		// Wrong words, or what is wrong before the end.
		{"alow", "", ""},
		{"allow;", "", ""},
		{"allow;tcp;from;port", "", ""},
		{"allow;tcp;not", "", ""},
		{"allow;not;icmp;type", "", ""},
		{"allow;to;tag;to;ports", "", ""},
		{"allow;to;ports;70000", "", ""},
		{"allow;from;tag;a;tag", "", ""},
	} {
		got := rules.Expect(argsOf(test.words))
		want := rules.Expected{Words: strings.Fields(test.next), Value: test.value}
		if len(want.Words) == 0 {
			want.Words = nil
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("behind %q (-want +got):\n%s", test.words, diff)
		}
	}
	for _, words := range []string{"deny;from;tag", "deny;tcp;to;ports;80;not;tag", "deny;from;!tag"} {
		if got := rules.Expect(argsOf(words)); !got.Tag || got.Value != "the name of a tag" || got.Words != nil {
			t.Errorf("behind %q a tag is not expected: %+v", words, got)
		}
	}
}

func argsOf(words string) []string {
	if words == "" {
		return nil
	}
	return strings.Split(words, ";")
}

// At each place of a rule, its next word is among the expected ones, or there is
// a value; and no expected word is refused where it was expected.
func TestExpectAgreesWithTheParser(t *testing.T) {
	t.Parallel()
	var all [][]string
	for _, r := range rightRules {
		all = append(all, argsOf(r.words))
	}
	for _, v := range readVectors[ruleVector](t, "rules-v1.json") {
		if v.CodecOnly == "" {
			all = append(all, v.Words)
		}
	}
	for _, words := range all {
		for i, word := range words {
			could := rules.Expect(words[:i])
			if could.Value == "" && !isValue(word) && !slices.Contains(could.Words, strings.ToLower(word)) {
				t.Errorf("%q: %q is not expected behind the first %d words, but %+v", words, word, i, could)
			}
			for _, next := range could.Words {
				_, err := rules.ParseWords(append(slices.Clone(words[:i]), next), rules.AsNew)
				var wrong *rules.ParseError
				if errors.As(err, &wrong) && wrong.Word <= i+1 {
					t.Errorf("%q behind %q is expected and refused: %v", next, words[:i], err)
				}
			}
		}
	}
}

// isValue reports whether a word is a number, an address, or negated by "!", none
// of which is listed; next-tier is the old word for pass.
func isValue(word string) bool {
	return strings.ContainsAny(word, "0123456789:!") || word == "next-tier"
}
