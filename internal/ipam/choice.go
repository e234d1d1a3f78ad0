package ipam

import (
	"context"
	"errors"
	"fmt"
	"hash/fnv"
	"net/netip"
	"time"

	"go.etcd.io/etcd/api/v3/mvccpb"
	clientv3 "go.etcd.io/etcd/client/v3"

	"github.com/calicoctl/calicoctl/internal/kv"
)

// A choice is one attempt of a job with what it has read.
type choice struct {
	job   *job
	plan  Plan
	pools []Pool
	own   []readBlock // the blocks of this node, of the IP version
}

// A readBlock is a block as it was read, with the affinity of the node to it.
type readBlock struct {
	cidr     netip.Prefix
	block    *Block           // nil: there is none
	stored   *mvccpb.KeyValue // nil: there is none
	affinity *mvccpb.KeyValue // nil: there is none
	released []clientv3.Op    // what else is removed when it is claimed
	guards   []clientv3.Cmp   // what else has to hold
}

// maxGets is how many keys are read in one transaction.
const maxGets = 100

// ownBlocks reads the blocks that a node has affinities to.
func (a *Allocator) ownBlocks(ctx context.Context, affinities []*mvccpb.KeyValue) ([]readBlock, error) {
	all := make([]readBlock, 0, len(affinities))
	for _, affinity := range affinities {
		if cidr, err := cidrOf(string(affinity.Key)); err == nil {
			all = append(all, readBlock{cidr: cidr, affinity: affinity})
		}
	}
	for from := 0; from < len(all); from += maxGets {
		part := all[from:min(from+maxGets, len(all))]
		gets := make([]clientv3.Op, len(part))
		for i, read := range part {
			gets[i] = clientv3.OpGet(blockKey(read.cidr))
		}
		answer, err := a.kv.Get(ctx, gets...)
		if err != nil {
			return nil, err
		}
		for i := range part {
			if part[i].stored = kv.Value(answer, i); part[i].stored == nil {
				continue
			}
			if part[i].block, err = DecodeBlock(part[i].stored.Value); err != nil {
				return nil, malformed(blockKey(part[i].cidr), err)
			}
		}
	}
	return all, nil
}

// readBlock reads one block and the affinity of the node to it.
func (a *Allocator) readBlock(ctx context.Context, cidr netip.Prefix) (readBlock, error) {
	read := readBlock{cidr: cidr}
	answer, err := a.kv.Get(ctx, clientv3.OpGet(blockKey(cidr)), clientv3.OpGet(affinityKey(a.Node, cidr)))
	if err != nil {
		return read, err
	}
	read.stored, read.affinity = kv.Value(answer, 0), kv.Value(answer, 1)
	if read.stored == nil {
		return read, nil
	}
	if read.block, err = DecodeBlock(read.stored.Value); err != nil {
		return read, malformed(blockKey(cidr), err)
	}
	return read, nil
}

// takeNext assigns the next address: of a block of this node, or else of one
// that it claims.
func (c *choice) takeNext(ctx context.Context) (bool, error) {
	for _, pool := range c.pools {
		for _, read := range c.own {
			if !c.mine(read) || !within(read.cidr, pool.CIDR) {
				continue
			}
			block := c.swept(read)
			if addr, ok := block.Next(c.within(), c.plan.Reserved); ok {
				return c.take(ctx, read, block, addr)
			}
		}
	}
	full := &FullError{Node: c.job.allocator.Node}
	for _, pool := range c.pools {
		full.Full = append(full.Full, fmt.Sprintf("%s (%s)", pool.Name, pool.CIDR))
	}
	switch {
	case !c.plan.Settings.ClaimBlocks:
		full.Full = append(full.Full, "nodes may not claim blocks (auto_allocate_blocks is false)")
		return false, full
	case len(c.own) >= c.plan.Settings.MaxBlocks:
		full.Limit = len(c.own)
		return false, full
	}
	for _, pool := range c.pools {
		read, found, lost, err := c.claimable(ctx, pool)
		if err != nil || lost {
			return false, err
		}
		if found {
			block := c.swept(read)
			addr, _ := block.Next(c.within(), c.plan.Reserved)
			return c.take(ctx, read, block, addr)
		}
	}
	return false, full
}

