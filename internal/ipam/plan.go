package ipam

import (
	"context"
	"encoding/json"
	"fmt"
	"net/netip"
	"slices"

	clientv3 "go.etcd.io/etcd/client/v3"

	"github.com/calicoctl/calicoctl/internal/kv"
)

// A Plan is what etcd says about which addresses a node may assign, at one
// revision.
type Plan struct {
	Pools    []Pool
	Reserved []netip.Prefix
	Settings Settings
	Labels   map[string]string // of the node
	Node     bool              // whether there is a Node resource
	Bad      []error           // documents that cannot be read, and were left out
}

// Plan reads pools, reservations, settings and the labels of the node.
func (a *Allocator) Plan(ctx context.Context) (Plan, error) {
	answer, err := a.kv.Get(ctx, a.planGets()...)
	if err != nil {
		return Plan{}, err
	}
	return decodePlan(answer)
}

// planOps is the number of operations of planGets.
const planOps = 4

func (a *Allocator) planGets() []clientv3.Op {
	return []clientv3.Op{
		clientv3.OpGet(poolPrefix, clientv3.WithPrefix()),
		clientv3.OpGet(reservationPrefix, clientv3.WithPrefix()),
		clientv3.OpGet(configKey),
		clientv3.OpGet(nodePrefix + a.Node),
	}
}

func decodePlan(answer *clientv3.TxnResponse) (Plan, error) {
	var p Plan
	for _, found := range kv.Values(answer, 0) {
		pool, err := DecodePool(found.Value)
		if err != nil {
			p.Bad = append(p.Bad, fmt.Errorf("the IP pool %s: %w", found.Key[len(poolPrefix):], err))
			continue
		}
		p.Pools = append(p.Pools, pool)
	}
	for _, found := range kv.Values(answer, 1) {
		prefixes, err := decodeReservation(found.Value)
		if err != nil { // what is reserved must never be assigned, so this is no reason to go on
			return p, fmt.Errorf("the IP reservation %s cannot be read: %w", found.Key[len(reservationPrefix):], err)
		}
		p.Reserved = append(p.Reserved, prefixes...)
	}
	var settings []byte
	if found := kv.Value(answer, 2); found != nil {
		settings = found.Value
	}
	var err error
	if p.Settings, err = DecodeSettings(settings); err != nil {
		return p, fmt.Errorf("the IPAM settings (key %s) cannot be read: %w", configKey, err)
	}
	if found := kv.Value(answer, 3); found != nil {
		var node struct {
			Metadata struct {
				Labels map[string]string `json:"labels"`
			} `json:"metadata"`
		}
		if err := json.Unmarshal(found.Value, &node); err != nil {
			p.Bad = append(p.Bad, fmt.Errorf("the Node %s: %w", found.Key[len(nodePrefix):], err))
		}
		p.Node, p.Labels = true, node.Metadata.Labels
	}
	return p, nil
}

// Candidates returns the pools that a request may take addresses from: those of
// an IP version, or the one that holds the subnet. The error is a [*PoolError].
func (p Plan) Candidates(version int, subnet netip.Prefix) ([]Pool, error) {
	asked := subnet.IsValid() && subnet.Bits() > 0
	problem := &PoolError{Version: version, Subnet: subnet, Bad: p.Bad}
	var usable []Pool
	for _, pool := range p.Pools {
		if is4 := pool.CIDR.Addr().Is4(); is4 != (version == 4) || asked && !within(subnet, pool.CIDR) {
			continue
		}
		if why := pool.Unusable(p.Labels, asked); why != "" {
			problem.Unusable = append(problem.Unusable, fmt.Sprintf("%s (%s): %s", pool.Name, pool.CIDR, why))
			continue
		}
		usable = append(usable, pool)
	}
	if len(usable) == 0 {
		return nil, problem
	}
	return usable, nil
}

// reservedWhole reports whether all addresses of a block are reserved.
func (p Plan) reservedWhole(block netip.Prefix) bool {
	return slices.ContainsFunc(p.Reserved, func(r netip.Prefix) bool { return within(block, r) })
}
