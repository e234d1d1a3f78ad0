//go:build linux

package host

import (
	"errors"
	"fmt"
	"net"
	"net/netip"

	"github.com/vishvananda/netlink"
)

// gateway is the address that every container has for its gateway.
const gateway = "169.254.1.1"

// A Route is one of the host's.
type Route struct {
	Destination netip.Prefix
	Device      string
}

// Routes returns the routes of the host that are for a range of addresses: not the
// default ones, and not those to containers.
func Routes() ([]Route, error) {
	links, err := netlink.LinkList()
	if err != nil {
		return nil, fmt.Errorf("cannot list the devices: %w", err)
	}
	names := map[int]string{}
	for _, l := range links {
		if _, ours := parseAlias(l.Attrs().Alias); !ours {
			names[l.Attrs().Index] = l.Attrs().Name
		}
	}
	var all []Route
	for _, family := range []int{netlink.FAMILY_V4, netlink.FAMILY_V6} {
		list, err := netlink.RouteList(nil, family)
		if err != nil {
			return nil, fmt.Errorf("cannot list the routes: %w", err)
		}
		for _, r := range list {
			destination, ok := prefixOf(r.Dst)
			name := names[r.LinkIndex]
			if ok && destination.Bits() > 0 && name != "" && !destination.Addr().IsLinkLocalUnicast() && !destination.Addr().IsMulticast() {
				all = append(all, Route{destination, name})
			}
		}
	}
	return all, nil
}

func prefixOf(n *net.IPNet) (netip.Prefix, bool) {
	if n == nil {
		return netip.Prefix{}, false
	}
	addr, ok := netip.AddrFromSlice(n.IP)
	bits, _ := n.Mask.Size()
	return netip.PrefixFrom(addr.Unmap(), bits), ok
}

// CheckGateway returns an error unless the kernel answers for the containers'
// gateway: it does so only if it knows a way to it, which need not lead anywhere.
func CheckGateway() error {
	if _, err := netlink.RouteGet(net.ParseIP(gateway)); err != nil {
		return fmt.Errorf("this host has no default route, so that the kernel does not answer for the containers' gateway %s; "+
			`set one, or "ip route add %s dev DEVICE"`, gateway, gateway)
	}
	return nil
}

// Address returns the address by which this host reaches others, with the length of
// its network's prefix.
func Address() (netip.Prefix, error) {
	routes, err := netlink.RouteGet(net.ParseIP(gateway))
	if err != nil || len(routes) == 0 {
		return netip.Prefix{}, errors.New("this host has no default route, which would tell its address")
	}
	device, err := netlink.LinkByIndex(routes[0].LinkIndex)
	if err != nil {
		return netip.Prefix{}, err
	}
	addresses, err := netlink.AddrList(device, netlink.FAMILY_V4)
	if err != nil {
		return netip.Prefix{}, err
	}
	for _, a := range addresses {
		if p, ok := prefixOf(a.IPNet); ok && a.IP.Equal(routes[0].Src) {
			return p, nil
		}
	}
	return netip.Prefix{}, fmt.Errorf("the device %s of the default route has no IPv4 address", device.Attrs().Name)
}
