//go:build linux

package plugin

import (
	"context"
	"fmt"
	"net/netip"
	"sync"

	"github.com/calicoctl/calicoctl/internal/endpoint"
)

// A registry knows which endpoint of this node has which address, so that no
// address is released, or given to a second endpoint, while one has it. It is read
// from etcd once, as this process is the only one that writes endpoints of the
// node.
type registry struct {
	endpoints *endpoint.Store
	node      string

	mu   sync.Mutex
	byIP map[netip.Addr]string // an endpoint's ID; nil: not read yet
}

// load reads the endpoints. The caller holds the lock.
func (r *registry) load(ctx context.Context) error {
	if r.byIP != nil {
		return nil
	}
	all, _, err := r.endpoints.OfNode(ctx, r.node)
	if err != nil {
		return err
	}
	r.byIP = map[netip.Addr]string{}
	for _, e := range all {
		for _, addr := range e.Addresses {
			r.byIP[addr] = e.ID
		}
	}
	return nil
}

// owner returns the ID of the endpoint that has an address; empty if none has.
func (r *registry) owner(ctx context.Context, addr netip.Addr) (string, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if err := r.load(ctx); err != nil {
		return "", err
	}
	return r.byIP[addr], nil
}

// take gives addresses to an endpoint, unless another one has one of them.
func (r *registry) take(ctx context.Context, id string, addresses []netip.Addr) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if err := r.load(ctx); err != nil {
		return err
	}
	for _, addr := range addresses {
		if other := r.byIP[addr]; other != "" && other != id {
			return fmt.Errorf("endpoint %s has the address %s already", other, addr)
		}
	}
	for _, addr := range addresses {
		r.byIP[addr] = id
	}
	return nil
}

// forget takes the addresses from an endpoint that is gone.
func (r *registry) forget(id string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for addr, owner := range r.byIP {
		if owner == id {
			delete(r.byIP, addr)
		}
	}
}
