package rules

import (
	"net/netip"
	"strconv"
)

// protocols returns the protocols that have a name, each with its number.
func protocols() [6]struct {
	name   Protocol
	number int
} {
	return [...]struct {
		name   Protocol
		number int
	}{{"icmp", 1}, {"tcp", 6}, {"udp", 17}, {"icmpv6", 58}, {"sctp", 132}, {"udplite", 136}}
}

// Number returns the number of the protocol in the IP header; 0 when p is none.
func (p Protocol) Number() int {
	for _, known := range protocols() {
		if p == known.name {
			return known.number
		}
	}
	n, _ := strconv.Atoi(string(p))
	return n
}

// Named returns the name of a protocol that is written as a number, if it has one,
// so that both are the same text.
func (p Protocol) Named() Protocol {
	for _, known := range protocols() {
		if string(p) == strconv.Itoa(known.number) {
			return known.name
		}
	}
	return p
}

// HasPorts reports whether Felix matches ports with this protocol.
func (p Protocol) HasPorts() bool {
	switch p.Named() {
	case "tcp", "udp", "sctp":
		return true
	}
	return false
}

// IPVersion returns the IP version that a protocol belongs to; 0 is both.
func (p Protocol) IPVersion() int {
	switch p {
	case "icmp":
		return 4
	case "icmpv6":
		return 6
	}
	return 0
}

// IPVersion returns 4 or 6. An IPv4 address that is written as IPv6 is IPv6.
func IPVersion(a netip.Addr) int {
	if a.Is4() {
		return 4
	}
	return 6
}
