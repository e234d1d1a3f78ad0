package verdict_test

import (
	"math/rand/v2"
	"net/netip"
	"testing"

	"github.com/calicoctl/calicoctl/pkg/rules"
	"github.com/calicoctl/calicoctl/pkg/verdict"
)

// The evaluator and the analyses of whole lists mean the same by a match: for random
// rules and packets, a packet that Evaluate says the rules in front leave to a rule is
// one that the rule may open something for, and no other.
func TestAnalysesAgreeWithEvaluate(t *testing.T) {
	t.Parallel()
	packets := uint64(40_000)
	if testing.Short() {
		packets = 8_000
	}
	left, taken := 0, 0
	for seed := range packets {
		g := generator{rand.New(rand.NewPCG(seed, 14))}
		list := g.validRules(t, 1+g.IntN(3))
		p := g.wholePacket()
		list = append(list, only(t, p))
		allowed := verdict.Evaluate([]verdict.Ruleset{{Rules: list}}, p, nil)
		want := allowed.Verdict == verdict.Allowed && allowed.Decider == len(list)-1
		way := verdict.NewReachability(labelsOf(p.From), labelsOf(p.To), nil, true, list)
		if got := way.MayOpen(len(list)-1, list[len(list)-1].Rule); got != want {
			t.Fatalf("seed %d: the last rule may decide: %v; Evaluate says %v: %+v\n%s", seed, got, want, p, linesOf(list))
		}
		if want {
			left++
		} else {
			taken++
		}
	}
	if left < int(packets)/10 || taken < int(packets)/10 {
		t.Errorf("%d packets were left and %d taken; both kinds must be tried", left, taken)
	}
}

func (g generator) validRules(t testing.TB, n int) (list []rules.Stored) {
	t.Helper()
	for len(list) < n {
		if s := g.rule().stored(t); s.Rule.Action != rules.Log && len(s.Invalid()) == 0 {
			list = append(list, s)
		}
	}
	return list
}

// wholePacket returns a packet of which all is known.
func (g generator) wholePacket() verdict.Packet {
	addresses, protocols := bruteV4, []rules.Protocol{"tcp", "udp", "sctp", "icmp", "udplite", "50"}
	if g.chance(2) {
		addresses, protocols[3] = bruteV6, "icmpv6"
	}
	p := verdict.Packet{Protocol: pick(g, protocols)}
	if p.Protocol == protocols[3] {
		p.ICMPType, p.ICMPCode = new(int), new(int)
		*p.ICMPType, *p.ICMPCode = pick(g, bruteTypes), pick(g, bruteCodes)
	}
	for _, e := range []*verdict.End{&p.From, &p.To} {
		e.Addrs = []netip.Addr{netip.MustParseAddr(pick(g, addresses))}
		if p.Protocol.HasPorts() {
			e.Port = pick(g, brutePorts)
		}
		e.Labels = pick(g, [][]map[string]string{nil, {{}}, {{"a": ""}}, {{"a": "x", "b": ""}}, {{"b": "x"}}})
	}
	return p
}

// only returns a rule that allows just this packet.
func only(t testing.TB, p verdict.Packet) rules.Stored {
	t.Helper()
	r := rules.Rule{Action: rules.Allow, Protocol: p.Protocol}
	if p.ICMPType != nil {
		r.ICMP = &rules.ICMP{Type: *p.ICMPType, Code: p.ICMPCode}
	}
	entity := func(e verdict.End) (out rules.Entity) {
		if e.Port > 0 {
			out.Ports = []rules.PortRange{{First: e.Port, Last: e.Port}}
		}
		out.Nets = []netip.Prefix{netip.PrefixFrom(e.Addrs[0], e.Addrs[0].BitLen())}
		return out
	}
	r.From, r.To = entity(p.From), entity(p.To)
	s, err := rules.EncodeV3(r)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func labelsOf(e verdict.End) verdict.Labels {
	if e.Labels == nil {
		return verdict.NoEndpoint()
	}
	return verdict.Endpoint(e.Labels[0])
}
