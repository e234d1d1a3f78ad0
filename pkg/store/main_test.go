package store_test

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net"
	"os"
	"runtime/pprof"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/calicoctl/calicoctl/internal/etcd"
	"github.com/calicoctl/calicoctl/internal/testkit/dnstest"
	"github.com/calicoctl/calicoctl/pkg/store"
)

// TestMain gives the tests a DNS of their own, so that they ask no other host
// anything, and looks for goroutines that they left behind.
func TestMain(m *testing.M) {
	stop, err := dnstest.Serve()
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	code := m.Run()
	stop()
	if left := leftBehind(`pkg/store.`); left != "" && code == 0 {
		fmt.Fprintf(os.Stderr, "goroutines of this package are left behind:\n%s\n", left)
		code = 1
	}
	os.Exit(code)
}

// leftBehind returns the goroutines that mention a text, as soon as there are
// none or after a while.
func leftBehind(text string) string {
	var left string
	for deadline := time.Now().Add(10 * time.Second); time.Now().Before(deadline); time.Sleep(10 * time.Millisecond) {
		var all bytes.Buffer
		_ = pprof.Lookup("goroutine").WriteTo(&all, 1)
		left = ""
		for _, block := range strings.Split(all.String(), "\n\n") {
			if strings.Contains(block, text) && !strings.Contains(block, "leftBehind") {
				left += block + "\n"
			}
		}
		if left == "" {
			return ""
		}
	}
	return left
}

// Goroutines inherit the label of the one that starts them, so each test finds
// its own among those of all others.
func TestCloseLeavesNoGoroutines(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.putProfile("web", document(t, "web", "allow"))
	tests := map[string]func(context.Context){
		"edit": func(ctx context.Context) {
			s, err := store.Open(ctx, etcd.Config{Endpoints: []string{w.endpoint}})
			if err != nil {
				t.Error(err)
				return
			}
			if _, err := s.Edit(ctx, "web", appending(t, "allow tcp")); err != nil {
				t.Error(err)
			}
			closeStore(t, s)
		},
		"unused": func(ctx context.Context) {
			s, err := store.Open(ctx, etcd.Config{Endpoints: []string{w.endpoint}})
			if err != nil {
				t.Error(err)
				return
			}
			closeStore(t, s)
		},
	}
	closed, silent := "http://"+closedPort(t), "http://"+blackHole(t)
	tests["edit beside an endpoint that hangs"] = func(ctx context.Context) {
		s, err := store.Open(ctx, etcd.Config{Endpoints: []string{silent, w.endpoint}})
		if err != nil {
			t.Error(err)
			return
		}
		if _, err := s.Edit(ctx, "web", appending(t, "allow udp")); err != nil {
			t.Error(err)
		}
		closeStore(t, s)
	}
	for name, cfg := range map[string]etcd.Config{
		"refused":               {Endpoints: []string{closed}},
		"refused with a user":   {Endpoints: []string{closed}, Username: "u", Password: "p"},
		"no answer":             {Endpoints: []string{silent}},
		"no answer with a user": {Endpoints: []string{silent}, Username: "u", Password: "p"},
	} {
		tests[name] = func(ctx context.Context) { unreached(ctx, t, cfg) }
	}
	for name, run := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			pprof.Do(t.Context(), pprof.Labels("leak", name), func(ctx context.Context) {
				ctx, cancel := context.WithTimeout(ctx, time.Second)
				defer cancel()
				run(ctx)
			})
			if left := leftBehind(fmt.Sprintf(`"leak":%q`, name)); left != "" {
				t.Errorf("left behind:\n%s", left)
			}
		})
	}
}

// A Store that is closed holds no connection, whatever became of its requests.
func TestCloseLeavesNoConnections(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.putProfile("web", document(t, "web", "allow"))
	var accepted atomic.Int64
	ended := make(chan struct{}, 1000)
	counted := func(answer func(net.Conn)) string {
		return "http://" + serve(t, func(conn net.Conn) {
			accepted.Add(1)
			answer(conn)
			ended <- struct{}{}
		})
	}
	relay := counted(func(conn net.Conn) {
		backend, err := net.Dial("tcp", strings.TrimPrefix(w.endpoint, "http://"))
		if err != nil {
			return
		}
		go func() { _, _ = io.Copy(conn, backend) }()
		_, _ = io.Copy(backend, conn) // until the client closes
		_ = backend.Close()
	})
	silent := counted(func(conn net.Conn) { _, _ = io.Copy(io.Discard, conn) })
	for range 3 {
		_ = readOnce(soon(t), etcd.Config{Endpoints: []string{relay, silent}})
		ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
		_ = readOnce(ctx, etcd.Config{Endpoints: []string{silent}})
		_ = readOnce(ctx, etcd.Config{Endpoints: []string{silent}, Username: "u", Password: "p"})
		cancel()
	}
	if n := accepted.Load(); n < 6 {
		t.Fatalf("%d connections were made, of at least 6", n)
	}
	for n := range accepted.Load() {
		select {
		case <-ended:
		case <-time.After(20 * time.Second):
			t.Fatalf("only %d of %d connections were closed", n, accepted.Load())
		}
	}
}

func closeStore(t *testing.T, s *store.Store) {
	if err := s.Close(); err != nil {
		t.Errorf("Close: %v", err)
	}
}

// unreached opens a Store, reads, and closes it.
func unreached(ctx context.Context, t *testing.T, cfg etcd.Config) {
	s, err := store.Open(ctx, cfg)
	if err != nil {
		return
	}
	if _, err := s.Read(ctx, store.Query{Profiles: []string{"web"}}); err == nil {
		t.Error("there is an answer")
	}
	closeStore(t, s)
}
