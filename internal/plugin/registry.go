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
//
// No request goes to etcd under its lock: requests that wait for a hung etcd must
// not wait for each other.
type registry struct {
	endpoints *endpoint.Store
	node      string

	mu        sync.Mutex
	byIP      map[netip.Addr]string // an endpoint's ID; nil: not read yet
	given     map[netip.Addr]bool   // assigned by this process, and not released since
	releasing map[netip.Addr]bool
}

func newRegistry(endpoints *endpoint.Store, node string) *registry {
	return &registry{endpoints: endpoints, node: node, given: map[netip.Addr]bool{}, releasing: map[netip.Addr]bool{}}
}

// load reads the endpoints, unless that was done.
func (r *registry) load(ctx context.Context) error {
	r.mu.Lock()
	loaded := r.byIP != nil
	r.mu.Unlock()
	if loaded {
		return nil
	}
	all, _, err := r.endpoints.OfNode(ctx, r.node)
	if err != nil {
		return err
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.byIP != nil { // another request was faster, and has changed it since
		return nil
	}
	r.byIP = map[netip.Addr]string{}
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
	r.given[addr] = true
}

// release runs a function that releases an address, unless an endpoint has it; its
// ID is returned then. No endpoint can take the address meanwhile.
func (r *registry) release(ctx context.Context, addr netip.Addr, run func() error) (owner string, err error) {
	if err := r.load(ctx); err != nil {
		return "", err
	}
	r.mu.Lock()
	owner = r.byIP[addr]
	if owner == "" {
		delete(r.given, addr)
		r.releasing[addr] = true
	}
	r.mu.Unlock()
	if owner != "" {
		return owner, nil
	}
	defer func() {
		r.mu.Lock()
		defer r.mu.Unlock()
		delete(r.releasing, addr)
	}()
	return "", run()
}

// take gives addresses to an endpoint, unless another endpoint has one of them. holds
// tells whether an address is assigned that an earlier process may have assigned.
func (r *registry) take(ctx context.Context, id string, addresses []netip.Addr, holds func(netip.Addr) (bool, error)) error {
	if err := r.load(ctx); err != nil {
		return err
	}
	unsure, err := r.reserve(id, addresses)
	if err != nil {
		return err
	}
	for _, addr := range unsure { // they cannot be released meanwhile
		held, err := holds(addr)
		if err == nil && !held {
			err = fmt.Errorf("the address %s is not assigned to this node; start the container again", addr)
		}
		if err != nil {
			r.forget(id)
			return err
		}
	}
	return nil
}

// reserve gives addresses to an endpoint, and returns those of which this process
// does not know that they are assigned.
func (r *registry) reserve(id string, addresses []netip.Addr) (unsure []netip.Addr, err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, addr := range addresses {
		if other := r.byIP[addr]; other != "" && other != id {
			return nil, fmt.Errorf("endpoint %s has the address %s already", other, addr)
		}
		if r.releasing[addr] {
			return nil, fmt.Errorf("the address %s is being released; start the container again", addr)
		}
	}
	for _, addr := range addresses {
		if r.byIP[addr] == "" && !r.given[addr] {
			unsure = append(unsure, addr)
		}
		r.byIP[addr] = id
	}
	return unsure, nil
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
