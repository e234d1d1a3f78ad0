package verdict_test

import "net/netip"

// What follows says again, in the simplest way and on types of its own, what
// Felix does, to be compared with Evaluate. It shares nothing with the package
// but the JSON of a rule.

type bruteRule struct {
	action         string
	version        int
	proto, notPr   string
	typ, code      int // -1 is absent
	negatedType    bool
	source, target bruteEnd
}

type bruteEnd struct {
	nets, notNets   []string
	ports, notPorts [][2]int
	selector, notSe *bruteSelector
}

// A bruteSelector is a text and what it means.
type bruteSelector struct {
	text    string
	matches func(map[string]string) bool
}

// A brutePacket is one of which everything is known.
type brutePacket struct {
	version      int
	proto        string
	typ, code    int
	sport, dport int
	source, dest string
	sl, dl       []map[string]string
}

func (r bruteRule) fits(p brutePacket) bool {
	if r.version != 0 && r.version != p.version || r.proto != "" && r.proto != p.proto || r.notPr != "" && r.notPr == p.proto {
		return false
	}
	if r.typ >= 0 {
		same := r.typ == p.typ && (r.code < 0 || r.code == p.code)
		if same == r.negatedType {
			return false
		}
	}
	return r.source.fits(p, p.source, p.sport, p.sl) && r.target.fits(p, p.dest, p.dport, p.dl)
}

func (e bruteEnd) fits(p brutePacket, address string, port int, labels []map[string]string) bool {
	within := func(list []string) (inside, rendered bool) {
		for _, text := range list {
			net := netip.MustParsePrefix(text)
			inside = inside || net.Contains(netip.MustParseAddr(address))
			rendered = rendered || net.Addr().Is4() == (p.version == 4)
		}
		return inside, rendered
	}
	if inside, rendered := within(e.nets); len(e.nets) > 0 && (!inside || !rendered) {
		return false
	}
	if inside, rendered := within(e.notNets); len(e.notNets) > 0 && (inside || !rendered) {
		return false
	}
	among := func(list [][2]int) bool {
		for _, r := range list {
			if r[0] <= port && port <= r[1] {
				return true
			}
		}
		return false
	}
	if len(e.ports) > 0 && !among(e.ports) || among(e.notPorts) {
		return false
	}
	some := func(matches func(map[string]string) bool) bool {
		for _, l := range labels {
			if matches(l) {
				return true
			}
		}
		return false
	}
	switch {
	case e.selector != nil && e.notSe != nil: // Felix makes one selector of both
		return some(func(l map[string]string) bool { return e.selector.matches(l) && !e.notSe.matches(l) })
	case e.selector != nil:
		return some(e.selector.matches)
	}
	return e.notSe == nil || !some(e.notSe.matches)
}

// bruteOutcome returns what happens, and the profile and rule that decide, or -1.
func bruteOutcome(sets [][]bruteRule, drops []bool, p brutePacket) (allowed bool, set, rule int) {
	passed := false
profiles:
	for i, list := range sets {
		if drops[i] {
			return false, i, -1
		}
		marked := passed // which Felix never removes
		for j, r := range list {
			if r.action == "Pass" && (r.fits(p) || marked && r.rendered(p.version)) {
				passed = true
				continue profiles
			}
			if !r.fits(p) || r.action == "Log" || r.action == "Pass" {
				continue
			}
			return r.action == "Allow", i, j
		}
	}
	return false, -1, -1
}

// rendered says whether Felix makes anything of a rule for an IP version.
func (r bruteRule) rendered(version int) bool {
	of := r.version
	if of == 0 {
		of = map[string]int{"icmp": 4, "icmpv6": 6}[r.proto]
	}
	if of != 0 && of != version {
		return false
	}
	for _, list := range [][]string{r.source.nets, r.source.notNets, r.target.nets, r.target.notNets} {
		some := len(list) == 0
		for _, text := range list {
			some = some || netip.MustParsePrefix(text).Addr().Is4() == (version == 4)
		}
		if !some {
			return false
		}
	}
	return true
}
