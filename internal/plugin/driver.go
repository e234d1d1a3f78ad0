//go:build linux

package plugin

import (
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"time"

	"github.com/calicoctl/calicoctl/internal/endpoint"
	"github.com/calicoctl/calicoctl/internal/engine"
	"github.com/calicoctl/calicoctl/internal/ipam"
	"github.com/calicoctl/calicoctl/internal/kv"
)

// engineLimit bounds a request to Docker while Docker waits for an answer: an engine that
// starts does not answer.
const engineLimit = time.Second

// Profiles makes and removes the profiles of networks.
type Profiles interface {
	// Ensure makes a profile with the policy that a network begins with; one that
	// is there is left alone.
	Ensure(ctx context.Context, id string) (made bool, err error)

	// Remove removes a profile while no endpoint has it, after save has been called
	// with its document. It is no error that there is none.
	Remove(ctx context.Context, id string, save func(document []byte) error) (removed bool, err error)
}

// Settings are the driver's.
type Settings struct {
	Node            string        // Calico's name of this host
	AllowUnenforced bool          // also without Felix
	FelixDir        string        // where Felix keeps its files
	MTUFile         string        // where Calico keeps the MTU
	RemovedDir      string        // where removed profiles are kept
	Boot            time.Time     // when this host has booted
	FelixWait       time.Duration // how long a container waits for its policy at most
}

// A Driver is both of Docker's drivers.
type Driver struct {
	settings  Settings
	addresses *ipam.Allocator
	endpoints *endpoint.Store
	profiles  Profiles
	engine    *engine.Engine
	state     *State
	kv        *kv.Store
	inUse     *registry
	links     *links
	serving   func(context.Context) error
	explain   func(err error, took time.Duration) error
	log       *slog.Logger
}

// Parts are what a driver is made of.
type Parts struct {
	Addresses *ipam.Allocator
	Endpoints *endpoint.Store
	Profiles  Profiles
	Engine    *engine.Engine
	State     *State
	KV        *kv.Store
	Log       *slog.Logger

	// Serving waits until this driver has the node's name; an error says that
	// another driver has it.
	Serving func(context.Context) error

	// Explain makes an error of etcd's client, after a time, one for people.
	Explain func(err error, took time.Duration) error
}

// New returns a driver.
func New(settings Settings, p Parts) *Driver {
	return &Driver{
		settings: settings, addresses: p.Addresses, endpoints: p.Endpoints, profiles: p.Profiles,
		engine: p.Engine, state: p.State, kv: p.KV, serving: p.Serving, explain: p.Explain, log: p.Log,
		inUse: newRegistry(p.Endpoints, settings.Node),
		links: &links{},
	}
}

// Handler answers the requests for both drivers.
func (d *Driver) Handler() http.Handler {
	all := networkDriver{d}.handlers()
	for method, h := range (ipamDriver{d}).handlers() {
		all[method] = h
	}
	all["Plugin.Activate"] = activate("NetworkDriver", "IpamDriver")
	return server{handlers: all, explain: d.explain, log: d.log}
}

// IPAMHandler answers the requests for the IPAM driver alone, for its second name.
func (d *Driver) IPAMHandler() http.Handler {
	all := ipamDriver{d}.handlers()
	all["Plugin.Activate"] = activate("IpamDriver")
	return server{handlers: all, explain: d.explain, log: d.log}
}

func activate(implements ...string) handler {
	return handle(removeLimit, func(context.Context, empty, *note) (any, error) {
		return map[string][]string{"Implements": implements}, nil
	})
}

// Gone takes note that an endpoint is no more, after the collector has removed it.
func (d *Driver) Gone(endpointID string) {
	d.inUse.forget(endpointID)
	d.links.forget(endpointID)
}

// ReleaseAddress releases an address that the collector has found unused, if it is
// still the same assignment and no endpoint has it.
func (d *Driver) ReleaseAddress(ctx context.Context, a ipam.Assigned) error {
	owner, err := d.inUse.release(ctx, a.Addr, func() error {
		_, err := d.addresses.Release(ctx, a.Addr, func(now ipam.Assigned) bool { return now.Handle == a.Handle })
		return err
	})
	if owner != "" {
		err = fmt.Errorf("endpoint %s has it now", owner)
	}
	return err
}

// IdentifyEngine finds out who the engine is; it retries until ctx ends. The answer is
// remembered, so that it is known also while the engine starts again.
func (d *Driver) IdentifyEngine(ctx context.Context) {
	for {
		short, cancel := context.WithTimeout(ctx, engineLimit)
		identity, err := d.engine.Identity(short)
		cancel()
		if err == nil {
			err = d.state.SetEngine(identity)
		}
		if err == nil {
			d.log.Info("the engine", "id", identity.ID, "version", identity.Version)
			return
		}
		select {
		case <-ctx.Done():
			return
		case <-time.After(engineLimit):
		}
	}
}
