package verdict_test

import (
	"fmt"
	"math/rand/v2"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/calicoctl/calicoctl/pkg/rules"
	"github.com/calicoctl/calicoctl/pkg/verdict"
)

// A bruteCase is profiles and a packet of which some things are not known.
type bruteCase struct {
	sets  [][]bruteRule
	drops []bool
	asked []verdict.Ruleset

	packet verdict.Packet
	ways   []brutePacket // every packet that it may be
}

func newBruteCase(t testing.TB, g generator) bruteCase {
	t.Helper()
	var c bruteCase
	for range 1 + g.IntN(3) {
		var list []bruteRule
		set := verdict.Ruleset{}
		for len(list) < 1+g.IntN(5) {
			r := g.rule()
			stored := r.stored(t)
			if len(stored.Problems) > 0 || stored.Rule.Unsupported != "" {
				t.Fatalf("%s is read as %q with %q", stored.JSON, rules.Format(stored.Rule), stored.Problems)
			}
			if len(stored.Invalid()) == 0 { // Felix would refuse it
				list, set.Rules = append(list, r), append(set.Rules, stored)
			}
		}
		drops := g.chance(20)
		if drops {
			set.Drops = "it is refused"
		}
		c.sets, c.drops, c.asked = append(c.sets, list), append(c.drops, drops), append(c.asked, set)
	}
	c.choosePacket(g)
	return c
}

// choosePacket makes a packet, forgets some of it, and lists all that it may be.
func (c *bruteCase) choosePacket(g generator) {
	version := 4 + 2*g.IntN(2)
	addresses := map[int][]string{4: bruteV4, 6: bruteV6}
	full := brutePacket{
		version: version, proto: pick(g, bruteProtocols), typ: -1, code: -1,
		source: pick(g, addresses[version]), dest: pick(g, addresses[version]),
	}
	if full.proto == "icmp" && version == 6 || full.proto == "icmpv6" && version == 4 {
		full.proto = "tcp"
	}
	unknownSource := false
	ends := [][]map[string]string{nil, {{}}, {{"a": ""}}, {{"a": "x"}, {"b": ""}}, {{"a": "", "b": "x"}}}
	full.sl, full.dl = pick(g, ends), pick(g, ends)
	if g.chance(6) {
		full.sl, unknownSource = nil, true
	}
	known := map[string]bool{}
	for _, what := range []string{"proto", "type", "code", "sport", "dport", "source", "dest"} {
		known[what] = !g.chance(3)
	}
	known["code"] = known["code"] && known["type"]
	c.packet = verdict.Packet{From: verdict.End{Labels: full.sl, Unknown: unknownSource}, To: verdict.End{Labels: full.dl}}
	c.tell(g, &full, known)
	c.allWays(full, known, unknownSource)
}

// tell puts what is known into the packet that is asked about.
func (c *bruteCase) tell(g generator, full *brutePacket, known map[string]bool) {
	p := &c.packet
	switch full.proto {
	case "tcp", "udp", "sctp":
		full.sport, full.dport = pick(g, brutePorts), pick(g, brutePorts)
		if known["sport"] {
			p.From.Port = full.sport
		}
		if known["dport"] {
			p.To.Port = full.dport
		}
	case "icmp", "icmpv6":
		full.typ, full.code = pick(g, bruteTypes), pick(g, bruteCodes)
		if known["type"] && known["proto"] {
			p.ICMPType = &full.typ
		}
		if known["code"] && known["proto"] {
			p.ICMPCode = &full.code
		}
	}
	if known["proto"] {
		p.Protocol = rules.Protocol(full.proto)
	}
	for _, end := range []struct {
		known bool
		addr  string
		into  *[]netip.Addr
	}{{known["source"], full.source, &p.From.Addrs}, {known["dest"], full.dest, &p.To.Addrs}} {
		if end.known {
			*end.into = []netip.Addr{netip.MustParseAddr(end.addr)}
		}
		if end.known && g.chance(5) { // it may also be another one
			*end.into = append(*end.into, netip.MustParseAddr(pick(g, slices.Concat(bruteV4[1:], bruteV6[1:]))))
		}
	}
}

// among returns the addresses of an IP version that an end may have.
func among(end verdict.End, version int, all []string) (list []string) {
	if len(end.Addrs) == 0 {
		return all
	}
	for _, a := range end.Addrs {
		if a.Is4() == (version == 4) {
			list = append(list, a.String())
		}
	}
	return list
}

// maxWays is how many packets are tried for a case; one with more is left out.
const maxWays = 3000

// allWays lists every packet that agrees with what is known.
func (c *bruteCase) allWays(full brutePacket, known map[string]bool, unknownSource bool) {
	p := c.packet
	for _, version := range []int{4, 6} {
		for _, proto := range either(known["proto"], full.proto, bruteProtocols) {
			hasPorts := proto == "tcp" || proto == "udp" || proto == "sctp"
			isICMP := strings.HasPrefix(proto, "icmp")
			if proto == "icmp" && version == 6 || proto == "icmpv6" && version == 4 || !hasPorts && p.From.Port+p.To.Port > 0 {
				continue
			}
			w := full
			w.version, w.proto = version, proto
			addresses := map[int][]string{4: bruteV4, 6: bruteV6}[version]
			for _, w.source = range among(p.From, version, addresses) {
				for _, w.dest = range among(p.To, version, addresses) {
					for _, w.sport = range orNothing(hasPorts, p.From.Port > 0, full.sport, brutePorts, 0) {
						for _, w.dport = range orNothing(hasPorts, p.To.Port > 0, full.dport, brutePorts, 0) {
							for _, w.typ = range orNothing(isICMP, p.ICMPType != nil, full.typ, bruteTypes, -1) {
								for _, w.code = range orNothing(isICMP, p.ICMPCode != nil, full.code, bruteCodes, -1) {
									if len(c.ways) > maxWays {
										c.ways = nil
										return
									}
									c.ways = append(c.ways, w)
								}
							}
						}
					}
				}
			}
		}
	}
	if unknownSource {
		for _, w := range slices.Clone(c.ways) {
			w.sl = []map[string]string{{}}
			c.ways = append(c.ways, w)
		}
	}
}

