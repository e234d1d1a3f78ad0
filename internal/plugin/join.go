//go:build linux

package plugin

import (
	"context"
	"fmt"
	"strings"
	"time"

	clientv3 "go.etcd.io/etcd/client/v3"

	"github.com/calicoctl/calicoctl/internal/endpoint"
	"github.com/calicoctl/calicoctl/internal/felix"
	"github.com/calicoctl/calicoctl/internal/host"
	"github.com/calicoctl/calicoctl/internal/kv"
)

// gateway4 is the gateway of every container: the host answers for it.
const gateway4 = "169.254.1.1"

// waitsAtTheEnd is the first version of Docker that sends EndpointOperInfo after
// the container's end is in place.
const waitsAtTheEnd = 28

// nameWait is how long a container waits for its labels at most once its link is
// there. Docker takes longer to list a large network, and does not answer at all
// while it starts.
const nameWait = 50 * time.Millisecond

// join makes the link of an endpoint.
func (d networkDriver) join(ctx context.Context, in joinRequest, n *note) (any, error) {
	n.add("network", in.NetworkID)
	n.add("endpoint", in.EndpointID)
	if err := d.links.take(in.SandboxKey, in.EndpointID); err != nil {
		return nil, err
	}
	e, found, err := d.endpoints.Get(ctx, d.settings.Node, in.EndpointID)
	if err == nil && !found {
		err = fmt.Errorf("there is no endpoint %s (key %s)", in.EndpointID, endpoint.Endpoint{Node: d.settings.Node, ID: in.EndpointID}.Key())
	}
	if err != nil {
		d.links.forget(in.EndpointID)
		return nil, err
	}
	enforced, err := d.enforced(ctx, n)
	if err != nil {
		return nil, err
	}
	named := d.name(ctx, e, in.NetworkID)
	waitsLater := d.state.Engine().Major() >= waitsAtTheEnd // in operInfo
	link := host.Link{
		Endpoint: e.ID, Sandbox: in.SandboxKey, Addresses: e.Addresses, MTU: host.MTU(d.settings.MTUFile),
		Held: !enforced && !d.settings.AllowUnenforced, PeerDown: waitsLater,
	}
	if err := host.Attach(link); err != nil {
		d.links.forget(in.EndpointID)
		return nil, err
	}
	n.add("interface", host.Name(e.ID))
	switch {
	case link.Held:
		n.add("held", "no packet passes until Felix reports")
		d.links.hold(link)
	case enforced && !waitsLater:
		d.wait(ctx, e.ID, n)
	}
	select {
	case <-named:
	case <-time.After(nameWait):
	}
	return d.joined(ctx, e, d.network(ctx, in.NetworkID))
}

// joined returns the answer: which device the container gets, and its routes.
func (d *Driver) joined(ctx context.Context, e endpoint.Endpoint, network Network) (any, error) {
	out := joinResponse{InterfaceName: interfaceName{SrcName: host.PeerName(e.ID), DstPrefix: "cali"}}
	var four, six bool
	for _, addr := range e.Addresses {
		four, six = four || addr.Is4(), six || addr.Is6()
	}
	if four {
		out.StaticRoutes = append(out.StaticRoutes, staticRoute{Destination: gateway4 + "/32", RouteType: 1})
	}
	if six { // else Docker finds no way to the gateway before the kernel has set the link-local route
		out.StaticRoutes = append(out.StaticRoutes, staticRoute{Destination: host.GatewayIPv6 + "/128", RouteType: 1})
	}
	if !network.Internal {
		if four {
			out.Gateway = gateway4
		}
		if six {
			out.GatewayIPv6 = host.GatewayIPv6
		}
		return out, nil
	}
	out.DisableGatewayService = true
	ranges, err := d.ranges(ctx, network)
	if err != nil {
		return nil, err
	}
	for _, each := range ranges {
		if is6 := strings.Contains(each, ":"); is6 && six || !is6 && four {
			out.StaticRoutes = append(out.StaticRoutes, staticRoute{Destination: each, RouteType: 1})
		}
	}
	return out, nil
}

// enforced reports whether Felix reports on this node.
func (d *Driver) enforced(ctx context.Context, n *note) (bool, error) {
	answer, err := d.kv.Get(ctx, clientv3.OpGet(felix.StatusKey(d.settings.Node)))
	if err != nil {
		return false, err
	}
	var report []byte
	if found := kv.Value(answer, 0); found != nil {
		report = found.Value
	}
	absent := felix.Check(d.settings.Node, report, d.settings.Boot)
	if absent != nil && d.settings.AllowUnenforced {
		n.add("unenforced", absent.Error())
	}
	return absent == nil, nil
}

// wait waits until the policy of an endpoint is in place, so that the container's
// first packet is not lost; not for ever.
func (d *Driver) wait(ctx context.Context, endpointID string, n *note) {
	ctx, cancel := context.WithTimeout(ctx, d.settings.FelixWait)
	defer cancel()
	start := time.Now()
	defer func() { n.add("waited", time.Since(start).Round(time.Millisecond)) }()
	if err := felix.Wait(ctx, d.settings.FelixDir, endpointID); err != nil {
		d.log.Warn("Felix has not put the policy in place in time; until then it drops the container's packets",
			"endpoint", endpointID, "waited", d.settings.FelixWait, "file", felix.StatusFile(d.settings.FelixDir, endpointID))
		n.add("policy", "late")
	}
}

// name gets the names of network and container from Docker in the background, and
// adds them to the endpoint. The channel is closed then. Without an answer the
// collector adds them.
func (d *Driver) name(ctx context.Context, e endpoint.Endpoint, networkID string) <-chan struct{} {
	done := make(chan struct{})
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), engineLimit)
	go func() {
		defer close(done)
		defer cancel()
		place, err := d.engine.Find(ctx, networkID, e.ID)
		if err == nil {
			e.NetworkName, e.Container, e.ContainerID = place.Network.Name, place.Container, place.ContainerID
			err = d.endpoints.SetNames(ctx, e)
		}
		if err != nil {
			d.log.Debug("names are added later", "endpoint", e.ID, "error", err)
		}
	}()
	return done
}

// operInfo answers what Docker 28 sends once the container's end is in place and
// before its process starts. Earlier versions send it too early.
func (d networkDriver) operInfo(ctx context.Context, in endpointRequest, n *note) (any, error) {
	n.add("endpoint", in.EndpointID)
	if d.state.Engine().Major() >= waitsAtTheEnd && host.Connected(in.EndpointID) {
		if enforced, err := d.enforced(ctx, n); err == nil && enforced {
			d.wait(ctx, in.EndpointID, n)
		}
	}
	return operInfoResponse{Value: map[string]string{}}, nil
}

// leave removes the link of an endpoint.
func (d networkDriver) leave(_ context.Context, in endpointRequest, n *note) (any, error) {
	n.add("network", in.NetworkID)
	n.add("endpoint", in.EndpointID)
	err := host.Detach(in.EndpointID)
	if err == nil {
		d.links.forget(in.EndpointID)
	}
	return empty{}, err
}
