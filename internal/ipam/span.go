package ipam

import (
	"math/big"
	"net/netip"
)

// version returns 4 or 6, the IP version of a prefix.
func version(p netip.Prefix) int {
	if p.Addr().Is4() {
		return 4
	}
	return 6
}

// nth returns the address n after the first one of a prefix. The caller makes
// sure that it is in the prefix.
func nth(p netip.Prefix, n int) netip.Addr {
	first := p.Masked().Addr()
	sum := new(big.Int).SetBytes(first.AsSlice())
	bytes := make([]byte, first.BitLen()/8)
	sum.Add(sum, big.NewInt(int64(n))).FillBytes(bytes)
	addr, _ := netip.AddrFromSlice(bytes)
	return addr
}

// ordinal returns the number of an address in a prefix that holds it, from 0.
func ordinal(p netip.Prefix, addr netip.Addr) int {
	first := new(big.Int).SetBytes(p.Masked().Addr().AsSlice())
	return int(new(big.Int).Sub(new(big.Int).SetBytes(addr.AsSlice()), first).Int64())
}

// within reports whether all addresses of a prefix are in another prefix.
func within(inner, outer netip.Prefix) bool {
	return inner.Bits() >= outer.Bits() && outer.Contains(inner.Addr())
}

// anyContains reports whether one of the prefixes holds the address.
func anyContains(prefixes []netip.Prefix, addr netip.Addr) bool {
	for _, p := range prefixes {
		if p.Contains(addr) {
			return true
		}
	}
	return false
}

// shifted returns the first address of the n-th of the parts of a prefix that
// have 2^width addresses each.
func shifted(p netip.Prefix, n uint64, width int) netip.Addr {
	sum := new(big.Int).Lsh(new(big.Int).SetUint64(n), uint(width))
	sum.Add(sum, new(big.Int).SetBytes(p.Masked().Addr().AsSlice()))
	bytes := make([]byte, p.Addr().BitLen()/8)
	addr, _ := netip.AddrFromSlice(sum.FillBytes(bytes))
	return addr
}
