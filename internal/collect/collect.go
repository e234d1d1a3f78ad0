//go:build linux

// Package collect removes what was left over: endpoints, addresses, links and
// profiles of containers and networks that Docker does not have any more, because
// a request was lost or the driver was down. Docker repeats nothing.
//
// A thing is removed only if it was missing in two rounds that are some minutes
// apart, and only while both Docker and etcd answer. What belongs to another
// engine is never touched.
package collect

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/netip"
	"time"

	"github.com/calicoctl/calicoctl/internal/endpoint"
	"github.com/calicoctl/calicoctl/internal/engine"
	"github.com/calicoctl/calicoctl/internal/host"
	"github.com/calicoctl/calicoctl/internal/ipam"
	"github.com/calicoctl/calicoctl/internal/plugin"
)

// limit bounds a round.
const limit = time.Minute

// A Driver is whose remains are collected.
type Driver interface {
	RemoveNetwork(ctx context.Context, id string) (removed bool, err error)
	ReleaseAddress(ctx context.Context, a ipam.Assigned) error
	Gone(endpoint string) // an endpoint was removed
}

// A Collector makes the rounds for one node and one engine.
type Collector struct {
	Node      string
	Engine    *engine.Engine
	Endpoints *endpoint.Store
	Addresses *ipam.Allocator
	State     *plugin.State
	Driver    Driver
	Mine      func() error  // an error while another driver may have the node's name
	Apart     time.Duration // how long a thing has to be missing
	Now       func() time.Time
	Log       *slog.Logger

	missing map[string]time.Time // since when, by thing
}

// Run makes rounds until ctx ends.
func (c *Collector) Run(ctx context.Context) {
	for {
		if err := c.Round(ctx); err != nil && ctx.Err() == nil {
			c.Log.Warn("nothing was collected", "error", err)
		}
		select {
		case <-ctx.Done():
			return
		case <-time.After(c.Apart):
		}
	}
}

// A view is what there is at the time of a round.
type view struct {
	engine    string
	networks  map[string]engine.Network
	attached  map[string]engine.Attachment // by endpoint
	shown     map[netip.Addr]bool          // addresses that Docker shows on a container
	endpoints map[string]endpoint.Endpoint
	used      map[netip.Addr]bool // addresses of endpoints
	assigned  []ipam.Assigned
	links     map[string]host.Link
	known     map[string]plugin.Network
}

// Round looks once, and removes what was missing long enough. With an error
// nothing was removed for which the answer was needed.
func (c *Collector) Round(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	if err := c.Mine(); err != nil {
		return err
	}
	start := c.Now()
	v, err := c.look(ctx)
	if err != nil {
		return err
	}
	defer func() {
		c.Log.Debug("round of the collector", "endpoints", len(v.endpoints), "addresses", len(v.assigned), "links", len(v.links), "took", c.Now().Sub(start))
	}()
	c.report(v)
	c.complete(ctx, v)
	gone := c.gone(v)
	now, still := c.Now(), map[string]time.Time{}
	var all error
	for _, thing := range gone {
		since, before := c.missing[thing.name]
		if !before {
			since = now
		}
		if !before || now.Sub(since) < c.Apart {
			still[thing.name] = since
			continue
		}
		if err := thing.remove(ctx); err != nil {
			still[thing.name] = since // next time
			all = errors.Join(all, fmt.Errorf("%s: %w", thing.name, err))
			continue
		}
		c.Log.Info("collected", "what", thing.name, "missing since", since.UTC().Format(time.RFC3339))
	}
	c.missing = still
	return all
}

// look reads etcd, the host and Docker, in this order: what is made meanwhile is
// then not taken for missing.
func (c *Collector) look(ctx context.Context) (view, error) {
	v := view{endpoints: map[string]endpoint.Endpoint{}, used: map[netip.Addr]bool{}, known: c.State.Networks()}
	all, bad, err := c.Endpoints.OfNode(ctx, c.Node)
	if err != nil {
		return v, err
	}
	for _, e := range all {
		v.endpoints[e.ID] = e
		for _, addr := range e.Addresses {
			v.used[addr] = true
		}
	}
	var badBlocks []error
	if v.assigned, badBlocks, err = c.Addresses.Assigned(ctx); err != nil {
		return v, err
	}
	for _, problem := range append(bad, badBlocks...) {
		c.Log.Warn("left alone", "error", problem)
	}
	if len(bad) > 0 { // its addresses are not known, so none may be released
		v.assigned = nil
	}
	if v.links, err = host.Links(); err != nil {
		return v, err
	}
	return v, c.lookAtDocker(ctx, &v)
}

