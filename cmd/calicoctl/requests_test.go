package main

import (
	"context"
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"net/http/httputil"
	"net/url"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/docker/docker/api/types/network"
	"github.com/google/uuid"
	clientv3 "go.etcd.io/etcd/client/v3"
	"go.uber.org/zap"

	"github.com/calicoctl/calicoctl/internal/testkit/embedetcd"
	"github.com/calicoctl/calicoctl/internal/testkit/etcdtest"
)

// A counted is an etcd and a Docker engine that count what they are asked.
type counted struct {
	etcd   string // URL
	client *clientv3.Client
	socket string

	mu    sync.Mutex
	asked []string // of Docker
}

// newCounted starts an etcd, and an engine that answers as the handler does.
func newCounted(ctx context.Context, t *testing.T, docker http.Handler) *counted {
	t.Helper()
	server, err := embedetcd.Start(ctx, embedetcd.Options{Fast: true})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = server.Close() })
	if err := server.AddCalico(ctx); err != nil {
		t.Fatal(err)
	}
	client, err := clientv3.New(clientv3.Config{Endpoints: []string{server.Endpoint()}, Logger: zap.NewNop()})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = client.Close() })
	dir, err := os.MkdirTemp("", "engine") // the path of a socket has to be short
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	c := &counted{etcd: server.Endpoint(), client: client, socket: filepath.Join(dir, "docker.sock")}
	listener, err := net.Listen("unix", c.socket)
	if err != nil {
		t.Fatal(err)
	}
	engine := &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		c.mu.Lock()
		c.asked = append(c.asked, path.Base(r.URL.Path))
		c.mu.Unlock()
		docker.ServeHTTP(w, r)
	})}
	go func() { _ = engine.Serve(listener) }() // ends with Close
	t.Cleanup(func() { _ = engine.Close() })
	return c
}

// run runs a command that has to succeed, and returns how many transactions it
// made. The hook comes before each.
func (c *counted) run(ctx context.Context, t *testing.T, before etcdtest.Hook, words string) int {
	t.Helper()
	between := &etcdtest.Interposer{Before: before}
	if err := between.Start(c.etcd); err != nil {
		t.Fatal(err)
	}
	defer func() { _ = between.Close() }()
	c.mu.Lock()
	c.asked = nil
	c.mu.Unlock()
	cmd := exec.CommandContext(ctx, "calicoctl", strings.Fields(words)...)
	cmd.Env = append(cmd.Environ(), "ETCD_ENDPOINTS="+between.Endpoint(), "DOCKER_HOST=unix://"+c.socket, raceOptions)
	if said, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%s: %v: %s", words, err, said)
	}
	if n := between.Count("/etcdserverpb.KV/Range"); n > 0 {
		t.Errorf("%s: %d range requests beside the transactions", words, n)
	}
	return between.Count(etcdtest.Commit)
}

// wantAsked checks what Docker was asked: its version, and all networks once.
func (c *counted) wantAsked(t *testing.T, words string, want ...string) {
	t.Helper()
	c.mu.Lock()
	defer c.mu.Unlock()
	if !slices.Equal(c.asked, want) {
		t.Errorf("%s: Docker was asked %q, want %q", words, c.asked, want)
	}
}

// fakeEngine has two networks and is no bother to be asked.
func fakeEngine() http.Handler {
	list := []map[string]string{
		{"Id": strings.Repeat("d", 64), "Name": "databases", "Driver": "calico"},
		{"Id": strings.Repeat("a", 64), "Name": "applications", "Driver": "calico"},
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Api-Version", "1.41")
		if path.Base(r.URL.Path) == "networks" {
			_ = json.NewEncoder(w).Encode(list)
		}
	})
}

