//go:build linux

package main

import (
	"bytes"
	"errors"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/docker/docker/api/types/network"
)

// ask runs calico-docker on the machine and returns what it printed and its exit
// code.
func (h *machine) ask(stdin string, args ...string) (string, int) {
	h.w.Helper()
	cmd := h.command("calico-docker", args...)
	cmd.Stdin = strings.NewReader(stdin)
	var out bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &out
	err := cmd.Run()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		h.w.Fatal(err)
	}
	return out.String(), cmd.ProcessState.ExitCode()
}

// TestInitAndCheck takes a bare etcd to the first container, as check says.
func TestInitAndCheck(t *testing.T) {
	w := newWorld(t)
	h := w.bareHost("h1")
	expect := func(wantCode int, stdin string, args []string, wants ...string) {
		t.Helper()
		out, code := h.ask(stdin, args...)
		if code != wantCode {
			t.Errorf("%v: exit code %d\n%s", args, code, out)
		}
		for _, want := range wants {
			if !strings.Contains(out, want) {
				t.Errorf("%v: got\n%s\nwant %q", args, out, want)
			}
		}
	}
	expect(exitNo, "", []string{"check"},
		"ok       etcd         "+w.url+" answers", "ok       rights", "MISSING  cluster      there is no ClusterInformation",
		`MISSING  pool         Calico has no IPv4 pool; make one with "calico-docker init --pool 10.233.64.0/18"`,
		"MISSING  node         there is no Node h1", "MISSING  Felix        Felix enforces no policy on node h1: it does not report in etcd",
		"note     driver       no calico-docker", "MISSING  Docker       the engine at unix://", "ok       forwarding", "ok       route")
	h.startDriver()
	h.startEngine()
	if _, err := h.Docker.NetworkCreate(w.ctx, "other", network.CreateOptions{
		Driver: "bridge", IPAM: &network.IPAM{Config: []network.IPAMConfig{{Subnet: "10.77.0.0/24"}}},
	}); err != nil {
		t.Fatal(err)
	}
	expect(exitUsage, "", []string{"init"}, "--pool: expected a prefix such as 10.233.64.0/18, got \"\"")
	expect(exitUsage, "", []string{"init", "--pool", "10.233.64.1/18"}, "got \"10.233.64.1/18\"")
	expect(exitUsage, "", []string{"init", "--pool", "10.233.64.0/18", "--encapsulation", "gre"}, "got \"gre\"")
	expect(exitFailed, "", []string{"init", "--pool", "172.31.0.0/16"}, "the pool 172.31.0.0/16 overlaps a route of this host: 172.31.255.0/24 by eth0")
	expect(exitFailed, "", []string{"init", "--pool", "10.77.0.0/16"}, "overlaps")
	expect(exitNo, "n\n", []string{"init", "--pool", "10.233.64.0/18"}, "In etcd at "+w.url+":\n  make ClusterInformation default", "Go on? [y/N] Nothing was changed.")
	if got := w.keys(v3); len(got) > 0 {
		t.Errorf("init without a yes has made %v", got)
	}
	expect(exitDone, "yes\n", []string{"init", "--pool", "10.233.64.0/18", "--encapsulation", "vxlan-cross-subnet"},
		"  make IPPool docker-10-233-64-0-18: 10.233.64.0/18, VXLAN CrossSubnet, natOutgoing\n  make Node h1 with the address 172.31.255.", "Done.")
	w.put(v3+"clusterinformations/default", `{"spec":{"datastoreReady":false}}`)
	expect(exitDone, "", []string{"init", "--pool", "10.233.64.0/18"}, "Nothing to do: all is there.")
	if got := w.get(v3 + "clusterinformations/default"); got != `{"spec":{"datastoreReady":false}}` {
		t.Errorf("init has changed %s", got)
	}
	expect(exitNo, "", []string{"check"}, "MISSING  cluster      the datastore is locked")
	w.put(v3+"clusterinformations/default", `{"spec":{"datastoreReady":true}}`)
	expect(exitFailed, "", []string{"init", "--pool", "10.233.0.0/16"}, "the pool 10.233.0.0/16 overlaps the IP pool docker-10-233-64-0-18 (10.233.64.0/18)")
	expect(exitDone, "", []string{"init", "--pool", "fd80:24e2:f998:72d6::/64", "--yes"}, "make IPPool docker-fd80-24e2-f998-72d6-0000-0000-0000-0000-64")
	w.felixReports("h1", time.Now())
	expect(exitDone, "", []string{"check"}, "ok       pool         IPv4 addresses come from docker-10-233-64-0-18 (10.233.64.0/18)",
		"ok       node", "ok       Felix", "ok       driver       calico-docker has the node name h1", "ok       Docker       engine ")
	if _, err := h.network("half", func(o *network.CreateOptions) { o.Driver = "macvlan" }); err == nil {
		expect(exitNo, "", []string{"check"}, "MISSING  network      half (")
		h.waitFor("the collector to report it", func() bool { return strings.Contains(h.driver.Log(), "another driver, so that no policy applies") })
	} else {
		t.Logf("the macvlan driver does not take Calico's addresses: %v", err)
	}
	h.mustNetwork("databases", nil)
	h.remove(h.mustRun("db", "databases", "idle"))
}
