package ipam

import (
	"errors"
	"fmt"
	"maps"
	"net/netip"
	"slices"
	"time"
)

// Check returns an error that says which rule of Calico's the block breaks: each
// address is either allocated or unallocated, and every attribute is referred to.
func (b *Block) Check() error {
	bits := b.CIDR.Addr().BitLen() - b.CIDR.Bits()
	if bits > maxBlockBits || b.CIDR != b.CIDR.Masked() {
		return fmt.Errorf("%s is not a block", b.CIDR)
	}
	if len(b.Allocations) != 1<<bits {
		return fmt.Errorf("allocations has %d entries, the block has %d addresses", len(b.Allocations), 1<<bits)
	}
	seen := make([]bool, len(b.Allocations))
	for _, n := range b.Unallocated {
		if n < 0 || n >= len(seen) || seen[n] || b.Allocations[n] != free {
			return fmt.Errorf("unallocated has the ordinal %d, which is allocated, too large, or there twice", n)
		}
		seen[n] = true
	}
	referred := make([]bool, len(b.Attributes))
	for n, index := range b.Allocations {
		switch {
		case index == free && !seen[n]:
			return fmt.Errorf("the ordinal %d is neither allocated nor unallocated", n)
		case index == free:
		case index < 0 || index >= len(referred):
			return fmt.Errorf("the ordinal %d has the attribute %d, which does not exist", n, index)
		default:
			referred[index] = true
		}
	}
	if i := slices.Index(referred, false); i >= 0 {
		return fmt.Errorf("the attribute %d belongs to no address", i)
	}
	return nil
}

// Errors of [Block.Assign].
var (
	errAllocated = errors.New("allocated")
	errCooling   = errors.New("cooling down")
)

// Next returns the next address to assign that is in a prefix and not reserved.
func (b *Block) Next(in netip.Prefix, reserved []netip.Prefix) (netip.Addr, bool) {
	for _, n := range b.Unallocated {
		if addr := nth(b.CIDR, n); in.Contains(addr) && !anyContains(reserved, addr) {
			return addr, true
		}
	}
	return netip.Addr{}, false
}

// Assign allocates an address of the block. The errors are errAllocated and
// errCooling.
func (b *Block) Assign(addr netip.Addr, handle string, owner map[string]string) error {
	n := ordinal(b.CIDR, addr)
	if index := b.Allocations[n]; index != free {
		if !b.Attributes[index].ReleasedAt.IsZero() {
			return errCooling
		}
		return errAllocated
	}
	b.Unallocated = slices.DeleteFunc(slices.Clone(b.Unallocated), func(m int) bool { return m == n })
	b.Allocations[n] = len(b.Attributes)
	b.Attributes = append(b.Attributes, Attribute{Handle: handle, Owner: owner})
	b.SequenceOf[n] = b.Sequence
	return nil
}

// Allocation returns the attribute of an address that is allocated and does not
// cool down.
func (b *Block) Allocation(addr netip.Addr) (Attribute, bool) {
	if !b.CIDR.Contains(addr) {
		return Attribute{}, false
	}
	index := b.Allocations[ordinal(b.CIDR, addr)]
	if index == free || !b.Attributes[index].ReleasedAt.IsZero() {
		return Attribute{}, false
	}
	return b.Attributes[index], true
}

// Release gives an allocated address back. It cools down from now on for a time
// that [Block.Sweep] is told.
func (b *Block) Release(addr netip.Addr, now time.Time) {
	n := ordinal(b.CIDR, addr)
	b.Allocations[n] = len(b.Attributes)
	b.Attributes = append(b.Attributes, Attribute{ReleasedAt: now})
	b.SequenceOf[n] = b.Sequence
}

// Sweep puts addresses that have cooled down at the end of the unallocated ones,
// and drops attributes that belong to no address.
func (b *Block) Sweep(now time.Time, cooldown time.Duration) {
	used := make([]bool, len(b.Attributes))
	for n, index := range b.Allocations {
		if index == free {
			continue
		}
		released := b.Attributes[index].ReleasedAt
		if !released.IsZero() && (cooldown <= 0 || released.Before(now.Add(-cooldown))) {
			b.Allocations[n] = free
			b.Unallocated = append(b.Unallocated, n)
			delete(b.SequenceOf, n)
			continue
		}
		used[index] = true
	}
	var kept []Attribute
	moved := make([]int, len(b.Attributes))
	for i, a := range b.Attributes {
		if moved[i] = len(kept); used[i] {
			kept = append(kept, a)
		}
	}
	b.Attributes = kept
	for n, index := range b.Allocations {
		if index != free {
			b.Allocations[n] = moved[index]
		}
	}
}

// Empty reports whether no address of the block is allocated or cools down.
func (b *Block) Empty() bool { return len(b.Unallocated) == len(b.Allocations) }

// An Assigned is an address that a block records as allocated.
type Assigned struct {
	Addr   netip.Addr
	Handle string
	Owner  map[string]string
}

// Assigned returns the allocated addresses in their order.
func (b *Block) Assigned() []Assigned {
	var all []Assigned
	for n, index := range b.Allocations {
		if index == free || !b.Attributes[index].ReleasedAt.IsZero() {
			continue
		}
		a := b.Attributes[index]
		all = append(all, Assigned{Addr: nth(b.CIDR, n), Handle: a.Handle, Owner: maps.Clone(a.Owner)})
	}
	return all
}
