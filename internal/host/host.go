//go:build linux

package host

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"

	"github.com/vishvananda/netlink"
)

const (
	// routeMetric is high, so that BIRD takes the route for one of a workload,
	// and Felix takes it over.
	routeMetric = 1024
	// GatewayIPv6 is the address of the host's end of every link.
	GatewayIPv6 = "fe80::ecee:eeff:feee:eeee"
)

// hostMAC is the address of the host's end of every link.
func hostMAC() net.HardwareAddr { return net.HardwareAddr{0xee, 0xee, 0xee, 0xee, 0xee, 0xee} }

// Attach makes the link of an endpoint. One that is there already, from an
// earlier attempt, is made anew. Unless it is held, both ends are up and packets
// pass, or, with PeerDown, as soon as the container's end is up.
func Attach(l Link) error {
	if err := Detach(l.Endpoint); err != nil {
		return err
	}
	attributes := netlink.NewLinkAttrs()
	attributes.Name, attributes.MTU, attributes.HardwareAddr = Name(l.Endpoint), l.MTU, hostMAC()
	err := netlink.LinkAdd(&netlink.Veth{LinkAttrs: attributes, PeerName: PeerName(l.Endpoint)})
	if err != nil {
		return fmt.Errorf("cannot make the device %s: %w", Name(l.Endpoint), err)
	}
	if err := setUp(l); err != nil {
		return errors.Join(err, remove(Name(l.Endpoint)))
	}
	return nil
}

func setUp(l Link) error {
	for _, name := range []string{Name(l.Endpoint), PeerName(l.Endpoint)} {
		device, err := netlink.LinkByName(name)
		if err != nil {
			return fmt.Errorf("cannot find the device %s: %w", name, err)
		}
		if err := netlink.LinkSetAlias(device, l.alias()); err != nil {
			return fmt.Errorf("cannot mark the device %s: %w", name, err)
		}
	}
	if err := settings(Name(l.Endpoint), l.Addresses); err != nil || l.Held {
		return err
	}
	if l.PeerDown {
		return up(l)
	}
	peer, err := netlink.LinkByName(PeerName(l.Endpoint))
	if err == nil {
		err = netlink.LinkSetUp(peer)
	}
	if err != nil {
		return fmt.Errorf("cannot bring the device %s up: %w", PeerName(l.Endpoint), err)
	}
	return up(l)
}

// up brings the host's end up and sets the routes.
func up(l Link) error {
	device, err := netlink.LinkByName(Name(l.Endpoint))
	if err != nil {
		return fmt.Errorf("cannot find the device %s: %w", Name(l.Endpoint), err)
	}
	if err := netlink.LinkSetUp(device); err != nil {
		return fmt.Errorf("cannot bring the device %s up: %w", Name(l.Endpoint), err)
	}
	for _, addr := range l.Addresses {
		route := netlink.Route{
			LinkIndex: device.Attrs().Index, Dst: single(addr), Scope: netlink.SCOPE_LINK, Priority: routeMetric,
		}
		if err := netlink.RouteReplace(&route); err != nil {
			return fmt.Errorf("cannot set the route to %s: %w", addr, err)
		}
	}
	return nil
}

// Open lets packets pass a link that was held.
func Open(l Link) error {
	if err := up(l); err != nil {
		return err
	}
	device, err := netlink.LinkByName(Name(l.Endpoint))
	if err != nil {
		return err
	}
	l.Held = false
	return netlink.LinkSetAlias(device, l.alias())
}

func single(addr netip.Addr) *net.IPNet {
	return &net.IPNet{IP: addr.AsSlice(), Mask: net.CIDRMask(addr.BitLen(), addr.BitLen())}
}

