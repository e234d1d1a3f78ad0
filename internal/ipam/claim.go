package ipam

import (
	"context"
	"encoding/json"
	"net/netip"
	"slices"
	"strings"
	"time"

	"go.etcd.io/etcd/api/v3/mvccpb"
	clientv3 "go.etcd.io/etcd/client/v3"

	"github.com/calicoctl/calicoctl/internal/kv"
)

// confirmedDocument is an affinity that holds.
const confirmedDocument = `{"state":"confirmed","deleted":false}`

// minClaim is how long a block of another node has to have been claimed before
// it may be taken over because it is empty.
const minClaim = time.Minute

// confirmed reports whether an affinity is there and holds.
func confirmed(affinity *mvccpb.KeyValue) bool {
	var d struct {
		State   string `json:"state"`
		Deleted bool   `json:"deleted"`
	}
	return affinity != nil && json.Unmarshal(affinity.Value, &d) == nil && d.State == "confirmed" && !d.Deleted
}

// claimable returns a block of a pool that this node may claim: one that is not
// there, or else one without addresses that another node has had for a while. lost
// tells that another node was faster.
func (c *choice) claimable(ctx context.Context, pool Pool) (read readBlock, found, lost bool, err error) {
	in := c.within()
	if !in.Overlaps(pool.CIDR) {
		return readBlock{}, false, false, nil
	}
	area := pool.CIDR
	if in.Bits() > area.Bits() {
		area = in.Masked()
	}
	answer, err := c.job.allocator.kv.Get(ctx,
		clientv3.OpGet(blockPrefix(c.job.request.Version), clientv3.WithPrefix(), clientv3.WithKeysOnly()))
	if err != nil {
		return readBlock{}, false, false, err
	}
	taken := map[netip.Prefix]bool{}
	for _, found := range kv.Values(answer, 0) {
		if cidr, err := cidrOf(string(found.Key)); err == nil {
			taken[cidr] = true
		}
	}
	if cidr, ok := c.unclaimed(area, pool.BlockSize, taken); ok {
		read, err := c.job.allocator.readBlock(ctx, cidr)
		return read, true, err == nil && read.block != nil, err
	}
	read, found, err = c.reclaimable(ctx, area, taken)
	return read, found, false, err
}

// maxTries bounds the search for a block that nobody has, in large pools.
const maxTries = 1 << 20

// unclaimed returns a block that is not there, from a place on that differs
// between nodes.
func (c *choice) unclaimed(area netip.Prefix, blockSize int, taken map[netip.Prefix]bool) (netip.Prefix, bool) {
	if area.Bits() >= blockSize { // the subnet is a part of one block
		cidr := netip.PrefixFrom(area.Addr(), blockSize).Masked()
		return cidr, !taken[cidr] && c.hasFree(NewBlock(cidr, "", time.Time{}))
	}
	count := uint64(1) << min(blockSize-area.Bits(), 40)
	start := spread(c.job.allocator.Node) % count
	width := area.Addr().BitLen() - blockSize
	for i := range min(count, maxTries) {
		cidr := netip.PrefixFrom(shifted(area, (start+i)%count, width), blockSize)
		overlaps := taken[cidr] || c.plan.reservedWhole(cidr)
		if !overlaps && c.hasFree(NewBlock(cidr, "", time.Time{})) && !overlapsAny(cidr, taken) {
			return cidr, true
		}
	}
	return netip.Prefix{}, false
}

// overlapsAny reports whether there is a block of another size in the place of
// one.
func overlapsAny(cidr netip.Prefix, taken map[netip.Prefix]bool) bool {
	for other := range taken {
		if other.Overlaps(cidr) {
			return true
		}
	}
	return false
}

// hasFree reports whether a block has an address for this request.
func (c *choice) hasFree(b *Block) bool {
	_, ok := b.Next(c.within(), c.plan.Reserved)
	return ok
}

// reclaimable returns an empty block of another node.
func (c *choice) reclaimable(ctx context.Context, area netip.Prefix, taken map[netip.Prefix]bool) (readBlock, bool, error) {
	a := c.job.allocator
	var cidrs []netip.Prefix
	for cidr := range taken {
		if cidr.Overlaps(area) {
			cidrs = append(cidrs, cidr)
		}
	}
	slices.SortFunc(cidrs, func(x, y netip.Prefix) int { return x.Addr().Compare(y.Addr()) })
	for _, cidr := range cidrs {
		read, err := a.readBlock(ctx, cidr)
		if err != nil {
			return readBlock{}, false, err
		}
		if read.block == nil || !read.block.Empty() || !c.hasFree(read.block) {
			continue
		}
		node, isHost := strings.CutPrefix(read.block.Affinity, "host:")
		if read.block.Affinity != "" && (!isHost || a.Now().Sub(read.block.ClaimTime) < minClaim) {
			continue
		}
		if isHost && node != a.Node {
			answer, err := a.kv.Get(ctx, clientv3.OpGet(affinityKey(node, cidr)))
			if err != nil {
				return readBlock{}, false, err
			}
			read.guards = append(read.guards, kv.Unchanged(affinityKey(node, cidr), kv.Value(answer, 0)))
			read.released = append(read.released, clientv3.OpDelete(affinityKey(node, cidr)))
		}
		return read, true, nil
	}
	return readBlock{}, false, nil
}
