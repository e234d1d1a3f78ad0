package verdict_test

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/calicoctl/calicoctl/pkg/rules"
	"github.com/calicoctl/calicoctl/pkg/verdict"
)

// storedLines reads the rules of a list as DecodeV3 would give them.
func storedLines(t testing.TB, lines ...string) []rules.Stored {
	t.Helper()
	list := make([]rules.Stored, len(lines))
	for i, line := range lines {
		if strings.HasPrefix(line, "{") {
			list[i] = rules.DecodeV3([]byte(line))
			continue
		}
		r, err := rules.ParseLine(line, rules.AsStored)
		if err != nil {
			t.Fatalf("%s: %v", line, err)
		}
		if list[i], err = rules.EncodeV3(r); err != nil {
			t.Fatalf("%s: %v", line, err)
		}
	}
	return list
}

// deadRules has lists of rules, and which of each are dead and why: "3: 1 2" is the
// third by the first and second, "3: =1" because it is the same, and "3:" because
// it fits nothing.
func deadRules() []struct{ lines, want string } {
	return []struct{ lines, want string }{
		// One covers another.
		{"allow; deny tcp", "2: 1"},
		{"allow tcp; deny", ""},
		{"allow tcp to ports 1:100; deny tcp to ports 22", "2: 1"},
		{"allow tcp to ports 22; deny tcp to ports 22,23", ""},
		{"allow tcp to ports 22; deny udp to ports 22", ""},
		{"allow tcp from ports 22; deny tcp to ports 22", ""},
		{"allow 6; deny tcp to ports 22", "2: 1"},
		{"allow not udp; deny tcp", "2: 1"},
		{"allow not udp; deny udp", ""},
		{"allow from 10.0.0.0/8; deny from 10.1.2.3", "2: 1"},
		{"allow from 10.1.0.0/16; deny from 10.0.0.0/8", ""},
		{"allow to 10.0.0.0/8; deny from 10.1.2.3", ""},
		{"allow from fd00::/8; deny from fd00::1", "2: 1"},
		{"allow from 0.0.0.0/0; deny from 10.0.0.0/8", "2: 1"},
		{"allow from 0.0.0.0/0; deny", ""},
		{"allow icmp type 8; deny icmp type 8 code 0", "2: 1"},
		{"allow icmp type 8 code 0; deny icmp type 8", ""},
		{"allow icmp type 8; deny icmp type 8 code 255; deny icmp type 9 code 0", "2: 1"},
		{"allow icmp not type 8; deny icmp type 0", "2: 1"},
		{"allow ipversion 4; deny from 10.0.0.0/8", "2: 1"},
		{"allow ipversion 6; deny from 10.0.0.0/8", ""},
		{"pass tcp; deny tcp to ports 80", "2: 1"},

		// Lists that say the same otherwise.
		{"allow tcp to ports 80,443; allow tcp to ports 443,80", "2: =1"},
		{"allow tcp to ports 80:81; allow tcp to ports 80,81", "2: 1"},
		{"allow from 10.0.0.0/9,10.128.0.0/9; allow from 10.0.0.0/8", "2: 1"},
		{"allow; allow; allow", "2: =1; 3: =1"},
		{"allow tcp; log; allow tcp", "3: =1"},

		// Several together.
		{"allow tcp to ports 1:100; allow tcp to ports 101:65535; deny tcp to ports 50:200", "3: 1 2"},
		{"allow tcp; deny not tcp; allow udp; pass", "3: 2; 4: 1 2"},
		{"allow ipversion 4; deny ipversion 6; pass", "3: 1 2"},
		{"allow from 0.0.0.0/0; allow from ::/0; deny to tag x", "3: 1 2"},
		{"allow from 0.0.0.0/1; allow udp; allow from 128.0.0.0/1; deny from 10.0.0.0/8,192.168.0.0/16", "4: 1 3"},
		{"allow tcp to ports 1:65535; deny tcp", ""}, // port 0

		// Tags and selectors, as text.
		{"allow from tag a; deny from tag a to tag b", "2: 1"},
		{"allow from tag a; deny to tag a", ""},
		{"allow from tag a; deny from not tag a; pass tcp", "3: 1 2"},
		{"allow from tag a; deny from not tag b; pass", ""},
		{"allow from tag a; allow from tag b; deny from tag a selector \"x == 'y'\"", "3: 1"},
		{"allow from selector \"x == 'y'\"; deny from selector 'x==\"y\"'", ""},
		{"allow from selector \"x == 'y'\"; deny from selector \"x=='y'\" not tag z", "2: 1"},
		{"allow from selector \"all()\"; deny from tag a", ""},
		{"allow from tag a; allow from not selector \"all()\"; deny from tag a not tag b", "3: 1"},
		{"allow from not tag b; deny from tag a not tag b", ""}, // one set of an address has a, and another one b
		{"allow from tag a not tag b; deny from tag a not tag b selector \"x == 'y'\"", "2: 1"},
		{"allow from tag a selector \"x == 'y'\"; allow from not selector \"x == 'y'\"; deny from tag a", ""},
		{`{"action":"Allow","source":{"selector":"has(a)"}}; {"action":"Deny","source":{"selector":"a == ''"}}`, ""},
		{`{"action":"Allow","source":{"selector":"a==''"}}; {"action":"Deny","source":{"selector":"(a == \"\") && has(b)"}}`, "2: 1"},
		{`{"action":"Allow","source":{"selector":"(a == '') && has(b)"}}; {"action":"Deny","source":{"selector":"(has(c) || has(d)) && has(b)"}}`, ""},

		// Those that fit nothing.
		{"allow tcp to ports 80 not ports 80", "1:"},
		{"deny from 10.0.0.0/8 not cidr 10.0.0.0/8", "1:"},
		{"deny from tag a not tag a", "1:"},
		{"deny from selector \"x == 'y'\" not selector \"x == 'y'\"", "1:"},
		{"deny from 10.0.0.0/8 not cidr 10.0.0.0/9,10.128.0.0/9; allow", "1:"},
		{"deny from tag a to not tag a", ""},

		// A log does not decide, and is dead behind what does.
		{"log; deny tcp", ""},
		{"log tcp; log tcp", ""},
		{"allow tcp; log tcp to ports 22; log udp", "2: 1"},

		// What never decides is not the reason.
		{"deny tcp; deny not tcp; allow; deny tcp to ports 80", "3: 1 2; 4: 1"},
		{"allow; deny tcp; deny tcp", "2: 1; 3: 1"},
		{"deny tcp to ports 50:75; deny tcp to ports 76:100; allow tcp; deny tcp to ports 50:100", "4: 1 2"},

		// A rule is about the IP versions of its protocol and of each of its lists.
		{"allow ipversion 4; deny icmp", "2: 1"},
		{"allow ipversion 6; deny icmp", ""},
		{"allow ipversion 4 icmp; deny icmp", "2: 1"},
		{"allow icmp; deny icmp", "2: 1"},
		{"allow icmp type 8; allow icmp not type 8; deny icmp", "3: 1 2"},
		{"allow icmp type 8; allow icmp not type 8; deny ipversion 4 icmp", "3: 1 2"},
		{"allow icmp; deny ipversion 4 1", "2: 1"},
		{"allow; deny ipversion 6 1", "2:"},
		{"allow ipversion 4; allow from not cidr 10.0.0.0/8", "2: 1"},
		{"allow from not cidr 10.0.0.0/8; deny ipversion 6", ""},
		{"allow from not cidr 10.0.0.0/8; deny ipversion 6; deny from fd00::1", "3: 2"},
		{"allow from not cidr 10.0.0.0/8; allow from 10.0.0.0/8; deny ipversion 4", "3: 1 2"},

		// Criteria without words only narrow; what Felix refuses means nothing.
		{`{"action":"Allow","http":{"methods":["GET"]}}; deny`, ""},
		{`allow; {"action":"Deny","http":{"methods":["GET"]}}`, "2: 1"},
		{`{"action":"Deny","http":{"methods":["GET"]}}; {"action":"Deny","http":{"methods":["GET"]}}`, "2: =1"},
		{`{"action":"Deny","x":80}; {"action":"Deny","x":"80"}`, ""},
		{`{"action":"Allow","protocol":"TCP","destination":{"ports":[0]}}; {"action":"Deny","protocol":"TCP","destination":{"ports":[0]}}`, ""},
		{`allow; {"action":"Alow"}; deny`, "3: 1"},
	}
}

