//go:build linux

package main

import (
	"fmt"
	"net/netip"
	"regexp"
	"strings"
	"testing"
)

// TestStory is the walkthrough of the README, with real containers.
func TestStory(t *testing.T) {
	w := newWorld(t)
	w.pool("default", "10.233.64.0/18", "")
	h := w.newHost("h1")
	databases := h.mustNetwork("databases", nil)
	h.mustNetwork("applications", nil)
	want := "Inbound rules:\n   1 allow from tag databases\nOutbound rules:\n   1 allow\n"
	if got := h.calicoctl("profile", "databases", "rule", "show"); got != want {
		t.Errorf("got\n%s", got)
	}
	h.calicoctl("profile", "databases", "rule", "add", "inbound", "allow", "tcp", "from", "tag", "applications", "to", "ports", "3306")
	if got := h.calicoctl("profile", "databases", "rule", "show"); !strings.Contains(got, "2 allow tcp from tag applications to ports 3306") {
		t.Errorf("got\n%s", got)
	}
	db := h.mustRun("db", "databases", "serve", "3306")
	address := h.address(db)
	if addr, err := netip.ParseAddr(address); err != nil || !netip.MustParsePrefix("10.233.64.0/18").Contains(addr) {
		t.Fatalf("the address is %q", address)
	}
	for _, ask := range []string{"connect", "datagram"} {
		if ok, said := h.try("applications", ask, address+":3306", "3s"); !ok {
			t.Errorf("%s: %s", ask, said)
		}
	}
	w.checkEndpoint(databases)
	h.checkCommands(db, databases)
	h.remove(db)
	for _, name := range []string{"databases", "applications"} {
		if err := h.Docker.NetworkRemove(w.ctx, name); err != nil {
			t.Error(err)
		}
	}
	if left := w.keys(v3 + "profiles/"); len(left) > 0 {
		t.Errorf("profiles are left: %v", left)
	}
	if left := w.endpoints(); len(left) > 0 {
		t.Errorf("endpoints are left: %v", left)
	}
	if left := w.keys("/calico/ipam/v2/handle/"); len(left) > 0 {
		t.Errorf("addresses are left: %v", left)
	}
}

// checkEndpoint looks at the only endpoint in etcd.
func (w *world) checkEndpoint(networkID string) {
	w.Helper()
	all := w.endpoints()
	if len(all) != 1 {
		w.Fatalf("endpoints: %v", all)
	}
	for _, e := range all {
		labels := e["metadata"].(map[string]any)["labels"].(map[string]any)
		if labels["docker/container"] != "db" || labels["docker/network"] != "databases" {
			w.Errorf("labels %v", labels)
		}
		spec := e["spec"].(map[string]any)
		if fmt.Sprint(spec["profiles"]) != "["+networkID+"]" || spec["node"] != "h1" {
			w.Errorf("spec %v", spec)
		}
	}
}

// checkCommands lets calicoctl find the container db of the network databases, by
// its endpoint and by its name.
func (h *machine) checkCommands(db, networkID string) {
	h.w.Helper()
	row := regexp.MustCompile(networkID + ` \| databases +\| h1 +\| libnetwork +\|.*\| ` + regexp.QuoteMeta(h.address(db)) + `/32`)
	if got := h.calicoctl("profile", "show", "--detailed"); !row.MatchString(got) {
		h.w.Errorf("got\n%s", got)
	}
	app := h.mustRun("app", "applications", "idle")
	defer h.remove(app)
	got := h.calicoctl("profile", "databases", "rule", "test", "inbound", "tcp", "from", "container", "app", "to", "container", "db", "ports", "3306")
	want := "allowed by inbound rule 2: allow tcp from tag applications to ports 3306\n" +
		"  rule 1 allow from tag databases: " + h.address(app) + " (container app) does not have tag databases\n"
	if got != want {
		h.w.Errorf("got\n%s", got)
	}
}
