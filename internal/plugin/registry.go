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

	mu    sync.Mutex
	byIP  map[netip.Addr]string // an endpoint's ID; nil: not read yet
	given map[netip.Addr]bool   // assigned by this process, and not released since
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
	if r.given == nil {
		r.given = map[netip.Addr]bool{}
	}
	for _, e := range all {
		for _, addr := range e.Addresses {
			r.byIP[addr] = e.ID
		}
	}
	return nil
}

// assigned takes note of an address that was assigned.
func (r *registry) assigned(addr netip.Addr) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.given == nil {
		r.given = map[netip.Addr]bool{}
	}
	r.given[addr] = true
}

// release runs a function that releases an address, unless an endpoint has it; its
// ID is returned then. No endpoint can take the address meanwhile.
func (r *registry) release(ctx context.Context, addr netip.Addr, run func() error) (owner string, err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if err := r.load(ctx); err != nil {
		return "", err
	}
	if owner := r.byIP[addr]; owner != "" {
		return owner, nil
	}
	delete(r.given, addr)
	return "", run()
}

// take gives addresses to an endpoint, unless another one has one of them. holds
// tells whether an address is assigned that an earlier process may have assigned.
func (r *registry) take(ctx context.Context, id string, addresses []netip.Addr, holds func(netip.Addr) (bool, error)) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if err := r.load(ctx); err != nil {
		return err
	}
	for _, addr := range addresses {
		if !r.given[addr] {
			switch held, err := holds(addr); {
			case err != nil:
				return err
			case !held:
				return fmt.Errorf("the address %s is not assigned to this node; start the container again", addr)
			}
		}
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
