//go:build linux

package main

import (
	"context"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/calicoctl/calicoctl/internal/testkit/etcdtest"
)

// TestHungEtcd lets etcd hang while containers start and end. Docker gets an answer
// in bounded time, and afterwards nothing is left.
func TestHungEtcd(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.pool("default", "10.233.64.0/18", "")
	h := w.newHost("h1")
	h.mustNetwork("databases", nil)
	server := h.mustRun("server", "databases", "serve", "80")
	doomed := h.mustRun("doomed", "databases", "idle")
	var hangs atomic.Bool
	w.between.Before = func(ctx context.Context, method string, _ int) error {
		if method == etcdtest.Commit && hangs.Load() {
			<-ctx.Done()
		}
		return nil
	}
	hangs.Store(true)
	start := time.Now()
	id, err := h.run("", "databases", nil, "idle")
	if took := time.Since(start); err == nil || !strings.Contains(err.Error(), "etcd") || took > 25*time.Second {
		t.Errorf("start: %v after %s", err, took)
	}
	start = time.Now()
	h.remove(doomed)
	if took := time.Since(start); took > 25*time.Second {
		t.Errorf("the removal took %s", took)
	}
	h.remove(id)
	start = time.Now()
	if _, err := h.network("other", nil); err == nil || time.Since(start) > 25*time.Second {
		t.Errorf("network: %v after %s", err, time.Since(start))
	}
	hangs.Store(false)
	if ok, said := h.try("databases", "datagram", h.address(server)+":80", "3s"); !ok {
		t.Error(said)
	}
	h.waitUntilExact()
}

// TestEngineRestarts ends the engine in every way. With live-restore containers keep
// their connections; otherwise nothing of them is left.
func TestEngineRestarts(t *testing.T) {
	w := newWorld(t)
	w.pool("default", "10.233.64.0/18", "")
	h := w.bareHost("h1")
	w.felixReports("h1", time.Now())
	h.doubleFelix()
	h.startDriver()
	h.startEngine("--live-restore")
	h.mustNetwork("databases", nil)
	server := h.mustRun("server", "databases", "serve", "80")
	address := h.address(server)
	for _, signal := range []syscall.Signal{syscall.SIGTERM, syscall.SIGKILL} {
		h.StopEngine(signal)
		h.StartEngine(w.ctx, "--live-restore")
		if ok, said := h.try("databases", "datagram", address+":80", "3s"); !ok {
			t.Errorf("live-restore, %s: %s", signal, said)
		}
	}
	h.waitUntilExact()
	h.StopEngine(syscall.SIGTERM)
	h.StartEngine(w.ctx) // ends the containers
	h.mustRun("another", "databases", "serve", "80")
	h.StopEngine(syscall.SIGKILL)
	h.StartEngine(w.ctx)
	h.waitUntilExact()
	// SIGTERM finishes the requests under way, and a second start takes over.
	if err := h.driver.Stop(syscall.SIGTERM); err != nil {
		t.Errorf("the driver: %v", err)
	}
	h.startDriver()
	h.remove(h.mustRun("", "databases", "idle"))
}
