package rules_test

import (
	"net/netip"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/calicoctl/calicoctl/pkg/rules"
)

// What is wrong in the words of a packet, testdata/wrong-words.txt has.
func TestParsePacket(t *testing.T) {
	t.Parallel()
	v4, v6 := netip.MustParseAddr("10.65.0.3"), netip.MustParseAddr("fd00::3")
	for words, want := range map[string]rules.PacketWords{
		"":                   {},
		"TCP":                {Protocol: "tcp"},
		"50":                 {Protocol: "50"},
		"icmp type 8":        {Protocol: "icmp", ICMP: &rules.ICMP{Type: 8}},
		"icmp type 3 code 4": {Protocol: "icmp", ICMP: &rules.ICMP{Type: 3, Code: pointer(4)}},
		"from tag a":         {From: rules.EndWords{Tags: []string{"a"}}},
		"to ports 80":        {To: rules.EndWords{Port: 80}},
		"tcp from tag a tag b ports 1024 10.65.0.3 to ports 80 tag c": {
			Protocol: "tcp",
			From:     rules.EndWords{Tags: []string{"a", "b"}, Port: 1024, Addr: v4},
			To:       rules.EndWords{Tags: []string{"c"}, Port: 80},
		},
		"udp from cidr 10.65.0.3 to endpoint h/docker/w/e ports 53": {
			Protocol: "udp", From: rules.EndWords{Addr: v4}, To: rules.EndWords{Endpoint: "h/docker/w/e", Port: 53},
		},
		"icmpv6 from fd00::3 to container app-1": {
			Protocol: "icmpv6", From: rules.EndWords{Addr: v6}, To: rules.EndWords{Container: "app-1"},
		},
		`6 from ports 1 container "to" to tag "from"`: {
			Protocol: "6", From: rules.EndWords{Port: 1, Container: "to"}, To: rules.EndWords{Tags: []string{"from"}},
		},
	} {
		got, err := rules.ParsePacket(strings.Fields(words))
		if diff := cmp.Diff(want, got, compareAddrs); err != nil || diff != "" {
			t.Errorf("%s: %v (-want +got):\n%s", words, err, diff)
		}
		if got.From.IsZero() != !strings.Contains(words, "from") || got.To.IsZero() != !strings.Contains(words+" ", "to ") {
			t.Errorf("%s: from is zero: %v, to is zero: %v", words, got.From.IsZero(), got.To.IsZero())
		}
	}
}

var compareAddrs = cmp.Comparer(func(a, b netip.Addr) bool { return a == b })

func pointer(n int) *int { return &n }