// settings makes the host answer for the container's gateway, without delay.
func settings(device string, addresses []netip.Addr) error {
	four := [][3]string{{"ipv4/conf", "proxy_arp", "1"}, {"ipv4/neigh", "proxy_delay", "0"}}
	// No test for a second owner of the link-local address: each container has
	// a link of its own, and would wait for it.
	six := [][3]string{{"ipv6/conf", "disable_ipv6", "0"}, {"ipv6/conf", "accept_dad", "0"}, {"ipv6/conf", "proxy_ndp", "1"}, {"ipv6/neigh", "proxy_delay", "0"}}
	wanted := map[bool]bool{}
	for _, addr := range addresses {
		wanted[addr.Is4()] = true
	}
	for is4, list := range map[bool][][3]string{true: four, false: six} {
		if !wanted[is4] {
			continue
		}
		for _, s := range list {
			path := filepath.Join("/proc/sys/net", s[0], device, s[1])
			if err := os.WriteFile(path, []byte(s[2]), 0o644); err != nil {
				return fmt.Errorf("cannot set %s: %w", path, err)
			}
		}
	}
	return nil
}

// Detach removes the link of an endpoint, wherever its other end is. It is no
// error that there is none; one of these names that is not ours is left alone.
func Detach(endpoint string) error {
	for _, name := range []string{Name(endpoint), PeerName(endpoint)} {
		device, err := netlink.LinkByName(name)
		if isMissing(err) {
			continue
		}
		if err != nil {
			return fmt.Errorf("cannot look for the device %s: %w", name, err)
		}
		found, ours := parseAlias(device.Attrs().Alias)
		if device.Attrs().Alias != "" && (!ours || found.Endpoint != endpoint) {
			return fmt.Errorf("there is a device %s that belongs to another program (alias %q)", name, device.Attrs().Alias)
		}
		if err := remove(name); err != nil {
			return err
		}
	}
	return nil
}

func remove(name string) error {
	device, err := netlink.LinkByName(name)
	if err == nil {
		err = netlink.LinkDel(device)
	}
	if err != nil && !isMissing(err) {
		return fmt.Errorf("cannot remove the device %s: %w", name, err)
	}
	return nil
}

func isMissing(err error) bool {
	var missing netlink.LinkNotFoundError
	return errors.As(err, &missing) || errors.Is(err, syscall.ENODEV)
}

// Links returns our links, by the ID of their endpoint, without their addresses.
func Links() (map[string]Link, error) {
	devices, err := netlink.LinkList()
	if err != nil && !errors.Is(err, netlink.ErrDumpInterrupted) {
		return nil, fmt.Errorf("cannot list the devices: %w", err)
	}
	links := map[string]Link{}
	for _, device := range devices {
		l, ours := parseAlias(device.Attrs().Alias)
		if !ours {
			continue
		}
		if old, twice := links[l.Endpoint]; twice { // both ends are here
			l.Held = l.Held || old.Held
		}
		l.MTU = device.Attrs().MTU
		links[l.Endpoint] = l
	}
	return links, nil
}

// Connected reports whether both ends of a link are up.
func Connected(endpoint string) bool {
	device, err := netlink.LinkByName(Name(endpoint))
	return err == nil && device.Attrs().OperState == netlink.OperUp
}

// MTU returns what the file says that Calico keeps the MTU in; 0 if it does not.
func MTU(file string) int {
	text, err := os.ReadFile(file)
	if err != nil {
		return 0
	}
	mtu, err := strconv.Atoi(strings.TrimSpace(string(text)))
	if err != nil || mtu < 68 || mtu > 65535 {
		return 0
	}
	return mtu
}

// Forwarding returns the settings without which no packet gets from one
// interface to another.
func Forwarding() (off []string) {
	for _, name := range []string{"ipv4/ip_forward", "ipv6/conf/all/forwarding"} {
		text, err := os.ReadFile("/proc/sys/net/" + name)
		if err == nil && strings.TrimSpace(string(text)) == "0" {
			off = append(off, "net."+strings.ReplaceAll(name, "/", "."))
		}
	}
	return off
}
