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
// unsupported fields equals only one with the same fields.
func Equal(a, b Rule) bool {
	if a.Action != b.Action || a.Protocol != b.Protocol || a.From.Tag != b.From.Tag || a.To.Tag != b.To.Tag {
		return false // most pairs differ here
	}
	var bufA, bufB [160]byte
	return bytes.Equal(appendKey(bufA[:0], a), appendKey(bufB[:0], b))
}

// Key returns a text that two rules have in common exactly when they are equal.
func Key(r Rule) string { return string(appendKey(nil, r)) }

func appendKey(dst []byte, r Rule) []byte {
	dst = appendFormat(dst, asSets(r))
	for _, tag := range [...]Tag{r.From.Tag, r.From.NotTag, r.To.Tag, r.To.NotTag} {
		if tag.EmptyValue {
			dst = append(dst, "\n=\"\""...)
		} else {
			dst = append(dst, '\n')
		}
	}
	return dst
}

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