func (c *Collector) lookAtDocker(ctx context.Context, v *view) error {
	identity, err := c.Engine.Identity(ctx)
	if err != nil {
		return err
	}
	if err := c.State.SetEngine(identity); err != nil {
		return err
	}
	v.engine = identity.ID
	attachments, err := c.Engine.Attachments(ctx)
	if err != nil {
		return err
	}
	v.attached, v.shown = map[string]engine.Attachment{}, map[netip.Addr]bool{}
	for _, a := range attachments {
		if a.Endpoint != "" {
			v.attached[a.Endpoint] = a
		}
		for _, addr := range a.Addresses {
			v.shown[addr] = true
		}
	}
	list, err := c.Engine.Networks(ctx)
	if err != nil {
		return err
	}
	v.networks = map[string]engine.Network{}
	for _, n := range list {
		v.networks[n.ID] = n
		if n.Driver != "calico" {
			continue
		}
		if err := c.lookAtNetwork(ctx, v, n); err != nil {
			return err
		}
	}
	return nil
}

// lookAtNetwork adds the endpoints of containers that are being started: they are
// shown on the network before they are shown on the container.
func (c *Collector) lookAtNetwork(ctx context.Context, v *view, n engine.Network) error {
	endpoints, err := c.Engine.Endpoints(ctx, n.ID)
	if engine.IsGone(err) { // it was removed since
		return nil
	}
	if err != nil {
		return err
	}
	for id, addresses := range endpoints {
		if _, there := v.attached[id]; !there {
			v.attached[id] = engine.Attachment{Endpoint: id, Network: n.ID, NetworkName: n.Name}
		}
		for _, addr := range addresses {
			v.shown[addr] = true
		}
	}
	return nil
}

// A thing is something that Docker does not have.
type thing struct {
	name   string
	remove func(context.Context) error
}

// gone returns all that is not, or no longer, part of a container or network.
func (c *Collector) gone(v view) []thing {
	var all []thing
	ours := func(engine string) bool { return engine == "" || engine == v.engine }
	for id, link := range v.links {
		if _, there := v.attached[id]; !there && ours(v.endpoints[id].Engine) {
			all = append(all, thing{"link " + host.Name(link.Endpoint) + " of endpoint " + id, func(context.Context) error {
				return host.Detach(id)
			}})
		}
	}
	for id, e := range v.endpoints {
		if _, there := v.attached[id]; !there && ours(e.Engine) {
			all = append(all, thing{"endpoint " + id, func(ctx context.Context) error { return c.removeEndpoint(ctx, id) }})
		}
	}
	for _, a := range v.assigned {
		if !v.used[a.Addr] && !v.shown[a.Addr] && ours(a.Owner[ipam.OwnerEngine]) {
			all = append(all, thing{"address " + a.Addr.String() + " (" + a.Handle + ")", func(ctx context.Context) error {
				return c.Driver.ReleaseAddress(ctx, a)
			}})
		}
	}
	for id := range v.known {
		if _, there := v.networks[id]; !there {
			all = append(all, thing{"network " + id, func(ctx context.Context) error {
				_, err := c.Driver.RemoveNetwork(ctx, id)
				return err
			}})
		}
	}
	return all
}

// removeEndpoint removes an endpoint. Its addresses are released in later rounds,
// when no endpoint has them.
func (c *Collector) removeEndpoint(ctx context.Context, id string) error {
	if err := host.Detach(id); err != nil {
		return err
	}
	if err := c.Endpoints.Delete(ctx, c.Node, id); err != nil {
		return err
	}
	c.Driver.Gone(id)
	return nil
}

// report warns of networks that only half use Calico.
func (c *Collector) report(v view) {
	for _, n := range v.networks {
		if n.IsHalf() {
			c.Log.Warn("a network has addresses from Calico, but another driver, so that no policy applies to it; create it with --driver calico",
				"network", n.ID, "name", n.Name, "driver", n.Driver)
		}
	}
}

// complete adds what Docker did not answer when it was needed: the names of
// containers and networks, and networks that the state file does not know.
func (c *Collector) complete(ctx context.Context, v view) {
	for id, a := range v.attached {
		e, there := v.endpoints[id]
		if !there || a.Container == "" || e.Container == a.Container && e.NetworkName == a.NetworkName {
			continue
		}
		e.Container, e.ContainerID, e.NetworkName = a.Container, a.ContainerID, a.NetworkName
		if err := c.Endpoints.SetNames(ctx, e); err != nil {
			c.Log.Warn("the names of an endpoint are not added", "endpoint", id, "error", err)
		}
	}
	for id, n := range v.networks {
		if _, known := v.known[id]; known || n.Driver != "calico" {
			continue
		}
		remembered := plugin.Remember(n)
		if err := c.State.SetNetwork(id, &remembered); err != nil {
			c.Log.Warn("a network is not remembered", "network", id, "error", err)
		}
	}
}
