//go:build linux

package host

import (
	"net/netip"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/vishvananda/netlink"
	"github.com/vishvananda/netns"
)

func TestAlias(t *testing.T) {
	t.Parallel()
	for _, l := range []Link{
		{Endpoint: "e1", Sandbox: "/var/run/docker/netns/a b"},
		{Endpoint: "e1", Held: true},
	} {
		if got, ok := parseAlias(l.alias()); !ok || got.Endpoint != l.Endpoint || got.Sandbox != l.Sandbox || got.Held != l.Held {
			t.Errorf("%q: got %+v, %v", l.alias(), got, ok)
		}
	}
	for _, other := range []string{"", "eth0", aliasPrefix, aliasPrefix + "e1", aliasPrefix + " sandbox=x"} {
		if _, ok := parseAlias(other); ok {
			t.Errorf("%q is taken for ours", other)
		}
	}
}

func TestMTU(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "mtu")
	for text, want := range map[string]int{"1440\n": 1440, "x": 0, "0": 0, "70000": 0} {
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		if got := MTU(file); got != want {
			t.Errorf("%q: got %d", text, got)
		}
	}
	if MTU(file+"x") != 0 {
		t.Error("a file that is not there has an MTU")
	}
}

// inNamespace gives the test a network namespace of its own. The thread is not
// given back, so that no other test runs in it.
func inNamespace(t *testing.T) {
	t.Helper()
	if os.Getuid() != 0 {
		t.Skip("needs root, to make a network namespace")
	}
	runtime.LockOSThread()
	ns, err := netns.New()
	if err != nil {
		t.Skipf("no network namespace can be made: %v", err)
	}
	t.Cleanup(func() { _ = ns.Close() })
}

const (
	endpoint = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
	sandbox  = "/var/run/docker/netns/0123456789ab"
)

func attach(t *testing.T, held bool) Link {
	t.Helper()
	l := Link{
		Endpoint: endpoint, Sandbox: sandbox, MTU: 1440, Held: held,
		Addresses: []netip.Addr{netip.MustParseAddr("10.233.64.130"), netip.MustParseAddr("fd80::2")},
	}
	if err := Attach(l); err != nil {
		t.Fatal(err)
	}
	return l
}

func routes(t *testing.T) string {
	t.Helper()
	var all []string
	for _, family := range []int{netlink.FAMILY_V4, netlink.FAMILY_V6} {
		list, err := netlink.RouteList(nil, family)
		if err != nil {
			t.Fatal(err)
		}
		for _, r := range list {
			if r.Dst != nil && r.Priority == routeMetric {
				all = append(all, r.Dst.String())
			}
		}
	}
	return strings.Join(all, " ")
}

func setting(t *testing.T, path string) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("/proc/thread-self/../../../sys/net", path))
	if err != nil {
		text, err = os.ReadFile(filepath.Join("/proc/sys/net", path))
	}
	if err != nil {
		t.Fatal(err)
	}
	return strings.TrimSpace(string(text))
}

func TestAttachAndDetach(t *testing.T) {
	inNamespace(t)
	attach(t, false)
	attach(t, false) // again: it is made anew
	device, err := netlink.LinkByName("cali0123456789a")
	if err != nil {
		t.Fatal(err)
	}
	if a := device.Attrs(); a.MTU != 1440 || a.HardwareAddr.String() != "ee:ee:ee:ee:ee:ee" || a.OperState != netlink.OperUp {
		t.Errorf("got %+v", a)
	}
	if got := routes(t); got != "10.233.64.130/32 fd80::2/128" {
		t.Errorf("routes %s", got)
	}
	if got := setting(t, "ipv4/conf/cali0123456789a/proxy_arp"); got != "1" {
		t.Errorf("proxy_arp %s", got)
	}
	if links, err := Links(); err != nil || len(links) != 1 || links[endpoint].Sandbox != sandbox || !Connected(endpoint) {
		t.Errorf("%v, %v", links, err)
	}
	for range 2 {
		if err := Detach(endpoint); err != nil {
			t.Fatal(err)
		}
	}
	if links, err := Links(); err != nil || len(links) != 0 {
		t.Errorf("%v, %v", links, err)
	}
}

func TestHeldIsClosed(t *testing.T) {
	inNamespace(t)
	l := attach(t, true)
	links, err := Links()
	if err != nil || !links[endpoint].Held || Connected(endpoint) || routes(t) != "" {
		t.Fatalf("%v, %v, routes %q", links, err, routes(t))
	}
	peer, err := netlink.LinkByName("temp0123456789a")
	if err != nil {
		t.Fatal(err)
	}
	if err := netlink.LinkSetUp(peer); err != nil { // as Docker does
		t.Fatal(err)
	}
	if Connected(endpoint) {
		t.Error("a link that is held is up")
	}
	if err := Open(l); err != nil {
		t.Fatal(err)
	}
	if links, err := Links(); err != nil || !Connected(endpoint) || routes(t) == "" {
		t.Errorf("%v, %v, routes %q", links, err, routes(t))
	}
}

func TestPeerDown(t *testing.T) {
	inNamespace(t)
	l := attach(t, true)
	l.Held, l.PeerDown = false, true
	if err := Attach(l); err != nil {
		t.Fatal(err)
	}
	if got := routes(t); Connected(endpoint) || got != "10.233.64.130/32 fd80::2/128" {
		t.Errorf("connected %v, routes %q", Connected(endpoint), got)
	}
	peer, err := netlink.LinkByName("temp0123456789a")
	if err == nil {
		err = netlink.LinkSetUp(peer) // as Docker does
	}
	if err != nil || !Connected(endpoint) {
		t.Errorf("not connected: %v", err)
	}
}

func TestOthersLinksAreLeftAlone(t *testing.T) {
	inNamespace(t)
	attributes := netlink.NewLinkAttrs()
	attributes.Name = Name(endpoint)
	if err := netlink.LinkAdd(&netlink.Veth{LinkAttrs: attributes, PeerName: "other"}); err != nil {
		t.Fatal(err)
	}
	device, err := netlink.LinkByName(attributes.Name)
	if err == nil {
		err = netlink.LinkSetAlias(device, "of another program")
	}
	if err != nil {
		t.Fatal(err)
	}
	if err := Detach(endpoint); err == nil || !strings.Contains(err.Error(), "belongs to another program") {
		t.Errorf("got %v", err)
	}
	if err := Attach(Link{Endpoint: endpoint}); err == nil {
		t.Error("no error")
	}
}
