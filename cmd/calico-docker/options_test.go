//go:build linux

package main

import (
	"net/netip"
	"strings"
	"testing"

	"github.com/docker/docker/api/types/container"
	"github.com/docker/docker/api/types/network"
	"github.com/docker/go-connections/nat"
)

// TestOptions creates networks and containers with every option that Docker has for
// them: those that Calico knows, and those that are refused with the reason.
func TestOptions(t *testing.T) {
	w := newWorld(t)
	h := w.newHost("h1")
	if _, err := h.network("early", nil); err == nil || !strings.Contains(err.Error(), `Calico has no IPv4 pool; make one with "calico-docker init --pool`) {
		t.Errorf("without a pool: %v", err)
	}
	w.pool("four", "10.233.64.0/24", "")
	w.pool("six", "fd80:24e2:f998:72d6::/64", "")
	h.refusedNetworks()
	h.refusedContainers()
	t.Run("profile", func(*testing.T) { h.sharedProfile() })
	t.Run("subnet", func(*testing.T) { h.subnet() })
	t.Run("IPv6", func(*testing.T) { h.six() })
	t.Run("internal", func(*testing.T) { h.internal() })
	t.Run("two networks", func(*testing.T) { h.twoNetworks() })
	t.Run("second name", func(*testing.T) { h.secondName() })
	if left := w.keys(v3 + "workloadendpoints/"); len(left) > 0 {
		t.Errorf("endpoints are left: %v", left)
	}
	if left := w.keys("/calico/ipam/v2/handle/"); len(left) > 0 {
		t.Errorf("addresses are left: %v", left)
	}
}

func config(c network.IPAMConfig) func(*network.CreateOptions) {
	return func(o *network.CreateOptions) { o.IPAM.Config = []network.IPAMConfig{c} }
}

func option(key, value string) func(*network.CreateOptions) {
	return func(o *network.CreateOptions) { o.Options = map[string]string{key: value} }
}

func (h *machine) refusedNetworks() {
	h.w.Helper()
	for name, test := range map[string]struct {
		edit func(*network.CreateOptions)
		want string
	}{
		"other-ipam":  {func(o *network.CreateOptions) { o.IPAM.Driver = "default" }, "create the network with --driver calico --ipam-driver calico"},
		"gateway":     {config(network.IPAMConfig{Subnet: "10.233.64.0/24", Gateway: "10.233.64.1"}), "--gateway is not supported"},
		"range":       {config(network.IPAMConfig{Subnet: "10.233.64.0/24", IPRange: "10.233.64.0/28"}), "--ip-range is not supported"},
		"aux":         {config(network.IPAMConfig{Subnet: "10.233.64.0/24", AuxAddress: map[string]string{"a": "10.233.64.9"}}), "--aux-address is not supported"},
		"no-pool":     {config(network.IPAMConfig{Subnet: "10.99.0.0/24"}), "no Calico IP pool holds the subnet 10.99.0.0/24"},
		"unknown-opt": {option("colour", "blue"), "unknown option colour; the only one is --opt profile=NAME"},
		"ipam-opt":    {func(o *network.CreateOptions) { o.IPAM.Options = map[string]string{"x": "y"} }, "unknown option x (--ipam-opt)"},
		"built-in":    {option("profile", "projectcalico-default-allow"), "this profile is built in"},
		"kubernetes":  {option("profile", "kns.default"), "Kubernetes' controllers maintain"},
		"id":          {option("profile", strings.Repeat("a", 64)), "a name of 64 digits"},
		"no-name":     {option("profile", ""), "names no profile"},
		"upper-case":  {option("profile", "WEB"), "WEB"},
	} {
		if id, err := h.network(name, test.edit); err == nil || !strings.Contains(err.Error(), test.want) {
			h.w.Errorf("%s: %s, %v", name, id, err)
		}
	}
	if left := h.w.keys(v3 + "profiles/"); len(left) > 0 {
		h.w.Errorf("refused networks have left profiles: %v", left)
	}
}

func (h *machine) refusedContainers() {
	h.w.Helper()
	h.mustNetwork("plain", nil)
	for name, test := range map[string]struct {
		edit func(*container.Config, *container.HostConfig, *network.EndpointSettings)
		want string
	}{
		"published": {func(c *container.Config, o *container.HostConfig, _ *network.EndpointSettings) {
			c.ExposedPorts = nat.PortSet{"80/tcp": {}}
			o.PortBindings = nat.PortMap{"80/tcp": {{HostPort: "8080"}}}
		}, "a port cannot be published (-p)"},
		"driver-opt": {func(_ *container.Config, _ *container.HostConfig, e *network.EndpointSettings) {
			e.DriverOpts = map[string]string{"colour": "blue"}
		}, "unknown option colour (--driver-opt)"},
	} {
		id, err := h.run(name, "plain", test.edit, "idle")
		if err == nil || !strings.Contains(err.Error(), test.want) {
			h.w.Errorf("%s: %v", name, err)
		}
		h.remove(id)
	}
	h.removeNetwork("plain")
}

func (h *machine) removeNetwork(name string) {
	h.w.Helper()
	if err := h.Docker.NetworkRemove(h.w.ctx, name); err != nil {
		h.w.Error(err)
	}
}