func TestFindDead(t *testing.T) {
	t.Parallel()
	for _, test := range deadRules() {
		list := storedLines(t, strings.Split(test.lines, "; ")...)
		dead, unknown := verdict.FindUnreachable(list)
		if got := deadText(dead); got != test.want || len(unknown) > 0 {
			t.Errorf("%s\nis dead: %q, want %q (unknown: %v)", strings.ReplaceAll(test.lines, "; ", "\n"), got, test.want, unknown)
		}
	}
}

func deadText(dead []verdict.Unreachable) string {
	var parts []string
	for _, d := range dead {
		text := fmt.Sprintf("%d:", d.Index+1)
		for _, by := range d.By {
			text += " "
			if d.Same {
				text += "="
			}
			text += fmt.Sprint(by + 1)
		}
		parts = append(parts, text)
	}
	return strings.Join(parts, "; ")
}

// No packet gets to a rule that is called dead. The packets are at the edges of
// what that rule says, and of what the others say.
func TestDeadRulesNeverDecide(t *testing.T) {
	t.Parallel()
	lists, packets := 15, 100_000
	if testing.Short() {
		lists = 4
	}
	for seed := uint64(0); lists > 0; seed++ {
		g := newListGenerator(seed)
		list := g.list(4 + g.IntN(10))
		dead, _ := verdict.FindUnreachable(list)
		if len(dead) == 0 {
			continue
		}
		lists--
		for n := range packets {
			r := &list[dead[n%len(dead)].Index].Rule
			if n%4 == 0 {
				r = &list[g.IntN(len(list))].Rule
			}
			p := g.packet(r)
			if got := wronglyDead(&p, list, dead); got >= 0 {
				t.Fatalf("seed %d: rule %d is called dead (%s), but gets %+v in\n%s", seed, got+1, deadText(dead), p, linesOf(list))
			}
		}
	}
}

