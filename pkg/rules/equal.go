package rules

import (
	"bytes"
	"cmp"
	"net/netip"
	"slices"
)

// Equal reports whether two rules are the same rule: their canonical forms
// are, lists of ports and addresses compared as sets. A rule that is stored as
// `x == ""` is shown as one with has(x) and is not equal to it. A rule with
// criteria beyond words equals only one with the same criteria.
func Equal(a, b Rule) bool {
	if a.Action != b.Action || a.Protocol != b.Protocol || a.Beyond != b.Beyond ||
		!sameTags(a.From, b.From) || !sameTags(a.To, b.To) {
		return false
	}
	var bufA, bufB [128]byte
	return bytes.Equal(AppendFormat(bufA[:0], asSets(a)), AppendFormat(bufB[:0], asSets(b)))
}

func sameTags(a, b Entity) bool { return a.Tag == b.Tag && a.NotTag == b.NotTag }

// asSets sorts the lists of a copy, each item once.
func asSets(r Rule) Rule {
	for _, e := range []*Entity{&r.From, &r.To} {
		e.Ports, e.NotPorts = portSet(e.Ports), portSet(e.NotPorts)
		e.Nets, e.NotNets = netSet(e.Nets), netSet(e.NotNets)
	}
	return r
}

func portSet(list []PortRange) []PortRange {
	return set(list, func(a, b PortRange) int {
		return cmp.Or(cmp.Compare(a.First, b.First), cmp.Compare(a.Last, b.Last))
	})
}

func netSet(list []netip.Prefix) []netip.Prefix { return set(list, netip.Prefix.Compare) }

func set[T comparable](list []T, compare func(a, b T) int) []T {
	if len(list) < 2 {
		return list
	}
	return slices.Compact(slices.SortedFunc(slices.Values(list), compare))
}
