//go:build linux

package main

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/calicoctl/calicoctl/internal/testkit/etcdtest"
)

// TestEditedProfileIsKept removes a network whose profile was edited. The profile
// goes too, but its document is in the log and in the directory of removed profiles.
func TestEditedProfileIsKept(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.pool("default", "10.233.64.0/18", "")
	h := w.newHost("h1")
	id := h.mustNetwork("databases", nil)
	h.calicoctl("profile", "databases", "rule", "add", "inbound", "allow", "tcp", "to", "ports", "3306")
	h.removeNetwork("databases")
	if left := w.keys(v3 + "profiles/"); len(left) > 0 {
		t.Errorf("profiles are left: %v", left)
	}
	kept, err := filepath.Glob(h.Dir + "/state/removed/" + id + ".*.json")
	if err != nil || len(kept) != 1 {
		t.Fatalf("kept: %v, %v", kept, err)
	}
	document, err := os.ReadFile(kept[0])
	if err != nil || !strings.Contains(string(document), "3306") {
		t.Errorf("%v: %s", err, document)
	}
	for line := range strings.Lines(h.driver.Log()) {
		if strings.Contains(line, "profile removed with its network") && strings.Contains(line, kept[0]) && strings.Contains(line, "3306") {
			return
		}
	}
	t.Errorf("the log does not hold the profile:\n%s", h.driver.Log())
}

// TestTermFinishesRequests ends the driver while its last request for a network
// waits for etcd's answer: Docker still gets its own.
func TestTermFinishesRequests(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.pool("default", "10.233.64.0/18", "")
	h := w.newHost("h1", "--collect-interval", "1h")
	var holds atomic.Bool
	held, release := make(chan struct{}), make(chan struct{})
	var writes atomic.Bool // so does the latest transaction
	w.between.Rewrite = noteWrites(&writes)
	w.between.After = func(_ context.Context, method string, _ int) error {
		if method == etcdtest.Commit && writes.Load() && holds.CompareAndSwap(true, false) {
			close(held)
			<-release
		}
		return nil
	}
	h.mustNetwork("first", nil)
	holds.Store(true)
	made := make(chan error, 1)
	go func() {
		_, err := h.network("databases", nil)
		made <- err
	}()
	<-held
	ended := make(chan error, 1)
	go func() { ended <- h.driver.Stop(syscall.SIGTERM) }()
	h.waitFor("the driver to end", func() bool { return strings.Contains(h.driver.Log(), "msg=ending") })
	select {
	case <-h.driver.Done():
		t.Error("the driver has ended before its request")
	case <-time.After(300 * time.Millisecond):
	}
	close(release)
	if err := <-made; err != nil {
		t.Errorf("the network: %v", err)
	}
	if err := <-ended; err != nil {
		t.Errorf("the driver: %v", err)
	}
	h.startDriver()
	h.remove(h.mustRun("db", "databases", "idle"))
}