// wronglyDead returns a rule that is called dead and gets the packet, or -1.
func wronglyDead(p *packet, list []rules.Stored, dead []verdict.Unreachable) int {
	index, logged := p.decides(list)
	for _, got := range append(logged, index) {
		if slices.ContainsFunc(dead, func(d verdict.Unreachable) bool { return d.Index == got }) {
			return got
		}
	}
	return -1
}

func linesOf(list []rules.Stored) string {
	var out strings.Builder
	for i, s := range list {
		fmt.Fprintf(&out, "%3d %s\n", i+1, rules.Format(s.Rule))
	}
	return out.String()
}

// Where there are so few packets that all can be tried, exactly those rules are
// dead that none gets to. Tags and selectors must be such that each may be true
// or false whatever the others are.
func TestDeadRulesAreAllFound(t *testing.T) {
	t.Parallel()
	lists := uint64(1000)
	if testing.Short() {
		lists = 200
	}
	found := 0
	for seed := range lists {
		g := newListGenerator(seed)
		g.beyond, g.oneLabel = false, true
		g.protocols = []rules.Protocol{"tcp", "icmp", "6", "47"}
		g.ports = []rules.PortRange{{First: 22, Last: 22}, {First: 22, Last: 80}, {First: 1, Last: 21}}
		g.tags = []rules.Tag{{Name: "a"}, {Name: "b"}}
		g.selectors = []string{"role == 'x'"}
		g.nets = []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8"), netip.MustParsePrefix("10.0.0.0/9"), netip.MustParsePrefix("0.0.0.0/0")}
		g.criteria = 0.12
		list := g.list(2 + g.IntN(5))
		dead, unknown := verdict.FindUnreachable(list)
		got := map[int]bool{}
		for _, d := range dead {
			got[d.Index] = true
		}
		found += len(dead)
		if want := deadByTrial(list); !cmp.Equal(got, want) || len(unknown) > 0 {
			t.Fatalf("seed %d: dead are %v, but no packet gets to %v in\n%s", seed, got, want, linesOf(list))
		}
	}
	if found < int(lists)/10 {
		t.Errorf("only %d dead rules in %d lists", found, lists)
	}
}

