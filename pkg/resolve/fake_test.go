package resolve_test

import (
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/docker/docker/api/types/versions"

	"github.com/calicoctl/calicoctl/pkg/resolve"
)

// fakeEngine answers on a unix socket as an engine does, except where a test
// says otherwise.
type fakeEngine struct {
	// min and max are the versions of the API that it takes.
	min, max string
	// ping, networks and containers, if set, answer instead.
	ping, networks, containers http.HandlerFunc

	mu       sync.Mutex
	requests []string
}

// start returns the engine's address.
func (f *fakeEngine) start(t *testing.T) string {
	t.Helper()
	path := socketPath(t)
	listener, err := net.Listen("unix", path)
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewUnstartedServer(f)
	server.Listener.Close()
	server.Listener = listener
	server.Start()
	t.Cleanup(server.Close)
	return "unix://" + path
}

func (f *fakeEngine) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	f.mu.Lock()
	f.requests = append(f.requests, r.Method+" "+r.URL.String())
	f.mu.Unlock()
	switch {
	case r.URL.Path == "/_ping" && f.ping != nil:
		f.ping(w, r)
	case r.URL.Path == "/_ping":
		if f.max != "" {
			w.Header().Set("Api-Version", f.max)
		}
		fmt.Fprint(w, "OK")
	case strings.HasSuffix(r.URL.Path, "/networks"):
		f.serveNetworks(w, r)
	case strings.HasSuffix(r.URL.Path, "/containers/json") && f.containers != nil:
		f.containers(w, r)
	default:
		http.NotFound(w, r)
	}
}

func (f *fakeEngine) serveNetworks(w http.ResponseWriter, r *http.Request) {
	version := strings.TrimSuffix(strings.TrimPrefix(r.URL.Path, "/v"), "/networks")
	switch {
	case f.max != "" && versions.GreaterThan(version, f.max):
		refuse(w, http.StatusBadRequest, "client version "+version+" is too new. Maximum supported API version is "+f.max)
	case f.min != "" && versions.LessThan(version, f.min):
		refuse(w, http.StatusBadRequest, "client version "+version+" is too old. Minimum supported API version is "+f.min)
	case f.networks != nil:
		f.networks(w, r)
	default:
		fmt.Fprint(w, twoNetworks)
	}
}

// asked returns the requests so far.
func (f *fakeEngine) asked() []string {
	f.mu.Lock()
	defer f.mu.Unlock()
	return append([]string(nil), f.requests...)
}

func refuse(w http.ResponseWriter, code int, message string) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(code)
	json.NewEncoder(w).Encode(map[string]string{"message": message})
}

// say answers with a text.
func say(text string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, text) }
}

// hang answers nothing until the client goes away.
func hang(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() }

// rawEngine listens on a unix socket and leaves each connection to serve, which
// is to return when the client closes it. It returns the address, and a channel
// that gets a value each time serve returned.
func rawEngine(t *testing.T, serve func(net.Conn)) (host string, ended <-chan struct{}) {
	t.Helper()
	path := socketPath(t)
	listener, err := net.Listen("unix", path)
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan struct{}, 100)
	go func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			go func() {
				serve(conn)
				conn.Close()
				done <- struct{}{}
			}()
		}
	}()
	t.Cleanup(func() { listener.Close() })
	return "unix://" + path, done
}

// socketPath is short: a socket's path has room for about 100 characters.
func socketPath(t *testing.T) string {
	t.Helper()
	return filepath.Join(t.TempDir(), "s")
}

// engineAt returns the engine at a host and closes it in the end.
func engineAt(t *testing.T, host string) *resolve.Engine {
	t.Helper()
	engine, err := resolve.NewEngine(host)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := engine.Close(); err != nil {
			t.Errorf("Close: %v", err)
		}
	})
	return engine
}