func either[T any](known bool, value T, all []T) []T {
	if known {
		return []T{value}
	}
	return all
}

func orNothing(possible, known bool, value int, all []int, nothing int) []int {
	if !possible {
		return []int{nothing}
	}
	return either(known, value, all)
}

// like reports whether a packet is as an example assumes.
func (p brutePacket) like(a verdict.Assumption) bool {
	has := map[verdict.Need]string{
		verdict.NeedIPVersion: strconv.Itoa(p.version), verdict.NeedProtocol: p.proto,
		verdict.NeedICMPType: strconv.Itoa(p.typ), verdict.NeedICMPCode: strconv.Itoa(p.code),
		verdict.NeedSourcePort: strconv.Itoa(p.sport), verdict.NeedDestinationPort: strconv.Itoa(p.dport),
		verdict.NeedSourceAddress: p.source, verdict.NeedDestinationAddress: p.dest,
		verdict.NeedSourceEndpoint: map[bool]string{false: "no", true: "yes"}[len(p.sl) > 0],
	}
	return has[a.Need] == a.Value
}

// check compares Evaluate with trying every packet that is meant.
func (c bruteCase) check(t testing.TB) {
	t.Helper()
	got := verdict.Evaluate(c.asked, c.packet, nil)
	outcomes := map[verdict.Verdict]bool{}
	outcomeOf := func(p brutePacket) verdict.Verdict {
		if allowed, _, _ := bruteOutcome(c.sets, c.drops, p); allowed {
			return verdict.Allowed
		}
		return verdict.Denied
	}
	for _, p := range c.ways {
		outcomes[outcomeOf(p)] = true
	}
	want := verdict.Depends
	if len(outcomes) == 1 {
		want = outcomeOf(c.ways[0])
	}
	if got.Verdict != want {
		t.Fatalf("%s, want %s: %s", got.Verdict, want, c)
	}
	if len(c.ways) == 1 {
		c.checkDecider(t, got)
	}
	if want != verdict.Depends {
		return
	}
	if len(got.Examples) != 2 || !slices.ContainsFunc(got.Steps, func(s verdict.Step) bool { return s.Matters && len(s.Needs) > 0 }) {
		t.Fatalf("no examples, or no need: %+v: %s", got, c)
	}
	for _, example := range got.Examples {
		like := 0
		for _, p := range c.ways {
			if !slices.ContainsFunc(example.With, func(a verdict.Assumption) bool { return !p.like(a) }) {
				like++
				if outcomeOf(p) != example.Verdict {
					t.Fatalf("the example %+v is wrong for %+v: %s", example, p, c)
				}
			}
		}
		if like == 0 {
			t.Fatalf("no packet is like the example %+v: %s", example, c)
		}
	}
}

// checkDecider compares who decides about a packet of which all is known.
func (c bruteCase) checkDecider(t testing.TB, got verdict.Result) {
	t.Helper()
	_, set, rule := bruteOutcome(c.sets, c.drops, c.ways[0])
	if set < 0 {
		if got.Decider >= 0 {
			t.Fatalf("step %d decides, want none: %s", got.Decider, c)
		}
		return
	}
	if got.Decider < 0 || got.Steps[got.Decider].Set != set || got.Steps[got.Decider].Rule != rule {
		t.Fatalf("%+v decides, want rule %d of %d: %s", got, rule, set, c)
	}
}

func (c bruteCase) String() string {
	text := fmt.Sprintf("%+v", c.packet)
	for i, set := range c.asked {
		text += fmt.Sprintf("\nprofile %d %s", i, set.Drops)
		for _, r := range set.Rules {
			text += "\n  " + rules.Format(r.Rule)
		}
	}
	return text
}

// For random rules and packets, of which all or only some is known, Evaluate says
// what trying every packet says.
func TestEvaluateAgreesWithBruteForce(t *testing.T) {
	t.Parallel()
	depends, certain := 0, 0
	for seed := range uint64(9_000) {
		c := newBruteCase(t, generator{rand.New(rand.NewPCG(seed, 8))})
		if len(c.ways) == 0 {
			continue
		}
		c.check(t)
		if verdict.Evaluate(c.asked, c.packet, nil).Verdict == verdict.Depends {
			depends++
		} else {
			certain++
		}
		if t.Failed() {
			return
		}
	}
	if depends < 500 || certain < 500 {
		t.Errorf("%d packets depend and %d do not; both kinds must be tried", depends, certain)
	}
}

// FuzzEvaluate is the same for the seeds that the fuzzer thinks of.
func FuzzEvaluate(f *testing.F) {
	f.Add(uint64(1), uint64(2))
	f.Fuzz(func(t *testing.T, a, b uint64) {
		if c := newBruteCase(t, generator{rand.New(rand.NewPCG(a, b))}); len(c.ways) > 0 {
			c.check(t)
		}
	})
}
