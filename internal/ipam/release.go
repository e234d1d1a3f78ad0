package ipam

import (
	"context"
	"net/netip"
	"time"

	"go.etcd.io/etcd/api/v3/mvccpb"
	clientv3 "go.etcd.io/etcd/client/v3"

	"github.com/calicoctl/calicoctl/internal/kv"
)

// Release gives an address of this node back, if may allows it; nil allows all
// that this node and program has assigned. It reports whether the address was
// assigned. One that is not, or another owner's, is left alone.
func (a *Allocator) Release(ctx context.Context, addr netip.Addr, may func(Assigned) bool) (bool, error) {
	handle := ""
	err := kv.Repeat(ctx, func() (bool, error) {
		return a.inTurn(ctx, func(ctx context.Context) (bool, error) { return a.release(ctx, addr, &handle, may) })
	})
	return err == nil && handle != "", err
}

// release is one attempt. handle is that of the address when it was first seen,
// empty until then: an address that has another handle by now was released already.
func (a *Allocator) release(ctx context.Context, addr netip.Addr, handle *string, may func(Assigned) bool) (done bool, err error) {
	cidr, ok, err := a.blockOf(ctx, addr)
	if err != nil || !ok {
		return true, err
	}
	read, err := a.readBlock(ctx, cidr)
	if err != nil || read.block == nil {
		return true, err
	}
	attribute, ok := read.block.Allocation(addr)
	if !ok || !a.owns(attribute) || may != nil && !may(Assigned{Addr: addr, Handle: attribute.Handle, Owner: attribute.Owner}) {
		return true, nil
	}
	if *handle != "" && *handle != attribute.Handle {
		return true, nil
	}
	*handle = attribute.Handle
	answer, err := a.kv.Get(ctx, clientv3.OpGet(handleKey(attribute.Handle)), clientv3.OpGet(configKey))
	if err != nil {
		return false, err
	}
	var document []byte
	if found := kv.Value(answer, 1); found != nil {
		document = found.Value
	}
	settings, err := DecodeSettings(document)
	if err != nil {
		return false, malformed(configKey, err)
	}
	return a.commitRelease(ctx, read, addr, attribute.Handle, kv.Value(answer, 0), settings)
}

// Holds reports whether an address is assigned to this node and program.
func (a *Allocator) Holds(ctx context.Context, addr netip.Addr) (bool, error) {
	cidr, ok, err := a.blockOf(ctx, addr)
	if err != nil || !ok {
		return false, err
	}
	read, err := a.readBlock(ctx, cidr)
	if err != nil || read.block == nil {
		return false, err
	}
	attribute, ok := read.block.Allocation(addr)
	return ok && a.owns(attribute), nil
}

// owns reports whether an address is one of this node and this program.
func (a *Allocator) owns(attribute Attribute) bool {
	return attribute.Owner[OwnerNode] == a.Node && attribute.Owner[OwnerType] == TypeDocker
}

func (a *Allocator) commitRelease(ctx context.Context, read readBlock, addr netip.Addr, name string, stored *mvccpb.KeyValue, settings Settings) (bool, error) {
	block := read.block.Clone()
	block.Release(addr, a.Now())
	block.Sweep(a.Now(), time.Duration(settings.CooldownSecs)*time.Second)
	conditions := []clientv3.Cmp{
		kv.Unchanged(blockKey(read.cidr), read.stored),
		kv.Unchanged(handleKey(name), stored),
	}
	var ops []clientv3.Op
	if block.Empty() && block.Affinity == "" {
		ops = append(ops, clientv3.OpDelete(blockKey(read.cidr)))
	} else {
		document, err := block.Encode()
		if err != nil {
			return false, err
		}
		ops = append(ops, clientv3.OpPut(blockKey(read.cidr), string(document)))
	}
	if stored != nil {
		handle, err := DecodeHandle(stored.Value)
		if err != nil {
			return false, malformed(handleKey(name), err)
		}
		op, err := lessOne(handle, name, read.cidr)
		if err != nil {
			return false, err
		}
		ops = append(ops, op)
	}
	answer, err := a.kv.Commit(ctx, conditions, ops, nil)
	return err == nil && answer.Succeeded, err
}

// lessOne takes one address off a handle, which goes with its last one.
func lessOne(handle Handle, name string, block netip.Prefix) (clientv3.Op, error) {
	handle.Add(block, -1)
	if handle.Empty() {
		return clientv3.OpDelete(handleKey(name)), nil
	}
	document, err := handle.Encode()
	return clientv3.OpPut(handleKey(name), string(document)), err
}

// blockOf finds the block of an address: by the pool that holds it, or else among
// all blocks, since a pool may be gone.
func (a *Allocator) blockOf(ctx context.Context, addr netip.Addr) (netip.Prefix, bool, error) {
	v := 6
	if addr.Is4() {
		v = 4
	}
	answer, err := a.kv.Get(ctx, clientv3.OpGet(poolPrefix, clientv3.WithPrefix()))
	if err != nil {
		return netip.Prefix{}, false, err
	}
	for _, found := range kv.Values(answer, 0) {
		pool, err := DecodePool(found.Value)
		if err != nil || !pool.CIDR.Contains(addr) {
			continue
		}
		cidr, _ := addr.Prefix(pool.BlockSize) // the size was checked
		there, err := a.kv.Get(ctx, clientv3.OpGet(blockKey(cidr), clientv3.WithKeysOnly()))
		if err != nil || kv.Value(there, 0) != nil {
			return cidr, err == nil, err
		}
	}
	answer, err = a.kv.Get(ctx, clientv3.OpGet(blockPrefix(v), clientv3.WithPrefix(), clientv3.WithKeysOnly()))
	if err != nil {
		return netip.Prefix{}, false, err
	}
	for _, found := range kv.Values(answer, 0) {
		if cidr, err := cidrOf(string(found.Key)); err == nil && cidr.Contains(addr) {
			return cidr, true, nil
		}
	}
	return netip.Prefix{}, false, nil
}

// Assigned returns all addresses that this program has assigned on this node,
// also in blocks that are not the node's any more, and the blocks that cannot be
// read. It reads every block in pages, all at one revision.
func (a *Allocator) Assigned(ctx context.Context) (all []Assigned, bad []error, err error) {
	for _, v := range []int{4, 6} {
		err := a.eachBlock(ctx, v, func(found *mvccpb.KeyValue) {
			block, err := DecodeBlock(found.Value)
			if err != nil {
				bad = append(bad, malformed(string(found.Key), err))
				return
			}
			for _, assigned := range block.Assigned() {
				if a.owns(Attribute{Owner: assigned.Owner}) {
					all = append(all, assigned)
				}
			}
		})
		if err != nil {
			return nil, nil, err
		}
	}
	return all, bad, nil
}

// blockPage is how many blocks are read in one request.
const blockPage = 500

func (a *Allocator) eachBlock(ctx context.Context, v int, visit func(*mvccpb.KeyValue)) error {
	prefix := blockPrefix(v)
	from, end, revision := prefix, clientv3.GetPrefixRangeEnd(prefix), int64(0)
	for {
		answer, err := a.kv.Get(ctx, clientv3.OpGet(from, clientv3.WithRange(end), clientv3.WithLimit(blockPage), clientv3.WithRev(revision)))
		if err != nil {
			return err
		}
		if revision == 0 {
			revision = answer.Header.Revision
		}
		found := kv.Values(answer, 0)
		for _, each := range found {
			visit(each)
		}
		if len(found) < blockPage {
			return nil
		}
		from = string(found[len(found)-1].Key) + "\x00"
	}
}