// takeAddress assigns the address that was asked for.
func (c *choice) takeAddress(ctx context.Context) (bool, error) {
	addr := c.job.request.Addr
	refuse := func(format string, args ...any) (bool, error) {
		return false, &AddressError{Addr: addr, Reason: fmt.Sprintf(format, args...)}
	}
	switch {
	case !c.within().Contains(addr):
		return refuse("it is not in the subnet %s", c.within())
	case anyContains(c.plan.Reserved, addr):
		return refuse("an IPReservation holds it")
	}
	cidr, err := addr.Prefix(c.pools[0].BlockSize)
	if err != nil {
		return false, err
	}
	read, err := c.job.allocator.readBlock(ctx, cidr)
	if err != nil {
		return false, err
	}
	node := c.job.allocator.Node
	switch {
	case read.block == nil && !c.plan.Settings.ClaimBlocks:
		return refuse("it is in no block of node %s, which may not claim one (auto_allocate_blocks is false)", node)
	case read.block == nil && len(c.own) >= c.plan.Settings.MaxBlocks:
		return refuse("it is in no block of node %s, which may have no more than %d (maxBlocksPerHost)", node, len(c.own))
	case read.block != nil && !c.mine(read):
		return refuse("it is in a block of %s, and containers of node %s have addresses of its own blocks only", owner(read.block), node)
	}
	block := c.swept(read)
	switch err := block.Clone().Assign(addr, "", nil); {
	case errors.Is(err, errAllocated):
		return refuse("it is in use")
	case err != nil:
		return refuse("it was released less than %d s ago (ipCooldownSeconds)", c.plan.Settings.CooldownSecs)
	}
	return c.take(ctx, read, block, addr)
}

// owner names whom a block belongs to.
func owner(b *Block) string {
	if b.Affinity == "" {
		return "no node"
	}
	return b.Affinity
}

// within returns the prefix in which the address has to be.
func (c *choice) within() netip.Prefix {
	if subnet := c.job.request.Subnet; asked(subnet) {
		return subnet
	}
	if c.job.request.Version == 4 {
		return netip.PrefixFrom(netip.IPv4Unspecified(), 0)
	}
	return netip.PrefixFrom(netip.IPv6Unspecified(), 0)
}

// mine reports whether a block that is there belongs to this node.
func (c *choice) mine(read readBlock) bool {
	return read.block != nil && read.block.Affinity == affinityTo(c.job.allocator.Node)
}

// swept returns a copy of the block to change, or a new one, without the
// addresses that have cooled down.
func (c *choice) swept(read readBlock) *Block {
	a := c.job.allocator
	if read.block == nil || !c.mine(read) {
		block := NewBlock(read.cidr, a.Node, a.Now())
		if read.block != nil { // an empty one that is taken over: what it holds beside stays
			block = read.block.Clone()
			block.Affinity, block.ClaimTime = affinityTo(a.Node), a.Now()
		}
		return block
	}
	block := read.block.Clone()
	block.Sweep(a.Now(), time.Duration(c.plan.Settings.CooldownSecs)*time.Second)
	return block
}

// take commits one address. It reports false after a lost race.
func (c *choice) take(ctx context.Context, read readBlock, block *Block, addr netip.Addr) (bool, error) {
	j, a := c.job, c.job.allocator
	if err := block.Assign(addr, j.handle, j.owner); err != nil {
		return false, err
	}
	document, err := block.Encode()
	if err != nil {
		return false, err
	}
	var handle Handle
	handle.Add(read.cidr, 1)
	counts, err := handle.Encode()
	if err != nil {
		return false, err
	}
	conditions := append([]clientv3.Cmp{
		kv.Unchanged(blockKey(read.cidr), read.stored),
		kv.Unchanged(affinityKey(a.Node, read.cidr), read.affinity),
		kv.Unchanged(handleKey(j.handle), nil),
	}, read.guards...)
	puts := append([]clientv3.Op{
		clientv3.OpPut(blockKey(read.cidr), string(document)),
		clientv3.OpPut(handleKey(j.handle), string(counts)),
	}, read.released...)
	if !confirmed(read.affinity) {
		puts = append(puts, clientv3.OpPut(affinityKey(a.Node, read.cidr), confirmedDocument))
	}
	answer, err := a.kv.Commit(ctx, conditions, puts, nil)
	if err != nil || !answer.Succeeded {
		return false, err
	}
	j.result = Assigned{Addr: addr, Handle: j.handle, Owner: j.owner}
	return true, nil
}

// spread returns a number that differs between nodes, so that they do not all
// claim the same block first.
func spread(node string) uint64 {
	h := fnv.New64a()
	_, _ = h.Write([]byte(node)) // never fails
	return h.Sum64()
}