// sharedProfile attaches two networks to one profile, which stays.
func (h *machine) sharedProfile() {
	h.mustNetwork("a", option("profile", "shared"))
	h.mustNetwork("b", option("profile", "shared"))
	server := h.mustRun("server", "a", "serve", "80")
	for _, document := range h.w.endpoints() {
		if got := document["spec"].(map[string]any)["profiles"].([]any); len(got) != 1 || got[0] != "shared" {
			h.w.Errorf("profiles %v", got)
		}
	}
	h.shownAsNetworks()
	h.remove(server)
	h.removeNetwork("a")
	h.removeNetwork("b")
	if got := h.w.keys(v3 + "profiles/"); len(got) != 1 || got[0] != "shared" {
		h.w.Errorf("profiles %v", got)
	}
}

// shownAsNetworks finds the profile by the networks that share it, and says so.
func (h *machine) shownAsNetworks() {
	h.w.Helper()
	h.calicoctl("profile", "a", "rule", "add", "inbound", "allow", "tcp", "from", "tag", "b", "to", "ports", "443")
	for _, name := range []string{"a", "b", "shared"} {
		if got := h.calicoctl("profile", name, "rule", "show"); !strings.Contains(got, "2 allow tcp from tag shared to ports 443") {
			h.w.Errorf("%s: got\n%s", name, got)
		}
	}
	if got := h.calicoctl("profile", "show"); !strings.Contains(got, "| shared ") || !strings.Contains(got, "| a, b           | calico |") {
		h.w.Errorf("got\n%s", got)
	}
	if got := h.calicoctl("profile", "add", "a"); got != "Profile a already exists.\n" {
		h.w.Errorf("got %s", got)
	}
	h.mustNetwork("c", option("profile", "single"))
	if got := h.calicoctl("profile", "single", "rule", "show"); !strings.Contains(got, "1 allow from tag c\n") {
		h.w.Errorf("got\n%s", got)
	}
	h.removeNetwork("c")
	h.calicoctl("profile", "remove", "single")
}

// subnet takes addresses from a part of a pool, and the one that is asked for.
func (h *machine) subnet() {
	h.mustNetwork("part", config(network.IPAMConfig{Subnet: "10.233.64.128/29"}))
	first := h.mustRun("", "part", "idle")
	if addr := netip.MustParseAddr(h.address(first)); !netip.MustParsePrefix("10.233.64.128/29").Contains(addr) {
		h.w.Errorf("got %s", addr)
	}
	asked := func(_ *container.Config, _ *container.HostConfig, e *network.EndpointSettings) {
		e.IPAMConfig = &network.EndpointIPAMConfig{IPv4Address: "10.233.64.133"}
	}
	second, err := h.run("", "part", asked, "idle")
	if err != nil || h.address(second) != "10.233.64.133" {
		h.w.Fatalf("%v", err)
	}
	third, err := h.run("", "part", asked, "idle")
	if err == nil || !strings.Contains(err.Error(), "10.233.64.133 cannot be assigned: it is in use") {
		h.w.Errorf("got %v", err)
	}
	for _, id := range []string{first, second, third} {
		h.remove(id)
	}
	h.removeNetwork("part")
}

// six has IPv6 beside IPv4.
func (h *machine) six() {
	yes := true
	h.mustNetwork("six", func(o *network.CreateOptions) { o.EnableIPv6 = &yes })
	server := h.mustRun("", "six", "serve", "80")
	info, err := h.Docker.ContainerInspect(h.w.ctx, server)
	if err != nil {
		h.w.Fatal(err)
	}
	six := info.NetworkSettings.Networks["six"].GlobalIPv6Address
	for _, address := range []string{"[" + six + "]", info.NetworkSettings.Networks["six"].IPAddress} {
		if ok, said := h.try("six", "datagram", address+":80", "3s"); !ok {
			h.w.Errorf("%s: %s", address, said)
		}
	}
	h.remove(server)
	h.removeNetwork("six")
}

// internal has no way out, but reaches other containers of Calico.
func (h *machine) internal() {
	h.mustNetwork("in", func(o *network.CreateOptions) { o.Internal = true })
	server := h.mustRun("", "in", "serve", "80")
	if ok, said := h.try("in", "datagram", h.address(server)+":80", "3s"); !ok {
		h.w.Error(said)
	}
	if ok, said := h.try("in", "connect", h.Address()+":1", "1s"); ok || !strings.Contains(said, "unreachable") {
		h.w.Errorf("the host: %v %s", ok, said)
	}
	h.remove(server)
	h.removeNetwork("in")
}

// twoNetworks refuses a second Calico network for a container.
func (h *machine) twoNetworks() {
	h.mustNetwork("one", nil)
	h.mustNetwork("two", nil)
	id := h.mustRun("", "one", "idle")
	if err := h.Docker.NetworkConnect(h.w.ctx, "two", id, nil); err == nil || !strings.Contains(err.Error(), "is on a Calico network already") {
		h.w.Errorf("got %v", err)
	}
	if err := h.Docker.NetworkDisconnect(h.w.ctx, "one", id, false); err != nil {
		h.w.Error(err)
	}
	if err := h.Docker.NetworkConnect(h.w.ctx, "two", id, nil); err != nil {
		h.w.Error(err)
	}
	h.remove(id)
	h.removeNetwork("one")
	h.removeNetwork("two")
}

// secondName uses the IPAM driver by its second name.
func (h *machine) secondName() {
	h.mustNetwork("later", func(o *network.CreateOptions) { o.IPAM.Driver = "calico-ipam" })
	id := h.mustRun("", "later", "idle")
	h.remove(id)
	h.removeNetwork("later")
}
