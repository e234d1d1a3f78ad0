//go:build linux

package main

import (
	"strings"
	"testing"
	"time"

	"github.com/calicoctl/calicoctl/internal/testkit/etcdtest"
)

// roles gives a driver what docs/docker.md says that it needs, and another one less.
const roles = `
role driver
grant driver readwrite /calico/resources/v3/projectcalico.org/profiles/
grant driver readwrite /calico/resources/v3/projectcalico.org/workloadendpoints/libnetwork/
grant driver readwrite /calico/ipam/v2/
grant driver readwrite /calico/docker/v1/drivers/
grant driver read /calico/resources/v3/projectcalico.org/workloadendpoints/
grant driver read /calico/resources/v3/projectcalico.org/hostendpoints/
grant driver read /calico/resources/v3/projectcalico.org/ippools/
grant driver read /calico/resources/v3/projectcalico.org/ipreservations/
grant driver read /calico/resources/v3/projectcalico.org/nodes/
grant driver read /calico/resources/v3/projectcalico.org/clusterinformations/
grant driver read /calico/felix/v2/
role reader
grant reader read /calico/
user driver secret driver
user reader secret reader
`

// TestRights runs the driver as a user of etcd that may do just what it needs.
func TestRights(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.pool("default", "10.233.64.0/18", "")
	h := w.bareHost("h1")
	w.felixReports("h1", time.Now())
	h.doubleFelix()
	if err := etcdtest.Users(w.ctx, w.etcd, roles); err != nil {
		t.Fatal(err)
	}
	h.environment = []string{"ETCD_USERNAME=reader", "ETCD_PASSWORD=secret"}
	if out, _ := h.ask("", "check"); !strings.Contains(out, "MISSING  rights       etcd's user may not write "+v3+"profiles/, write ") {
		t.Errorf("got\n%s", out)
	}
	h.environment = []string{"ETCD_USERNAME=driver", "ETCD_PASSWORD=secret"}
	if out, _ := h.ask("", "check"); !strings.Contains(out, "ok       rights") {
		t.Errorf("got\n%s", out)
	}
	h.startDriver()
	h.startEngine()
	id := h.mustNetwork("databases", nil)
	h.remove(h.mustRun("db", "databases", "idle"))
	h.removeNetwork("databases")
	h.waitFor("a round of the collector", func() bool { return strings.Contains(h.driver.Log(), "level=INFO") })
	if strings.Contains(h.driver.Log(), "permission") || !strings.Contains(h.driver.Log(), "network="+id+" removed=true") {
		t.Error("something was denied")
	}
}

// TestTwoDrivers refuses a second driver with the name of a node.
func TestTwoDrivers(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.pool("default", "10.233.64.0/18", "")
	h := w.newHost("h1", "--allow-unenforced")
	clone := w.bareHost("h1")
	clone.startDriver()
	clone.startEngine()
	if _, err := clone.network("databases", nil); err == nil || !strings.Contains(err.Error(), "another calico-docker has the node name h1") {
		t.Errorf("got %v", err)
	}
	select {
	case <-clone.driver.Done():
	case <-time.After(40 * time.Second):
		t.Error("the second driver goes on")
	}
	// The first one goes on, and says what it was allowed in each line.
	if _, err := w.etcd.Delete(w.ctx, "/calico/felix/v2/no-region/host/h1/status"); err != nil {
		t.Fatal(err)
	}
	h.mustNetwork("databases", nil)
	h.remove(h.mustRun("db", "databases", "idle"))
	if got := strings.Count(h.driver.Log(), `unenforced="Felix enforces no policy on node h1`); got != 2 {
		t.Errorf("%d lines say that nothing is enforced", got)
	}
}