// deadByTrial tries one packet of each kind that the rules tell apart.
func deadByTrial(list []rules.Stored) map[int]bool {
	dead := map[int]bool{}
	for i := range list {
		dead[i] = true
	}
	addresses := [2][]netip.Addr{
		{netip.MustParseAddr("10.0.0.1"), netip.MustParseAddr("10.200.0.1"), netip.MustParseAddr("192.0.2.1")},
		{netip.MustParseAddr("fd00::1")},
	}
	ports := []int{0, 1, 22, 50, 81}
	zero, three := 0, 3
	messages := []rules.ICMP{{Type: 8, Code: &zero}, {Type: 8, Code: &three}, {Type: 0, Code: &zero}, {Type: 7, Code: &zero}}
	try := func(p packet) {
		index, logged := p.decides(list)
		delete(dead, index)
		for _, i := range logged {
			delete(dead, i)
		}
	}
	allFrom, allTo := labelSets(list, func(r rules.Rule) rules.Entity { return r.From }), labelSets(list, func(r rules.Rule) rules.Entity { return r.To })
	for version := range 2 {
		for _, from := range addresses[version] {
			for _, to := range addresses[version] {
				for _, fromLabels := range allFrom {
					for _, toLabels := range allTo {
						tryProtocols(packet{from: from, to: to, fromLabels: fromLabels, toLabels: toLabels}, ports, messages, try)
					}
				}
			}
		}
	}
	return dead
}

func tryProtocols(p packet, ports []int, messages []rules.ICMP, try func(packet)) {
	p.icmp = messages[0]
	for _, p.protocol = range []int{47, 2} {
		try(p)
	}
	p.protocol = 6
	for _, p.fromPort = range ports {
		for _, p.toPort = range ports {
			try(p)
		}
	}
	p.protocol = 1
	for _, p.icmp = range messages {
		if p.from.Is4() {
			try(p)
		}
	}
}

// labelSets has every combination of what the rules ask of an end.
func labelSets(list []rules.Stored, end func(rules.Rule) rules.Entity) []map[string]string {
	var asked [][2]string
	for _, l := range [][2]string{{"a", ""}, {"b", ""}, {"role", "x"}} {
		if slices.ContainsFunc(list, func(s rules.Stored) bool {
			e := end(s.Rule)
			return e.Tag.Name == l[0] || e.NotTag.Name == l[0] || strings.HasPrefix(e.Selector+e.NotSelector, l[0])
		}) {
			asked = append(asked, l)
		}
	}
	var all []map[string]string
	for i := range 1 << len(asked) {
		labels := map[string]string{}
		for bit, l := range asked {
			if i&(1<<bit) != 0 {
				labels[l[0]] = l[1]
			}
		}
		all = append(all, labels)
	}
	return all
}

// FuzzDead makes lists of rules of any bytes, and tries packets at the edges.
func FuzzDead(f *testing.F) {
	for seed := range uint64(8) {
		f.Add(seed, "allow", "deny from tag a")
	}
	for _, test := range deadRules() {
		lines := strings.Split(test.lines, "; ")
		f.Add(uint64(len(lines)), lines[0], lines[len(lines)-1])
	}
	f.Fuzz(func(t *testing.T, seed uint64, first, last string) {
		g := newListGenerator(seed)
		list := g.list(g.IntN(6))
		for i, line := range []string{first, last} {
			r, err := rules.ParseLine(line, rules.AsStored)
			s := rules.Stored{Rule: r, JSON: []byte(line)}
			if err != nil || len(s.Invalid()) > 0 || len(r.From.NotNets)+len(r.To.NotNets) > 0 || usesOther(g, r) {
				return
			}
			list = slices.Insert(list, i*len(list), s)
		}
		dead, _ := verdict.FindUnreachable(list)
		for range 2000 {
			p := g.packet(&list[g.IntN(len(list))].Rule)
			if got := wronglyDead(&p, list, dead); got >= 0 {
				t.Fatalf("rule %d is called dead (%s), but gets %+v in\n%s", got+1, deadText(dead), p, linesOf(list))
			}
		}
	})
}

// usesOther reports whether a rule has selectors that the test cannot evaluate.
func usesOther(g *listGenerator, r rules.Rule) bool {
	for _, s := range []string{r.From.Selector, r.From.NotSelector, r.To.Selector, r.To.NotSelector} {
		if s != "" && !slices.Contains(g.selectors, s) {
			return true
		}
	}
	return false
}
