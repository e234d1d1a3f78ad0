//go:build linux

package main

import (
	"net/netip"
	"strings"
	"sync"
	"testing"
)

// TestTwoHosts shares a profile between the networks of two hosts, whose containers
// reach each other.
func TestTwoHosts(t *testing.T) {
	w := newWorld(t)
	w.pool("default", "10.233.64.0/18", "")
	one, two := w.newHost("h1"), w.newHost("h2")
	ids := map[string]bool{one.mustNetwork("web", option("profile", "web")): true, two.mustNetwork("front", option("profile", "web")): true}
	if len(ids) != 2 {
		t.Errorf("the networks have one ID: %v", ids)
	}
	if got := w.keys(v3 + "profiles/"); len(got) != 1 || got[0] != "web" {
		t.Errorf("profiles %v", got)
	}
	two.calicoctl("profile", "front", "rule", "add", "inbound", "allow", "tcp", "from", "tag", "front", "to", "ports", "80")
	if got := one.calicoctl("profile", "web", "rule", "show"); !strings.Contains(got, "2 allow tcp from tag web to ports 80\n") {
		t.Errorf("the first host shows\n%s", got)
	}
	if got := two.calicoctl("profile", "web", "rule", "show"); !strings.Contains(got, "2 allow tcp from tag front to ports 80\n") {
		t.Errorf("the second host shows\n%s", got)
	}
	server, client := one.mustRun("server", "web", "serve", "80"), two.mustRun("client", "front", "idle")
	blocks := map[string]*machine{}
	for h, id := range map[*machine]string{one: server, two: client} {
		blocks[block(t, h.address(id))] = h
	}
	if len(blocks) != 2 {
		t.Fatalf("the hosts share a block: %v", blocks)
	}
	for cidr, h := range blocks { // what BIRD does
		other := map[*machine]*machine{one: two, two: one}[h]
		if out, err := other.Command("ip", "route", "add", cidr, "via", h.Address()).CombinedOutput(); err != nil {
			t.Fatalf("%v: %s", err, out)
		}
	}
	if ok, said := two.try("front", "datagram", one.address(server)+":80", "3s"); !ok {
		t.Errorf("the other host was not reached: %s", said)
	}
	if got := one.calicoctl("profile", "show", "--detailed"); strings.Count(got, "| libnetwork   | libnetwork |") != 2 ||
		!strings.Contains(got, "| h1 ") || !strings.Contains(got, "| h2 ") {
		t.Errorf("got\n%s", got)
	}
	one.remove(server)
	two.remove(client)
	one.removeNetwork("web")
	two.removeNetwork("front")
	if got := w.keys(v3 + "profiles/"); len(got) != 1 {
		t.Errorf("the shared profile did not stay: %v", got)
	}
	if left := w.keys("/calico/ipam/v2/handle/"); len(left) > 0 {
		t.Errorf("addresses are left: %v", left)
	}
}

// block returns the block of addresses that an address is in.
func block(t *testing.T, address string) string {
	t.Helper()
	addr, err := netip.ParseAddr(address)
	if err != nil {
		t.Fatal(err)
	}
	prefix, err := addr.Prefix(26)
	if err != nil {
		t.Fatal(err)
	}
	return prefix.String()
}

// TestFiftyAtOnce starts fifty containers at once: each gets an address of its own.
func TestFiftyAtOnce(t *testing.T) {
	w := newWorld(t)
	w.pool("default", "10.233.64.0/18", "")
	h := w.newHost("h1")
	h.mustNetwork("many", nil)
	const count = 50
	var group sync.WaitGroup
	ids := make([]string, count)
	for i := range ids {
		group.Go(func() {
			var err error
			if ids[i], err = h.run("", "many", nil, "idle"); err != nil {
				t.Error(err)
			}
		})
	}
	group.Wait()
	if t.Failed() {
		return
	}
	addresses := map[string]bool{}
	for _, id := range ids {
		addresses[h.address(id)] = true
	}
	if len(addresses) != count || addresses[""] {
		t.Errorf("%d addresses for %d containers: %v", len(addresses), count, addresses)
	}
	if got := len(w.endpoints()); got != count {
		t.Errorf("%d endpoints", got)
	}
	for _, id := range ids {
		group.Go(func() { h.remove(id) })
	}
	group.Wait()
	if left := w.keys("/calico/ipam/v2/handle/"); len(left) > 0 {
		t.Errorf("addresses are left: %v", left)
	}
	if left := w.endpoints(); len(left) > 0 {
		t.Errorf("endpoints are left: %v", left)
	}
}
