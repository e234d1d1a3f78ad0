package embedetcd_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	clientv3 "go.etcd.io/etcd/client/v3"
	"go.uber.org/zap"

	"github.com/calicoctl/calicoctl/internal/testkit/embedetcd"
)

func TestMain(m *testing.M) {
	embedetcd.Quiet()
	os.Exit(m.Run())
}

// patience bounds everything that a test waits for. It is long because the
// machine may be busy, and never waited for in a test that passes.
const patience = time.Minute

func testContext(t *testing.T) context.Context {
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	t.Cleanup(cancel)
	return ctx
}

func start(t *testing.T, opts embedetcd.Options) *embedetcd.Server {
	t.Helper()
	server, err := embedetcd.Start(testContext(t), opts)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { closeServer(t, server) })
	return server
}

func closeServer(t *testing.T, server interface{ Close() error }) {
	t.Helper()
	if err := server.Close(); err != nil {
		t.Error(err)
	}
}

func startCluster(t *testing.T, n int) *embedetcd.Cluster {
	t.Helper()
	cluster, err := embedetcd.StartCluster(testContext(t), n, embedetcd.Options{Fast: true})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { closeServer(t, cluster) })
	return cluster
}

func connect(t *testing.T, cfg clientv3.Config) *clientv3.Client {
	t.Helper()
	cfg.Logger = zap.NewNop()
	client, err := clientv3.New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { client.Close() })
	return client
}

func dial(t *testing.T, endpoints ...string) *clientv3.Client {
	t.Helper()
	return connect(t, clientv3.Config{Endpoints: endpoints})
}

func put(t *testing.T, client *clientv3.Client, key, value string) {
	t.Helper()
	if _, err := client.Put(testContext(t), key, value); err != nil {
		t.Fatalf("put %s: %v", key, err)
	}
}

// wantValue reads key from the cluster that client talks to; with
// clientv3.WithSerializable from the very member, which may lag behind.
func wantValue(t *testing.T, client *clientv3.Client, key, want string, opts ...clientv3.OpOption) {
	t.Helper()
	got, err := client.Get(testContext(t), key, opts...)
	if err != nil {
		t.Fatalf("get %s: %v", key, err)
	}
	if len(got.Kvs) != 1 || string(got.Kvs[0].Value) != want {
		t.Fatalf("get %s: %v, want %q", key, got.Kvs, want)
	}
}

func host(t *testing.T, endpoint string) string {
	t.Helper()
	u, err := url.Parse(endpoint)
	if err != nil {
		t.Fatal(err)
	}
	return u.Host
}

func TestStartPutGetClose(t *testing.T) {
	t.Parallel()
	for _, fast := range []bool{true, false} {
		t.Run(fmt.Sprintf("fast=%v", fast), func(t *testing.T) {
			t.Parallel()
			server := start(t, embedetcd.Options{Fast: fast})
			client := dial(t, server.Endpoint())
			put(t, client, "colour", "green")
			wantValue(t, client, "colour", "green")

			if err := server.Close(); err != nil {
				t.Fatal(err)
			}
			select {
			case <-server.Stopped():
			default:
				t.Error("a closed server has not stopped")
			}
			if conn, err := net.Dial("tcp", host(t, server.Endpoint())); !errors.Is(err, syscall.ECONNREFUSED) {
				t.Errorf("a closed server is still connected to: %v, %v", conn, err)
			}
		})
	}
}

func TestEndpointIsLoopback(t *testing.T) {
	t.Parallel()
	endpoint := start(t, embedetcd.Options{Fast: true}).Endpoint()
	if !strings.HasPrefix(endpoint, "http://127.0.0.1:") {
		t.Errorf("endpoint %s", endpoint)
	}
}

// A client that has asked the server for its members goes on with what the
// server said.
func TestAdvertisesItsEndpoint(t *testing.T) {
	t.Parallel()
	server := start(t, embedetcd.Options{Fast: true})
	client := dial(t, server.Endpoint())
	if err := client.Sync(testContext(t)); err != nil {
		t.Fatal(err)
	}
	if got := client.Endpoints(); len(got) != 1 || got[0] != server.Endpoint() {
		t.Errorf("the server says that it is at %v, it is at %s", got, server.Endpoint())
	}
}

// Closing does not wait for a client that watches, nor for one that is idle.
func TestCloseCutsWatchers(t *testing.T) {
	t.Parallel()
	server := start(t, embedetcd.Options{Fast: true})
	client := dial(t, server.Endpoint())
	watch := client.Watch(clientv3.WithRequireLeader(testContext(t)), "key", clientv3.WithCreatedNotify())
	if created := <-watch; !created.Created {
		t.Fatalf("no watch: %+v", created)
	}
	began := time.Now()
	if err := server.Close(); err != nil {
		t.Fatal(err)
	}
	// etcd's own patience with open requests is five seconds and more.
	if took := time.Since(began); took > 4*time.Second {
		t.Errorf("close took %v", took)
	}
}

