//go:build linux

package main

import (
	"fmt"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/docker/docker/api/types/container"
	"github.com/docker/docker/api/types/network"

	"github.com/calicoctl/calicoctl/internal/felix"
)

// felixVariable names the program of a real Felix for TestRealFelix. It needs ipset
// and iptables.
const felixVariable = "CALICOCTL_TEST_FELIX"

// startFelix starts a real Felix on the host, and waits until it reports.
func (h *machine) startFelix(program string, environ ...string) {
	h.w.Helper()
	h.w.put(v3+"clusterinformations/default", `{"kind":"ClusterInformation","apiVersion":"projectcalico.org/v3","metadata":{"name":"default","uid":"8c3b7d52-4a3a-4a41-9d6f-3a9b0c7c6a11","creationTimestamp":"2026-11-28T08:00:00Z"},"spec":{"datastoreReady":true}}`)
	h.w.put(v3+"nodes/"+h.Name, fmt.Sprintf(`{"kind":"Node","apiVersion":"projectcalico.org/v3","metadata":{"name":%q,"uid":"9c3b7d52-4a3a-4a41-9d6f-3a9b0c7c6a12","creationTimestamp":"2026-11-28T08:00:00Z"},"spec":{"bgp":{"ipv4Address":"%s/24"}}}`, h.Name, h.Address()))
	cmd := h.Command(program)
	cmd.Env = append(os.Environ(),
		"ETCD_ENDPOINTS="+h.w.url, "FELIX_FELIXHOSTNAME="+h.Name, "FELIX_LOGFILEPATH=none", "FELIX_LOGSEVERITYSCREEN=info",
		"FELIX_IPV6SUPPORT=false", "FELIX_USAGEREPORTINGENABLED=false", "FELIX_ENDPOINTSTATUSPATHPREFIX="+h.Dir, "FELIX_DebugSkipCTLBCleanup=true", // for a Felix that was built without libbpf
		"FELIX_REPORTINGINTERVALSECS=5", "FELIX_DATASTORETYPE=etcdv3", "DATASTORE_TYPE=etcdv3",
	)
	cmd.Env = append(cmd.Env, environ...)
	start := time.Now()
	process := h.Start(cmd)
	h.waitFor("Felix to report", func() bool {
		select {
		case <-process.Done():
			h.w.Fatal("Felix has ended")
		default:
		}
		return felix.Check(h.Name, []byte(h.w.get(felix.StatusKey(h.Name))), start) == nil
	})
}

// TestRealFelixAfterReboot lets a machine fail and start again without Felix: its
// containers return, and nothing passes until a real Felix enforces the policy.
func TestRealFelixAfterReboot(t *testing.T) {
	program := os.Getenv(felixVariable)
	if program == "" {
		t.Skip("no " + felixVariable)
	}
	w := newWorld(t)
	w.pool("default", "10.233.64.0/18", "")
	h := w.newHost("h1")
	h.mustNetwork("databases", nil)
	h.mustNetwork("applications", nil)
	always := func(_ *container.Config, o *container.HostConfig, _ *network.EndpointSettings) {
		o.RestartPolicy = container.RestartPolicy{Name: container.RestartPolicyAlways}
	}
	ids := map[string]string{}
	for name, args := range map[string][]string{"server": {"serve", "80"}, "client": {"idle"}, "stranger": {"idle"}} {
		on := "databases"
		if name == "stranger" {
			on = "applications"
		}
		var err error
		if ids[name], err = h.run(name, on, always, args...); err != nil {
			t.Fatal(err)
		}
	}
	h.crash()
	w.felixReports("h1", time.Now().Add(-1000*time.Hour))
	h.startDriver()
	h.startEngine()
	for _, id := range ids {
		h.waitFor("the containers to return", func() bool {
			info, err := h.Docker.ContainerInspect(w.ctx, id)
			return err == nil && info.State.Running
		})
	}
	server := h.address(ids["server"]) + ":80"
	for _, name := range []string{"client", "stranger"} {
		if ok, _ := h.exec(ids[name], "datagram", server, "500ms"); ok {
			t.Errorf("a packet of %s has passed before Felix", name)
		}
	}
	stop := h.tryAllTheTime(ids["stranger"], server)
	h.startFelix(program)
	h.waitFor("what the profile allows to pass", func() bool {
		ok, _ := h.exec(ids["client"], "datagram", server, "200ms")
		return ok
	})
	time.Sleep(2 * time.Second)
	if stop() {
		t.Error("what no profile allows has passed")
	}
}

