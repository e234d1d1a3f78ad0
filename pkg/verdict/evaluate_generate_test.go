package verdict_test

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net/netip"
	"strconv"
	"strings"
	"testing"

	"github.com/calicoctl/calicoctl/pkg/rules"
)

// The domains, small enough to try all of them, and large enough to have a value
// of every class that the rules tell apart.
var (
	bruteProtocols = []string{"tcp", "udp", "sctp", "icmp", "icmpv6", "udplite", "50", "2"}
	brutePorts     = []int{1, 2, 3, 4, 5, 6, 65535}
	bruteTypes     = []int{0, 3, 8, 1}
	bruteCodes     = []int{0, 1, 2}
	bruteV4        = []string{"10.0.0.0", "10.0.0.1", "10.0.0.2", "10.0.0.3", "10.0.0.4", "10.0.0.5", "10.0.0.6", "10.0.0.8", "0.0.0.0"}
	bruteV6        = []string{"fd00::", "fd00::1", "fd00::2", "fd00::3", "fd00::4", "fd00::5", "fd00::6", "fd00::8", "::"}
)

type generator struct{ *rand.Rand }

func pick[T any](g generator, list []T) T { return list[g.IntN(len(list))] }

func (g generator) chance(n int) bool { return g.IntN(n) == 0 }

func (g generator) rule() bruteRule {
	r := bruteRule{typ: -1, code: -1, action: pick(g, []string{"Allow", "Allow", "Deny", "Deny", "Log", "Pass"})}
	if g.chance(8) {
		r.version = 4 + 2*g.IntN(2)
	}
	switch g.IntN(5) {
	case 0, 1, 2:
		r.proto = pick(g, bruteProtocols[:7])
	case 3:
		r.notPr = pick(g, bruteProtocols[:7])
	}
	if strings.HasPrefix(r.proto, "icmp") && g.chance(2) {
		r.typ, r.negatedType = pick(g, bruteTypes[:3]), g.chance(3)
		if g.chance(2) {
			r.code = pick(g, bruteCodes[:2])
		}
	}
	hasPorts := r.proto == "tcp" || r.proto == "udp" || r.proto == "sctp"
	r.source, r.target = g.end(hasPorts), g.end(hasPorts)
	return r
}

func (g generator) end(hasPorts bool) (e bruteEnd) {
	v6 := g.chance(4)
	if g.chance(5) {
		e.nets = g.nets(v6)
	}
	if g.chance(8) {
		e.notNets = g.nets(v6)
	}
	if hasPorts && g.chance(2) {
		e.ports = g.ports()
	}
	if hasPorts && g.chance(8) {
		e.notPorts = g.ports()
	}
	if g.chance(4) {
		e.selector = g.selector(2)
	}
	if g.chance(8) {
		e.notSe = g.selector(2)
	}
	return e
}

func (g generator) nets(v6 bool) (list []string) {
	for range 1 + g.IntN(2) {
		text := pick(g, bruteV4[:5]) + "/" + strconv.Itoa(30+g.IntN(3))
		if v6 {
			text = pick(g, bruteV6[:5]) + "/" + strconv.Itoa(126+g.IntN(3))
		}
		list = append(list, netip.MustParsePrefix(text).Masked().String())
	}
	return list
}

func (g generator) ports() (list [][2]int) {
	for range 1 + g.IntN(2) {
		first := 1 + g.IntN(5)
		list = append(list, [2]int{first, first + g.IntN(6-first)})
	}
	return list
}

func (g generator) selector(depth int) *bruteSelector {
	label, value := pick(g, []string{"a", "b"}), pick(g, []string{"", "x"})
	switch g.IntN(7) {
	case 0:
		return &bruteSelector{label + " == '" + value + "'", func(l map[string]string) bool { v, ok := l[label]; return ok && v == value }}
	case 1:
		return &bruteSelector{label + " != '" + value + "'", func(l map[string]string) bool { v, ok := l[label]; return !ok || v != value }}
	case 2:
		return &bruteSelector{"all()", func(map[string]string) bool { return true }}
	case 3, 4:
		if depth > 0 {
			x, y := g.selector(depth-1), g.selector(depth-1)
			if g.chance(2) {
				return &bruteSelector{"(" + x.text + ") && " + y.text, func(l map[string]string) bool { return x.matches(l) && y.matches(l) }}
			}
			return &bruteSelector{"((" + x.text + ") || (" + y.text + "))", func(l map[string]string) bool { return x.matches(l) || y.matches(l) }}
		}
	}
	return &bruteSelector{"has(" + label + ")", func(l map[string]string) bool { _, ok := l[label]; return ok }}
}

// stored returns the rule as a profile holds it.
func (r bruteRule) stored(t testing.TB) rules.Stored {
	t.Helper()
	object := map[string]any{"action": r.action}
	set := func(into map[string]any, key string, value any, there bool) {
		if there {
			into[key] = value
		}
	}
	protocol := func(name string) any {
		if n, err := strconv.Atoi(name); err == nil {
			return n
		}
		return name
	}
	set(object, "ipVersion", r.version, r.version != 0)
	set(object, "protocol", protocol(r.proto), r.proto != "")
	set(object, "notProtocol", protocol(r.notPr), r.notPr != "")
	if r.typ >= 0 {
		icmp := map[string]any{"type": r.typ}
		set(icmp, "code", r.code, r.code >= 0)
		set(object, "icmp", icmp, !r.negatedType)
		set(object, "notICMP", icmp, r.negatedType)
	}
	for key, e := range map[string]bruteEnd{"source": r.source, "destination": r.target} {
		end := map[string]any{}
		texts := func(list [][2]int) (out []string) {
			for _, p := range list {
				out = append(out, fmt.Sprintf("%d:%d", p[0], p[1]))
			}
			return out
		}
		set(end, "nets", e.nets, e.nets != nil)
		set(end, "notNets", e.notNets, e.notNets != nil)
		set(end, "ports", texts(e.ports), e.ports != nil)
		set(end, "notPorts", texts(e.notPorts), e.notPorts != nil)
		if e.selector != nil {
			end["selector"] = e.selector.text
		}
		if e.notSe != nil {
			end["notSelector"] = e.notSe.text
		}
		set(object, key, end, len(end) > 0)
	}
	raw, err := json.Marshal(object)
	if err != nil {
		t.Fatal(err)
	}
	return rules.DecodeV3(raw)
}
