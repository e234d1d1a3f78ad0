package verdict_test

import (
	"fmt"
	"net/netip"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/calicoctl/calicoctl/pkg/rules"
	"github.com/calicoctl/calicoctl/pkg/verdict"
)

// explain evaluates rules, one a line, and says what a reader needs of the
// verdict: the outcome, the deciding step, and each step.
func explain(t *testing.T, lines string, p verdict.Packet) string {
	t.Helper()
	var set verdict.Ruleset
	for line := range strings.Lines(lines) {
		line = strings.TrimSpace(line)
		r, err := rules.ParseLine(line, rules.AsStored)
		if err != nil {
			t.Fatal(err)
		}
		stored := rules.Stored{Rule: r}
		if r.Unsupported == "" {
			if stored, err = rules.EncodeV3(r); err != nil {
				t.Fatal(err)
			}
		}
		set.Rules = append(set.Rules, stored)
	}
	v := verdict.Evaluate([]verdict.Ruleset{set}, p, func(tag string) string { return "<" + tag + ">" })
	out := fmt.Sprintf("%s %d\n", v.Verdict, v.Decider)
	for _, s := range v.Steps {
		out += fmt.Sprintf("%d %s %s%s", s.Rule, s.Match, s.Why, joined(s.Needs))
		if s.Matters {
			out += " !"
		}
		out += "\n"
	}
	for _, e := range v.Examples {
		out += fmt.Sprintf("%s with %s\n", e.Verdict, joined(e.With))
	}
	return out
}

func joined[T fmt.Stringer](list []T) string {
	var texts []string
	for _, item := range list {
		texts = append(texts, item.String())
	}
	return strings.Join(texts, ", ")
}

func number(n int) *int { return &n }

func address(text string) []netip.Addr { return []netip.Addr{netip.MustParseAddr(text)} }