// tryAllTheTime sends packets from a container to a server until one is answered.
// The function that it returns ends that and reports whether one was.
func (h *machine) tryAllTheTime(id, server string) func() bool {
	stop := make(chan struct{})
	passed := make(chan bool, 1)
	go func() {
		for {
			select {
			case <-stop:
				passed <- false
				return
			default:
				if ok, _ := h.exec(id, "datagram", server, "50ms"); ok {
					passed <- true
					return
				}
			}
		}
	}()
	return func() bool {
		close(stop)
		return <-passed
	}
}

// TestRealFelix shows with a real Felix that policy is enforced, that a container
// waits for it for less than 300 ms, and that no first datagram is lost when four
// containers start at once.
func TestRealFelix(t *testing.T) {
	program := os.Getenv(felixVariable)
	if program == "" {
		t.Skip("no " + felixVariable)
	}
	w := newWorld(t)
	w.pool("default", "10.233.64.0/18", "")
	h := w.bareHost("h1")
	h.startDriver("--log-level", "debug")
	h.startEngine()
	h.mustNetwork("databases", nil)
	h.mustNetwork("applications", nil)
	if _, err := h.run("early", "databases", nil, "idle"); err == nil || !strings.Contains(err.Error(), "Felix enforces no policy on node h1") {
		t.Errorf("without Felix: %v", err)
	}
	h.startFelix(program)
	db := h.address(h.mustRun("db", "databases", "serve", "3306"))
	if ok, said := h.try("applications", "connect", db+":3306", "2s"); ok {
		t.Errorf("what the profile does not allow was answered: %s", said)
	}
	asking := h.mustRun("asking", "applications", "reach", db+":3306", "30s")
	time.Sleep(300 * time.Millisecond) // it is being dropped
	start := time.Now()
	h.calicoctl("profile", "databases", "rule", "add", "inbound", "allow", "tcp", "from", "tag", "applications", "to", "ports", "3306")
	if ok, said := h.ended(asking); !ok || time.Since(start) > time.Second {
		t.Errorf("the rule was enforced after %s: %s", time.Since(start), said)
	}
	t.Logf("the rule was enforced %s after the start of calicoctl", time.Since(start).Round(time.Millisecond))
	if ok, said := h.try("applications", "connect", db+":3306", "2s"); !ok {
		t.Errorf("what the profile allows was not answered: %s", said)
	}
	lost := 0
	var mu sync.Mutex
	for range 13 {
		var group sync.WaitGroup
		for range 4 {
			group.Go(func() {
				ok, said := h.try("databases", "datagram", db+":3306", "900ms")
				mu.Lock()
				defer mu.Unlock()
				t.Log(ok, strings.TrimSpace(said))
				if !ok {
					lost++
				}
			})
		}
		group.Wait()
	}
	if lost > 0 {
		t.Errorf("%d of 52 first datagrams were lost", lost)
	}
	h.checkWaits(300 * time.Millisecond)
}

// checkWaits looks in the driver's log for how long containers waited for Felix.
func (h *machine) checkWaits(most time.Duration) {
	h.w.Helper()
	var waits []time.Duration
	for line := range strings.Lines(h.driver.Log()) {
		if _, rest, found := strings.Cut(line, " waited="); found && strings.Contains(line, "msg=request") {
			text, _, _ := strings.Cut(rest, " ")
			waited, err := time.ParseDuration(text)
			if err != nil {
				h.w.Fatal(err)
			}
			waits = append(waits, waited)
		}
	}
	slices.Sort(waits)
	if len(waits) == 0 || waits[len(waits)-1] > most {
		h.w.Errorf("containers waited %v", waits)
		return
	}
	h.w.Logf("%d containers waited for Felix: median %s, at most %s", len(waits), waits[len(waits)/2], waits[len(waits)-1])
}