func TestManyAtOnce(t *testing.T) {
	t.Parallel()
	for i := range 8 {
		t.Run(fmt.Sprint(i), func(t *testing.T) {
			t.Parallel()
			client := dial(t, start(t, embedetcd.Options{Fast: true}).Endpoint())
			got, err := client.Get(testContext(t), "", clientv3.WithPrefix())
			if err != nil {
				t.Fatal(err)
			}
			if got.Count != 0 {
				t.Errorf("a new server holds %d keys", got.Count)
			}
			put(t, client, "mine", fmt.Sprint(i))
			wantValue(t, client, "mine", fmt.Sprint(i))
		})
	}
}

func TestDirIsKept(t *testing.T) {
	t.Parallel()
	opts := embedetcd.Options{Dir: filepath.Join(t.TempDir(), "data"), Fast: true}
	first := start(t, opts)
	put(t, dial(t, first.Endpoint()), "colour", "green")
	if err := first.Close(); err != nil {
		t.Fatal(err)
	}
	second := start(t, opts)
	wantValue(t, dial(t, second.Endpoint()), "colour", "green")
}

func TestDirInUse(t *testing.T) {
	t.Parallel()
	opts := embedetcd.Options{Dir: t.TempDir(), Fast: true}
	start(t, opts)
	second, err := embedetcd.Start(testContext(t), opts)
	if err == nil {
		closeServer(t, second)
		t.Fatal("two servers serve one directory")
	}
	want := "start embedded etcd: data directory " + opts.Dir + " is in use by another etcd"
	if err.Error() != want {
		t.Errorf("got  %v\nwant %s", err, want)
	}
}

func TestTemporaryDirIsRemoved(t *testing.T) {
	temp := t.TempDir()
	t.Setenv("TMPDIR", temp)
	server := start(t, embedetcd.Options{Fast: true})
	if entries, err := os.ReadDir(temp); err != nil || len(entries) != 1 {
		t.Fatalf("while the server runs: %v, %v", entries, err)
	}
	if err := server.Close(); err != nil {
		t.Fatal(err)
	}
	if entries, err := os.ReadDir(temp); err != nil || len(entries) != 0 {
		t.Errorf("after close: %v, %v", entries, err)
	}
	if err := server.Close(); err != nil {
		t.Errorf("second close: %v", err)
	}
}

func TestStartIsGivenUp(t *testing.T) {
	temp := t.TempDir()
	t.Setenv("TMPDIR", temp)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	server, err := embedetcd.Start(ctx, embedetcd.Options{Fast: true})
	if !errors.Is(err, context.Canceled) {
		t.Errorf("got %v, %v", server, err)
	}
	if entries, err := os.ReadDir(temp); err != nil || len(entries) != 0 {
		t.Errorf("left behind: %v, %v", entries, err)
	}
}

func TestStartWithoutDirectory(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	server, err := embedetcd.Start(testContext(t), embedetcd.Options{Dir: filepath.Join(file, "data"), Fast: true})
	if err == nil {
		closeServer(t, server)
		t.Fatal("serves from below a file")
	}
	if !strings.Contains(err.Error(), file) {
		t.Errorf("error does not name the directory: %v", err)
	}
}

// A process that runs servers, breaks connections and stops leaders writes
// nothing of its own.
func TestSilence(t *testing.T) {
	t.Parallel()
	if os.Getenv("EMBEDETCD_TEST_SILENCE") != "" {
		client := dial(t, start(t, embedetcd.Options{Fast: true}).Endpoint())
		put(t, client, "colour", "green")
		cluster := startCluster(t, 3)
		put(t, dial(t, cluster.Endpoints()...), "colour", "green")
		if err := cluster.Stop(cluster.Leader()); err != nil {
			t.Fatal(err)
		}
		return
	}
	cmd := exec.CommandContext(testContext(t), os.Args[0], "-test.run=^TestSilence$")
	cmd.Env = append(os.Environ(), "EMBEDETCD_TEST_SILENCE=1")
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	if err := cmd.Run(); err != nil {
		t.Fatalf("%v\n%s%s", err, &stdout, &stderr)
	}
	if !strings.HasPrefix(stdout.String(), "PASS\n") || stderr.Len() != 0 {
		t.Errorf("stdout:\n%sstderr:\n%s", &stdout, &stderr)
	}
}

// A learner rejects requests, and the cluster goes on without it.
func TestLearner(t *testing.T) {
	t.Parallel()
	server := start(t, embedetcd.Options{Fast: true})
	endpoint, err := server.AddLearner(testContext(t))
	if err != nil {
		t.Fatal(err)
	}
	put(t, dial(t, server.Endpoint()), "colour", "green")
	if _, err := dial(t, endpoint).Get(testContext(t), "colour"); err == nil || !strings.Contains(err.Error(), "rpc not supported for learner") {
		t.Errorf("a learner answers %v", err)
	}
}