func TestEvaluate(t *testing.T) {
	t.Parallel()
	apps := verdict.End{Labels: []map[string]string{verdict.TagLabels("applications")}}
	for _, test := range []struct {
		name, rules string
		packet      verdict.Packet
		want        string
	}{
		{
			"the first that fits decides", "allow from tag databases\nallow tcp from tag applications to ports 3306\ndeny",
			verdict.Packet{Protocol: "tcp", From: verdict.End{Name: "10.65.0.3 (container app-1)", Labels: apps.Labels}, To: verdict.End{Port: 3306}},
			"allowed 1\n0 no 10.65.0.3 (container app-1) does not have tag <databases>\n1 yes \n",
		},
		{"no rule", "", verdict.Packet{}, "denied -1\n"},
		{"no rule fits", "allow udp", verdict.Packet{Protocol: "tcp"}, "denied -1\n0 no the protocol is tcp\n"},
		{"log goes on", "log\nallow", verdict.Packet{}, "allowed 1\n0 yes \n1 yes \n"},
		{"pass leaves", "pass\nallow", verdict.Packet{}, "denied -1\n0 yes \n"},
		{
			"a port that is not known", "deny udp\nallow tcp to ports 80,443",
			verdict.Packet{Protocol: "tcp"},
			"depends -1\n0 no the protocol is tcp\n1 maybe the destination port !\n" +
				"allowed with the destination port 80\ndenied with the destination port 81\n",
		},
		{
			"what is not known does not matter", "allow tcp to ports 80\nallow",
			verdict.Packet{Protocol: "tcp"},
			"allowed 1\n0 maybe the destination port\n1 yes \n",
		},
		{
			"two rules together leave nothing open", "allow tcp to ports 1:4000\nallow tcp to ports 4001:65535\ndeny",
			verdict.Packet{Protocol: "tcp"},
			"allowed -1\n0 maybe the destination port\n1 maybe the destination port\n2 yes \n",
		},
		{
			"a log that may fit does not matter", "log tcp\ndeny",
			verdict.Packet{},
			"denied 1\n0 maybe the protocol\n1 yes \n",
		},
		{
			"ports tell something about the protocol", "deny icmp\ndeny 50\nallow",
			verdict.Packet{To: verdict.End{Port: 80}},
			"allowed 2\n0 no a packet with ports is tcp, udp or sctp\n1 no a packet with ports is tcp, udp or sctp\n2 yes \n",
		},
		{
			"addresses tell something about the protocol", "deny icmp\nallow",
			verdict.Packet{From: verdict.End{Addrs: address("fd00::1")}},
			"allowed 1\n0 no the packet is IPv6\n1 yes \n",
		},
		{
			"numbers are names", "allow 6 to ports 80", verdict.Packet{Protocol: "tcp", To: verdict.End{Port: 80}}, "allowed 0\n0 yes \n",
		},
		{
			"types", "deny icmp not type 8\ndeny icmp type 8 code 1\nallow icmp type 8",
			verdict.Packet{Protocol: "icmp", ICMPType: number(8), ICMPCode: number(0)},
			"allowed 2\n0 no the type is 8\n1 no the code is 0\n2 yes \n",
		},
		{
			"a code that is not known", "allow icmp type 3 code 4",
			verdict.Packet{Protocol: "1", ICMPType: number(3)},
			"depends -1\n0 maybe the message code !\nallowed with the message code 4\ndenied with the message code 0\n",
		},
		{
			"a negated list of the other version is not rendered", "allow from not cidr 10.0.0.0/8",
			verdict.Packet{From: verdict.End{Addrs: address("fd00::1")}},
			"denied -1\n0 no the packet is IPv6\n",
		},
		{
			"addresses", "deny from cidr 10.0.0.0/8,172.16.0.0/12,192.168.0.0/16,198.18.0.0/15\ndeny to not cidr 10.0.0.0/8\nallow",
			verdict.Packet{From: verdict.End{Addrs: address("203.0.113.9")}, To: verdict.End{Addrs: address("10.1.2.3")}},
			"allowed 2\n0 no 203.0.113.9 is not in 10.0.0.0/8,172.16.0.0/12,192.168.0.0/16 and 1 more\n1 no 10.1.2.3 is in 10.0.0.0/8\n2 yes \n",
		},
		{
			"tag and selector are of one endpoint", "allow from tag a selector \"b == 'x'\"",
			verdict.Packet{From: verdict.End{Labels: []map[string]string{{"a": ""}, {"b": "x"}}}},
			"denied -1\n0 no the source does not match the selector\n",
		},
		{
			"what may not match is of the same network set", "allow from tag zone not tag tb",
			verdict.Packet{From: verdict.End{Labels: []map[string]string{{"zone": ""}, {"tb": ""}}}},
			"allowed 0\n0 yes \n",
		},
		{
			"no set has the one and not the other", "allow from tag zone not tag tb",
			verdict.Packet{From: verdict.End{Labels: []map[string]string{{"zone": "", "tb": ""}, {"x": ""}}}},
			"denied -1\n0 no the source has tag <tb>\n",
		},
		{
			"without a tag, none may match", "allow from not tag tb",
			verdict.Packet{From: verdict.End{Labels: []map[string]string{{"zone": ""}, {"tb": ""}}}},
			"denied -1\n0 no the source has tag <tb>\n",
		},
		{
			"not tag and not selector are two exclusions", "allow from not tag a not selector \"has(b)\"",
			verdict.Packet{From: verdict.End{Labels: []map[string]string{{"b": "x"}}}},
			"denied -1\n0 no the source matches the selector\n",
		},
		{
			"no selector matches what is no endpoint", "allow from selector \"all()\"\nallow from selector \"!has(a)\"\nallow from not tag a",
			verdict.Packet{From: verdict.End{Addrs: address("203.0.113.9")}},
			"allowed 2\n0 no 203.0.113.9 does not match the selector\n1 no 203.0.113.9 does not match the selector\n2 yes \n",
		},
		{
			"it may be an endpoint", "allow from selector \"!has(a)\"",
			verdict.Packet{From: verdict.End{Unknown: true}},
			"depends -1\n0 maybe to know whether the source is an endpoint !\n" +
				"allowed with a source that is an endpoint without labels\ndenied with a source that is no endpoint\n",
		},
		{
			"criteria without words", "allow tcp to ports 80 [http GET /foo]",
			verdict.Packet{Protocol: "tcp", To: verdict.End{Port: 80}},
			"depends -1\n0 maybe to know whether its criteria in brackets hold !\n" +
				"allowed with [http GET /foo] holding\ndenied with [http GET /foo] not holding\n",
		},
		{
			"criteria without words of a rule that fails", "allow tcp to ports 80 [http GET /foo]",
			verdict.Packet{Protocol: "udp"},
			"denied -1\n0 no the protocol is udp\n",
		},
		{
			"there is no such packet", "allow", verdict.Packet{Protocol: "icmpv6", From: verdict.End{Addrs: address("10.0.0.1")}}, "denied -1\n",
		},
	} {
		if diff := cmp.Diff(test.want, explain(t, test.rules, test.packet)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", test.name, diff)
		}
	}
}

