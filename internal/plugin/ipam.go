//go:build linux

package plugin

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"strings"

	"github.com/calicoctl/calicoctl/internal/ipam"
)

const (
	addressSpace = "CalicoLocalAddressSpace"
	globalSpace  = "CalicoGlobalAddressSpace"

	// A pool's ID says what it is, so that it means the same after a restart.
	anyPool4   = "CalicoPoolIPv4"
	anyPool6   = "CalicoPoolIPv6"
	poolPrefix = "CalicoPool "
)

// ipamDriver answers the requests of Docker's IPAM.
type ipamDriver struct{ *Driver }

func (d ipamDriver) handlers() map[string]handler {
	return map[string]handler{
		"IpamDriver.GetCapabilities":         handle(removeLimit, d.capabilities),
		"IpamDriver.GetDefaultAddressSpaces": handle(removeLimit, d.addressSpaces),
		"IpamDriver.RequestPool":             handle(makeLimit, d.requestPool),
		"IpamDriver.ReleasePool":             handle(removeLimit, d.releasePool),
		"IpamDriver.RequestAddress":          handle(makeLimit, d.requestAddress),
		"IpamDriver.ReleaseAddress":          handle(removeLimit, d.releaseAddress),
	}
}

// capabilities requires the MAC address, by which the requests for containers can be
// told from those for --aux-address.
func (ipamDriver) capabilities(context.Context, empty, *note) (any, error) {
	return map[string]bool{"RequiresMACAddress": true, "RequiresRequestReplay": false}, nil
}

func (ipamDriver) addressSpaces(context.Context, empty, *note) (any, error) {
	return map[string]string{"LocalDefaultAddressSpace": addressSpace, "GlobalDefaultAddressSpace": globalSpace}, nil
}

func (d ipamDriver) requestPool(ctx context.Context, in poolRequest, n *note) (any, error) {
	if in.SubPool != "" {
		return nil, errors.New("--ip-range is not supported; a --subnet may be a part of an IP pool")
	}
	if len(in.Options) > 0 {
		var keys []string
		for key := range in.Options {
			keys = append(keys, key)
		}
		slices.Sort(keys)
		return nil, fmt.Errorf("unknown option %s (--ipam-opt); there is none", strings.Join(keys, ", "))
	}
	out := poolResponse{PoolID: anyPool4, Pool: "0.0.0.0/0", Data: map[string]string{optionGateway: "0.0.0.0/0"}}
	version := 4
	if in.V6 {
		out = poolResponse{PoolID: anyPool6, Pool: "::/0", Data: map[string]string{optionGateway: "::/0"}}
		version = 6
	}
	var subnet netip.Prefix
	if in.Pool != "" {
		var err error
		if subnet, err = netip.ParsePrefix(in.Pool); err != nil {
			return nil, fmt.Errorf("--subnet %s is not a prefix", in.Pool)
		}
		subnet = subnet.Masked()
		out.PoolID, out.Pool = poolPrefix+subnet.String(), subnet.String()
	}
	plan, err := d.addresses.Plan(ctx)
	if err != nil {
		return nil, err
	}
	if _, err := plan.Candidates(version, subnet); err != nil {
		return nil, err
	}
	n.add("pool", out.Pool)
	return out, nil
}

func (ipamDriver) releasePool(_ context.Context, in struct{ PoolID string }, n *note) (any, error) {
	n.add("pool", in.PoolID)
	return empty{}, nil
}

// poolOf reads the ID of a pool.
func poolOf(id string) (version int, subnet netip.Prefix, err error) {
	switch id {
	case anyPool4:
		return 4, netip.Prefix{}, nil
	case anyPool6:
		return 6, netip.Prefix{}, nil
	}
	text, found := strings.CutPrefix(id, poolPrefix)
	subnet, err = netip.ParsePrefix(text)
	if !found || err != nil {
		return 0, subnet, fmt.Errorf("unknown pool %q", id)
	}
	if subnet.Addr().Is4() {
		return 4, subnet, nil
	}
	return 6, subnet, nil
}

func (d ipamDriver) requestAddress(ctx context.Context, in addressRequest, n *note) (any, error) {
	version, subnet, err := poolOf(in.PoolID)
	if err != nil {
		return nil, err
	}
	mac := in.Options[optionMAC]
	switch {
	case in.Options[optionType] == optionGateway:
		return nil, errors.New("--gateway is not supported: the gateway of a container is always its host, at 169.254.1.1")
	case mac == "":
		return nil, errors.New("--aux-address is not supported; keep addresses back with an IPReservation")
	}
	r := ipam.Request{Version: version, Subnet: subnet, Owner: map[string]string{
		ipam.OwnerEngine: d.state.Engine().ID, ipam.OwnerMAC: mac,
	}}
	if in.Address != "" {
		if r.Addr, err = netip.ParseAddr(in.Address); err != nil {
			return nil, fmt.Errorf("--ip %s is not an address", in.Address)
		}
	}
	if err := d.serving(ctx); err != nil {
		return nil, err
	}
	assigned, err := d.addresses.Assign(ctx, r)
	if err != nil {
		return nil, err
	}
	d.inUse.assigned(assigned.Addr)
	n.add("address", assigned.Addr)
	return addressResponse{Address: netip.PrefixFrom(assigned.Addr, assigned.Addr.BitLen()).String(), Data: map[string]string{}}, nil
}

func (d ipamDriver) releaseAddress(ctx context.Context, in addressRequest, n *note) (any, error) {
	addr, err := netip.ParseAddr(in.Address)
	if prefix, notAddr := netip.ParsePrefix(in.Address); err != nil && notAddr == nil {
		addr, err = prefix.Addr(), nil
	}
	if err != nil {
		return nil, fmt.Errorf("%q is not an address", in.Address)
	}
	n.add("address", addr)
	if addr.IsUnspecified() { // the gateway, which is none
		return empty{}, nil
	}
	released := false
	owner, err := d.inUse.release(ctx, addr, func() (err error) {
		released, err = d.addresses.Release(ctx, addr, nil)
		return err
	})
	if owner != "" { // its endpoint could not be removed; two containers must never share it
		n.add("kept", "endpoint "+owner+" still has it; the collector releases both")
	}
	n.add("released", released)
	return empty{}, err
}
