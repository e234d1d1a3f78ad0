//go:build linux

package plugin

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"net"
	"net/netip"

	"github.com/calicoctl/calicoctl/internal/endpoint"
	"github.com/calicoctl/calicoctl/internal/felix"
	"github.com/calicoctl/calicoctl/internal/host"
	"github.com/calicoctl/calicoctl/pkg/resolve"
)

// createEndpoint stores the endpoint of a container. Its profile has to be there,
// and Felix has to enforce it, unless the engine itself is starting: then Felix may
// be one of its containers, and the link is held closed until it reports.
func (d networkDriver) createEndpoint(ctx context.Context, in createEndpointRequest, n *note) (any, error) {
	n.add("network", in.NetworkID)
	n.add("endpoint", in.EndpointID)
	if !resolve.IsID(in.EndpointID) {
		return nil, fmt.Errorf("%q is not the ID of an endpoint", in.EndpointID)
	}
	if err := errors.Join(checkEndpointOptions(in.Options), d.serving(ctx)); err != nil {
		return nil, err
	}
	addresses, err := addressesOf(in.Interface)
	if err != nil {
		return nil, err
	}
	mac, answer, err := macOf(in.Interface)
	if err != nil {
		return nil, err
	}
	e := endpoint.Endpoint{
		ID: in.EndpointID, Node: d.settings.Node, Engine: d.state.Engine().ID, Network: in.NetworkID,
		Profile: d.network(ctx, in.NetworkID).Profile, Interface: host.Name(in.EndpointID), MAC: mac, Addresses: addresses,
	}
	n.add("addresses", addresses)
	n.add("profile", e.Profile)
	holds := func(addr netip.Addr) (bool, error) { return d.addresses.Holds(ctx, addr) }
	if err := d.inUse.take(ctx, e.ID, addresses, holds); err != nil {
		return nil, err
	}
	err = d.endpoints.Put(ctx, e, []string{felix.StatusKey(e.Node)}, func(values [][]byte) error {
		return d.mayBeMade(ctx, values[0], n)
	})
	if err != nil {
		if ctx.Err() == nil { // else it may be there
			d.inUse.forget(e.ID)
		}
		return nil, err
	}
	return answer, nil
}

// mayBeMade refuses an endpoint whose policy nothing would enforce.
func (d *Driver) mayBeMade(ctx context.Context, report []byte, n *note) error {
	absent := felix.Check(d.settings.Node, report, d.settings.Boot)
	if absent == nil {
		return nil
	}
	if d.settings.AllowUnenforced {
		n.add("unenforced", absent.Error())
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, engineLimit)
	defer cancel()
	if d.engine.Answers(ctx) {
		return absent
	}
	n.add("held", "Docker is starting, and Felix does not report yet")
	return nil
}

func addressesOf(in *interfaceData) ([]netip.Addr, error) {
	var all []netip.Addr
	if in == nil {
		in = &interfaceData{}
	}
	for _, text := range []string{in.Address, in.AddressIPv6} {
		if text == "" {
			continue
		}
		p, err := netip.ParsePrefix(text)
		if err != nil {
			return nil, fmt.Errorf("%q is not an address with a prefix length", text)
		}
		all = append(all, p.Addr())
	}
	if len(all) == 0 {
		return nil, errors.New("the endpoint has no address; create the network with --ipam-driver calico")
	}
	return all, nil
}

// macOf returns the container's MAC address, and the answer, which names it only
// if Docker does not know it.
func macOf(in *interfaceData) (string, createEndpointResponse, error) {
	if in.MacAddress != "" {
		mac, err := net.ParseMAC(in.MacAddress)
		return mac.String(), createEndpointResponse{}, err
	}
	mac := make(net.HardwareAddr, 6)
	if _, err := rand.Read(mac); err != nil {
		return "", createEndpointResponse{}, err
	}
	mac[0] = mac[0]&^1 | 2 // of one device, assigned by software
	return mac.String(), createEndpointResponse{Interface: interfaceData{MacAddress: mac.String()}}, nil
}

// deleteEndpoint removes an endpoint. Docker ignores an error: the collector
// removes what is left.
func (d networkDriver) deleteEndpoint(ctx context.Context, in endpointRequest, n *note) (any, error) {
	n.add("network", in.NetworkID)
	n.add("endpoint", in.EndpointID)
	if !resolve.IsID(in.EndpointID) {
		return nil, fmt.Errorf("%q is not the ID of an endpoint", in.EndpointID)
	}
	err := host.Detach(in.EndpointID)
	d.links.forget(in.EndpointID)
	if err != nil {
		return nil, err
	}
	if err := d.endpoints.Delete(ctx, d.settings.Node, in.EndpointID); err != nil {
		return nil, err
	}
	d.inUse.forget(in.EndpointID)
	return empty{}, nil
}