// What is only noted about a rule does not decide.
func TestEvaluateIgnoresMetadata(t *testing.T) {
	t.Parallel()
	for raw, want := range map[string]verdict.Verdict{
		`{"action":"Allow","metadata":{"annotations":{"owner":"net-team"}}}`:                            verdict.Allowed,
		`{"action":"Allow","METADATA":{"annotations":{"a":"b"}},"source":{"selector":"has(b)"}}`:        verdict.Denied,
		`{"action":"Allow","metadata":{"annotations":{"a":"b"}},"http":{"methods":["GET"]}}`:            verdict.Depends,
		`{"action":"Allow","source":{"namespaceSelector":"global()"}}`:                                  verdict.Depends,
		`{"action":"Allow","protocol":"TCP","destination":{"ports":["metrics",9100]}}`:                  verdict.Depends,
		`{"action":"Allow","source":{"selector":"has(b)","serviceAccounts":{"names":["api"]}}}`:         verdict.Denied,
		`{"action":"Allow","source":{"selector":"this is none"}}`:                                       verdict.Depends,
		`{"action":"Deny","destination":{"services":{"name":"kube-dns","namespace":"kube-system"}}}`:    verdict.Denied,
		`{"action":"Allow","protocol":"TCP","notProtocol":"UDP","destination":{"notNets":["::1/128"]}}`: verdict.Depends,
	} {
		set := verdict.Ruleset{Rules: []rules.Stored{rules.DecodeV3([]byte(raw))}}
		if v := verdict.Evaluate([]verdict.Ruleset{set}, verdict.Packet{Protocol: "tcp"}, nil); v.Verdict != want {
			t.Errorf("%s: %+v, want %s", raw, v, want)
		}
	}
}

func TestEvaluateProfiles(t *testing.T) {
	t.Parallel()
	set := func(text string) verdict.Ruleset {
		r, err := rules.ParseLine(text, rules.AsNew)
		if err != nil {
			t.Fatal(err)
		}
		stored, err := rules.EncodeV3(r)
		if err != nil {
			t.Fatal(err)
		}
		return verdict.Ruleset{Rules: []rules.Stored{stored}}
	}
	dropped := verdict.Ruleset{Drops: "there is no such profile"}
	for _, test := range []struct {
		sets      []verdict.Ruleset
		want      verdict.Verdict
		set, rule int
	}{
		{[]verdict.Ruleset{set("pass"), set("allow")}, verdict.Allowed, 1, 0},
		{[]verdict.Ruleset{set("allow udp"), set("allow")}, verdict.Allowed, 1, 0},
		{[]verdict.Ruleset{set("deny"), set("allow")}, verdict.Denied, 0, 0},
		{[]verdict.Ruleset{dropped, set("allow")}, verdict.Denied, 0, -1},
		{[]verdict.Ruleset{set("allow"), dropped}, verdict.Allowed, 0, 0},
	} {
		v := verdict.Evaluate(test.sets, verdict.Packet{Protocol: "tcp"}, nil)
		if v.Verdict != test.want || v.Decider < 0 || v.Steps[v.Decider].Set != test.set || v.Steps[v.Decider].Rule != test.rule {
			t.Errorf("%+v, want %+v", v, test)
		}
	}
}

