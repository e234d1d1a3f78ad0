package verdict_test

import (
	"testing"

	"github.com/calicoctl/calicoctl/pkg/rules"
	"github.com/calicoctl/calicoctl/pkg/verdict"
)

// Rules that other programs stored, and what Felix was seen to do with them.
func TestStoredByOthers(t *testing.T) {
	t.Parallel()
	tcp := verdict.Packet{Protocol: "tcp", From: verdict.End{Addrs: address("9.1.2.3")}, To: verdict.End{Port: 80}}
	icmp := verdict.Packet{Protocol: "icmp", ICMPType: number(8), ICMPCode: number(0)}
	for _, test := range []struct {
		name, rule string
		packet     verdict.Packet
		want       verdict.Verdict
		drops      bool // the profile drops everything
		keepsTags  bool
	}{
		{"a port that is none", `{"action":"Allow","protocol":"TCP","destination":{"ports":[0]}}`, tcp, verdict.Denied, true, false},
		{"a range as the name of a port", `{"action":"Allow","protocol":"TCP","destination":{"ports":["80-90"]}}`, tcp, verdict.Depends, true, false},
		{"a protocol in lower case", `{"action":"Allow","protocol":"tcp"}`, tcp, verdict.Allowed, false, false},
		{"a bare address", `{"action":"Allow","source":{"nets":["9.1.2.3"]}}`, tcp, verdict.Allowed, false, false},
		{"both IP versions", `{"action":"Allow","source":{"nets":["9.0.0.0/8","fd00::/8"]}}`, tcp, verdict.Allowed, false, false},
		{"no network", `{"action":"Allow","source":{"nets":["foo"]}}`, tcp, verdict.Allowed, false, false},
		{"a prefix that is too long", `{"action":"Allow","source":{"nets":["10.0.0.0/33"]}}`, tcp, verdict.Allowed, false, false},
		{"a zone", `{"action":"Allow","source":{"nets":["fe80::1%eth0/128"]}}`, tcp, verdict.Allowed, false, false},
		{"no network beside one", `{"action":"Allow","source":{"nets":["foo","10.0.0.0/8"]}}`, tcp, verdict.Denied, false, false},
		{"no action", `{"protocol":"TCP"}`, tcp, verdict.Allowed, false, true},
		{"an empty action", `{"action":"","protocol":"TCP"}`, tcp, verdict.Allowed, false, true},
		{"a code without a type", `{"action":"Allow","protocol":"ICMP","icmp":{"code":3}}`, icmp, verdict.Allowed, false, true},
		{"a mapped prefix", `{"action":"Allow","source":{"nets":["::ffff:9.0.0.0/104"]}}`, tcp, verdict.Allowed, false, true},
		{"another mapped prefix", `{"action":"Allow","source":{"nets":["::ffff:10.0.0.0/104"]}}`, tcp, verdict.Denied, false, true},
		{"everything is excluded", `{"action":"Allow","source":{"notNets":["0.0.0.0/0"]}}`, tcp, verdict.Denied, false, false},
		{"metadata", `{"action":"Allow","metadata":{"annotations":{"a":"b"}}}`, tcp, verdict.Allowed, false, true},
		{"a network set twice", `{"action":"Allow","source":{"nets":["9.0.0.0/8","9.0.0.0/8"]}}`, tcp, verdict.Allowed, false, true},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			s := rules.DecodeV3([]byte(test.rule))
			if drops := s.Drops(); (len(drops) > 0) != test.drops {
				t.Errorf("it drops everything: %q", drops)
			}
			if untags := s.Untags(); (len(untags) == 0) != test.keepsTags {
				t.Errorf("there are no tags: %q", untags)
			}
			if got := verdict.Evaluate([]verdict.Ruleset{{Rules: []rules.Stored{s}}}, test.packet, nil); got.Verdict != test.want && !test.drops {
				t.Errorf("%s, want %s", got.Verdict, test.want)
			}
		})
	}
}
