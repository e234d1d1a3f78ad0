package ipam

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"maps"
	"net/netip"
	"time"

	clientv3 "go.etcd.io/etcd/client/v3"

	"github.com/calicoctl/calicoctl/internal/kv"
)

// Keys and values of an [Assigned]'s owner.
const (
	OwnerNode   = "node"
	OwnerType   = "type"
	OwnerTime   = "timestamp"
	OwnerEngine = "engine" // the ID of the Docker engine
	OwnerMAC    = "mac"

	// TypeDocker is the OwnerType of this program's addresses.
	TypeDocker = "docker"
)

// An Allocator assigns addresses for the containers of one node. Several, also in
// several processes, may work at the same time.
type Allocator struct {
	Node string           // Calico's name of this host
	Now  func() time.Time // time.Now, but for tests

	kv   *kv.Store
	turn chan struct{} // holds a value while an attempt is being made
}

// New returns an Allocator for a node.
func New(store *kv.Store, node string) *Allocator {
	return &Allocator{Node: node, Now: time.Now, kv: store, turn: make(chan struct{}, 1)}
}

// inTurn makes an attempt once all that wait already have made theirs. Most of them
// change the same block, so that at the same time only one would succeed, and some
// would lose every race until their time is over. The wait ends with ctx.
func (a *Allocator) inTurn(ctx context.Context, attempt func(context.Context) (bool, error)) (done bool, err error) {
	select {
	case a.turn <- struct{}{}:
		defer func() { <-a.turn }()
		return attempt(ctx)
	case <-ctx.Done():
		return false, ctx.Err()
	}
}

// A Request says which address is wanted.
type Request struct {
	Version int               // 4 or 6
	Subnet  netip.Prefix      // the address has to be in it; not valid or /0 is any pool
	Addr    netip.Addr        // not valid: any address
	Owner   map[string]string // kept with the address, beside node, type and time
}

// Assign assigns an address. When it fails, none was assigned, or, if ctx ended
// while a transaction was under way, perhaps one that nobody knows: the collector
// finds it. The errors are ErrNoPool, ErrFull, ErrInUse, ErrMalformed, etcd's and
// the context's.
func (a *Allocator) Assign(ctx context.Context, r Request) (Assigned, error) {
	job, err := a.newJob(r)
	if err != nil {
		return Assigned{}, err
	}
	err = kv.Repeat(ctx, func() (bool, error) { return a.inTurn(ctx, job.attempt) })
	return job.result, err
}

// A job is one assignment through all its attempts: they share the handle, so at
// most one of them can succeed.
type job struct {
	allocator *Allocator
	request   Request
	handle    string
	owner     map[string]string
	result    Assigned
}

func (a *Allocator) newJob(r Request) (*job, error) {
	random := make([]byte, 16)
	if _, err := rand.Read(random); err != nil {
		return nil, err
	}
	owner := map[string]string{}
	maps.Copy(owner, r.Owner)
	owner[OwnerNode], owner[OwnerType] = a.Node, TypeDocker
	owner[OwnerTime] = a.Now().UTC().Format(time.RFC3339)
	return &job{
		allocator: a, request: r, owner: owner,
		handle: "docker." + a.Node + "." + hex.EncodeToString(random),
	}, nil
}

// attempt reads, chooses an address and tries to take it. done is false after a
// lost race.
func (j *job) attempt(ctx context.Context) (done bool, err error) {
	a := j.allocator
	gets := append(a.planGets(),
		clientv3.OpGet(handleKey(j.handle)),
		clientv3.OpGet(affinityPrefix(a.Node, j.request.Version), clientv3.WithPrefix()))
	answer, err := a.kv.Get(ctx, gets...)
	if err != nil {
		return false, err
	}
	if handle := kv.Value(answer, planOps); handle != nil { // an attempt whose answer was lost
		return j.recover(ctx, handle.Value)
	}
	plan, err := decodePlan(answer)
	if err != nil {
		return false, err
	}
	pools, err := plan.Candidates(j.request.Version, j.subnet())
	if err != nil {
		return false, err
	}
	own, err := a.ownBlocks(ctx, kv.Values(answer, planOps+1))
	if err != nil {
		return false, err
	}
	c := &choice{job: j, plan: plan, pools: pools, own: own}
	if j.request.Addr.IsValid() {
		return c.takeAddress(ctx)
	}
	return c.takeNext(ctx)
}

// subnet returns what the pools have to hold.
func (j *job) subnet() netip.Prefix {
	if addr := j.request.Addr; addr.IsValid() && !asked(j.request.Subnet) {
		return netip.PrefixFrom(addr, addr.BitLen())
	}
	return j.request.Subnet
}

// asked reports whether a subnet is more than "any".
func asked(subnet netip.Prefix) bool { return subnet.IsValid() && subnet.Bits() > 0 }

// recover finds the address that an earlier attempt assigned.
func (j *job) recover(ctx context.Context, document []byte) (bool, error) {
	handle, err := DecodeHandle(document)
	if err != nil {
		return false, malformed(handleKey(j.handle), err)
	}
	for cidr := range handle.Blocks {
		read, err := j.allocator.readBlock(ctx, cidr)
		if err != nil {
			return false, err
		}
		if read.block == nil {
			continue
		}
		for _, assigned := range read.block.Assigned() {
			if assigned.Handle == j.handle {
				j.result = assigned
				return true, nil
			}
		}
	}
	return false, errors.New("the address was assigned and released again by another client")
}