// What each command costs: of etcd 1 request to show, 2 to edit; of Docker 2.
func checkRequests(ctx context.Context, t *testing.T, c *counted, databases, applications string) {
	t.Helper()
	rule := " inbound allow tcp from tag " + applications + " to ports 3306"
	for _, test := range []struct {
		words string
		want  int
	}{
		{"profile add " + databases, 2},
		{"profile add " + applications, 2},
		{"profile " + databases + " rule show", 1},
		{"profile " + databases + " tag show", 1},
		{"profile " + databases + " rule add" + rule, 2},
		{"profile " + databases + " rule show", 1},
		{"profile " + databases + " rule add" + rule, 1}, // it is there
		{"profile " + databases + " rule remove" + rule, 2},
		{"profile " + databases + " rule remove inbound --at=1", 2},
		{"profile add " + strings.Repeat("9", 64), 2},
		{"profile " + strings.Repeat("9", 12) + " rule show", 1}, // of a network elsewhere
		{"profile " + strings.Repeat("9", 12) + " rule add inbound allow udp", 2},
	} {
		if got := c.run(ctx, t, nil, test.words); got != test.want {
			t.Errorf("%s: %d requests to etcd, want %d", test.words, got, test.want)
		}
		c.wantAsked(t, test.words, "_ping", "networks")
	}
	words := "--literal profile " + strings.Repeat("x", 12)
	if got := c.run(ctx, t, nil, strings.Replace(words, "profile", "profile add", 1)); got != 2 {
		t.Errorf("%s: %d requests to etcd, want 2", words, got)
	}
	c.wantAsked(t, words)
}

func TestRequests(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithTimeout(t.Context(), safetyNet)
	defer cancel()
	checkRequests(ctx, t, newCounted(ctx, t, fakeEngine()), "databases", "applications")
}

func TestRequestsOfRealEngine(t *testing.T) {
	t.Parallel()
	mustHaveDocker(t)
	ctx, cancel := context.WithTimeout(t.Context(), safetyNet)
	defer cancel()
	docker, err := engine()
	if err != nil {
		t.Fatal(err)
	}
	defer docker.Close()
	names := []string{"databases-" + uuid.NewString()[:8], "applications-" + uuid.NewString()[:8]}
	for _, name := range names {
		made, err := docker.NetworkCreate(ctx, name, network.CreateOptions{Driver: "bridge"})
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = docker.NetworkRemove(context.WithoutCancel(ctx), made.ID) }()
	}
	host, _ := strings.CutPrefix(docker.DaemonHost(), "tcp://") // of a socket any does
	if strings.Contains(host, "/") {
		host = "docker"
	}
	forward := httputil.NewSingleHostReverseProxy(&url.URL{Scheme: "http", Host: host})
	forward.Transport = docker.HTTPClient().Transport
	checkRequests(ctx, t, newCounted(ctx, t, forward), names[0], names[1])
}

// The first lost race is one more request to etcd, since it brings the document
// along. Each further one is two: after a wait the document is read again. None
// is a request to Docker.
func TestRequestsOfLostRaces(t *testing.T) {
	if testing.Short() {
		t.Skip("a slow attempt, as with the race detector, leaves a read out; make test runs it")
	}
	t.Parallel()
	ctx, cancel := context.WithTimeout(t.Context(), safetyNet)
	defer cancel()
	c := newCounted(ctx, t, fakeEngine())
	c.run(ctx, t, nil, "profile add databases")
	key := "/calico/resources/v3/projectcalico.org/profiles/" + strings.Repeat("d", 64)
	for lost, want := range []int{2, 3, 5, 7} {
		// Each request before the last one is followed by another client's write.
		before := func(ctx context.Context, method string, number int) error {
			if method != etcdtest.Commit || number < 2 || number >= want {
				return nil
			}
			return rewrite(ctx, c.client, key, number)
		}
		for _, words := range []string{
			"profile databases rule add inbound allow udp",
			"profile databases rule add inbound --at=1 allow tcp",
			"profile databases rule remove inbound allow udp",
			"profile databases rule remove inbound --at=1",
		} {
			if got := c.run(ctx, t, before, words); got != want {
				t.Errorf("%s with %d lost races: %d requests to etcd, want %d", words, lost, got, want)
			}
			c.wantAsked(t, words, "_ping", "networks")
		}
	}
}

// rewrite changes a profile's revision, and nothing that a rule says.
func rewrite(ctx context.Context, client *clientv3.Client, key string, number int) error {
	answer, err := client.Get(ctx, key)
	if err != nil {
		return err
	}
	if len(answer.Kvs) != 1 {
		return fmt.Errorf("there is no %s", key)
	}
	_, err = client.Put(ctx, key, strings.Repeat(" ", number)+strings.TrimSpace(string(answer.Kvs[0].Value)))
	return err
}