// However many rules there are, the search for examples comes to an end.
func TestEvaluateGivesUp(t *testing.T) {
	t.Parallel()
	var set verdict.Ruleset
	for i := range 400 {
		r := rules.Rule{Action: rules.Allow, Protocol: "tcp"}
		r.From.Ports = []rules.PortRange{{First: 1 + i*7, Last: 3 + i*7}}
		r.To.Ports = []rules.PortRange{{First: 1 + i*11, Last: 5 + i*11}}
		r.From.Nets = []netip.Prefix{netip.PrefixFrom(netip.AddrFrom4([4]byte{10, 0, byte(i / 256), byte(i)}), 32)}
		stored, err := rules.EncodeV3(r)
		if err != nil {
			t.Fatal(err)
		}
		set.Rules = append(set.Rules, stored)
	}
	v := verdict.Evaluate([]verdict.Ruleset{set, {Rules: []rules.Stored{{Rule: rules.Rule{Action: rules.Deny}}}}}, verdict.Packet{}, nil)
	if v.Verdict != verdict.Depends || len(v.Examples) != 2 {
		t.Errorf("%s with %d examples", v.Verdict, len(v.Examples))
	}
	for i := range set.Rules { // now nothing is allowed, but to find out takes for ever
		set.Rules[i].Rule.Action = rules.Deny
	}
	never := rules.Entity{Ports: []rules.PortRange{{First: 9, Last: 8}}}
	set.Rules = append(set.Rules, rules.Stored{Rule: rules.Rule{Action: rules.Allow, Protocol: "tcp", To: never}})
	if v := verdict.Evaluate([]verdict.Ruleset{set}, verdict.Packet{}, nil); v.Verdict != verdict.Depends || v.Examples != nil {
		t.Errorf("%s with %d examples, want none", v.Verdict, len(v.Examples))
	}
}

// Felix marks a packet that passes, and never removes the mark.
func TestStaleMark(t *testing.T) {
	t.Parallel()
	tcp := verdict.Packet{Protocol: "tcp"}
	v4 := verdict.Packet{Protocol: "tcp", IPVersion: 4}
	for _, test := range []struct {
		name   string
		sets   [2][]string
		packet verdict.Packet
		want   verdict.Verdict
		stale  int // how many steps
	}{
		{"a rule that does not match", [2][]string{{"pass tcp"}, {"pass udp", "allow"}}, tcp, verdict.Denied, 1},
		{"not without a mark", [2][]string{{"pass udp"}, {"pass udp", "allow"}}, tcp, verdict.Allowed, 0},
		{"what is before decides", [2][]string{{"pass tcp"}, {"allow", "pass udp"}}, tcp, verdict.Allowed, 0},
		{"a rule of the other IP version", [2][]string{{"pass tcp"}, {"pass ipversion 6", "allow"}}, v4, verdict.Allowed, 0},
		{"a protocol of the other IP version", [2][]string{{"pass tcp"}, {"pass icmpv6", "allow"}}, v4, verdict.Allowed, 0},
		{"a list of the other IP version", [2][]string{{"pass tcp"}, {"pass from not cidr fd00::/8", "allow"}}, v4, verdict.Allowed, 0},
		{"a list of this IP version", [2][]string{{"pass tcp"}, {"pass icmp from 10.0.0.0/8", "allow"}}, v4, verdict.Denied, 1},
		{"an IP version that is not known", [2][]string{{"pass tcp"}, {"pass icmp", "allow"}}, tcp, verdict.Depends, 0},
		{"a mark that is not known", [2][]string{{"pass tcp to ports 80"}, {"pass udp", "allow"}}, v4, verdict.Depends, 0},
		{"not in one profile", [2][]string{{"log", "pass udp"}, {"pass udp", "allow"}}, tcp, verdict.Allowed, 0},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			got := verdict.Evaluate([]verdict.Ruleset{{Rules: storedLines(t, test.sets[0]...)}, {Rules: storedLines(t, test.sets[1]...)}}, test.packet, nil)
			stale := 0
			for _, s := range got.Steps {
				if s.StaleMark {
					stale++
				}
			}
			if got.Verdict != test.want || stale != test.stale {
				t.Errorf("%s with %d stale marks, want %s with %d: %+v", got.Verdict, stale, test.want, test.stale, got.Steps)
			}
		})
	}
}
