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

	"github.com/docker/docker/api/types/network"
)

// speedVariable makes TestSpeed measure; it says little on a machine that does
// something else.
const speedVariable = "CALICOCTL_TEST_SPEED"

// TestSpeed compares networks of this driver with those of Docker's bridge driver:
// one container after the other, alternating; fifty at once; and with a thousand
// endpoints in etcd. There is no Felix to wait for. The lines "speed: WHAT | VALUE"
// are read by tools/bench.
func TestSpeed(t *testing.T) {
	if os.Getenv(speedVariable) == "" {
		t.Skip("no " + speedVariable)
	}
	w := newWorld(t)
	w.pool("default", "10.233.64.0/18", "")
	h := w.bareHost("h1")
	h.startDriver("--allow-unenforced", "--log-level", "debug", "--collect-interval", "5s")
	h.startEngine()
	h.mustNetwork("calico", nil)
	if _, err := h.Docker.NetworkCreate(w.ctx, "plain", network.CreateOptions{Driver: "bridge"}); err != nil {
		t.Fatal(err)
	}
	times := map[string][]time.Duration{}
	for range runs {
		for _, name := range []string{"plain", "calico"} {
			times[name] = append(times[name], h.startTime(name))
		}
	}
	plain, calico := median(times["plain"]), median(times["calico"])
	h.tell("one container starts, median of %d, bridge | %s", runs, plain)
	h.tell("the same, calico | %s", calico)
	if calico-plain > 50*time.Millisecond {
		t.Error("more than 50 ms slower")
	}
	for _, name := range []string{"plain", "calico"} {
		times[name] = []time.Duration{h.fifty(name)}
	}
	h.tell("50 containers start at once, bridge | %s", times["plain"][0].Round(time.Millisecond))
	h.tell("the same, calico | %s", times["calico"][0].Round(time.Millisecond))
	if times["calico"][0] > 2*times["plain"][0] {
		t.Error("more than twice as long")
	}
	h.thousand()
}

// runs is how often a container is started by each driver.
const runs = 21

// tell prints a result.
func (h *machine) tell(format string, args ...any) {
	h.w.Helper()
	h.w.Logf("speed: "+format, args...)
}

// startTime returns how long a container takes to start.
func (h *machine) startTime(network string) time.Duration {
	h.w.Helper()
	start := time.Now()
	id := h.mustRun("", network, "idle")
	took := time.Since(start)
	h.remove(id)
	return took
}

// fifty returns how long fifty containers take that start at once.
func (h *machine) fifty(networkName string) time.Duration {
	h.w.Helper()
	start := time.Now()
	ids := make([]string, 50)
	var group sync.WaitGroup
	for i := range ids {
		group.Go(func() {
			var err error
			if ids[i], err = h.run("", networkName, nil, "idle"); err != nil {
				h.w.Error(err)
			}
		})
	}
	group.Wait()
	took := time.Since(start)
	for _, id := range ids {
		group.Go(func() { h.remove(id) })
	}
	group.Wait()
	return took
}

// thousand measures with a thousand endpoints of this node in etcd.
func (h *machine) thousand() {
	h.w.Helper()
	few, shareOfFew := h.startTimes()
	id := h.mustRun("one", "calico", "idle")
	var stored string
	for name := range h.w.endpoints() {
		stored = h.w.get(v3 + "workloadendpoints/libnetwork/" + name)
	}
	for i := range 1000 {
		endpoint := fmt.Sprintf("%064x", i+1)
		h.w.put(v3+"workloadendpoints/libnetwork/h1-libnetwork-libnetwork-"+endpoint,
			endpointWith(h.w.T, stored, endpoint, fmt.Sprintf("10.234.%d.%d", i/250, i%250), "OTHER"))
	}
	many, shareOfMany := h.startTimes()
	h.tell("one container starts with few endpoints in etcd | %s", few)
	h.tell("of that, calico-docker's requests | %s", shareOfFew)
	h.tell("the same with 1,000 endpoints | %s", many)
	h.tell("of that, calico-docker's requests | %s", shareOfMany)
	if shareOfMany > 2*shareOfFew+5*time.Millisecond {
		h.w.Error("the driver takes longer with many endpoints")
	}
	var took time.Duration
	h.waitFor("a round of the collector", func() bool {
		for line := range strings.Lines(h.driver.Log()) {
			_, rest, found := strings.Cut(line, "endpoints=100")
			if _, text, timed := strings.Cut(strings.TrimSpace(rest), " took="); found && timed {
				took, _ = time.ParseDuration(text) // 0 is no round
			}
		}
		return took > 0
	})
	h.tell("a round of the collector with 1,000 endpoints | %s", took.Round(time.Millisecond))
	if took > time.Second {
		h.w.Error("a round takes more than a second")
	}
	h.remove(id)
}

// startTimes returns the median of ten starts, and of the driver's share in them,
// which tells more on a machine with other load.
func (h *machine) startTimes() (whole, share time.Duration) {
	h.w.Helper()
	before := len(h.driver.Log())
	var times []time.Duration
	for range 10 {
		times = append(times, h.startTime("calico"))
	}
	shares := map[string][]time.Duration{}
	for line := range strings.Lines(h.driver.Log()[before:]) {
		_, text, _ := strings.Cut(strings.TrimSpace(line), " took=")
		took, err := time.ParseDuration(text)
		for _, method := range []string{"RequestAddress", "CreateEndpoint", "Join"} {
			if err == nil && strings.Contains(line, "Driver."+method+" ") {
				shares[method] = append(shares[method], took)
			}
		}
	}
	for _, list := range shares {
		slices.Sort(list)
		share += list[len(list)/2]
	}
	return median(times), share.Round(100 * time.Microsecond)
}

func median(times []time.Duration) time.Duration {
	slices.Sort(times)
	return times[len(times)/2].Round(time.Millisecond)
}
