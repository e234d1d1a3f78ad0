package resolve_test

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/docker/docker/client"

	"github.com/calicoctl/calicoctl/pkg/resolve"
)

// realDocker returns a client of the engine at the default socket. Without an
// engine the test is skipped, or fails where one has to be.
func realDocker(tb testing.TB) *client.Client {
	tb.Helper()
	docker, err := client.NewClientWithOpts(client.WithHost(client.DefaultDockerHost))
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() { docker.Close() })
	ctx, cancel := context.WithTimeout(tb.Context(), patience)
	defer cancel()
	ping, err := docker.Ping(ctx)
	if err != nil {
		if os.Getenv("CALICOCTL_TEST_DOCKER") == "1" {
			tb.Fatalf("CALICOCTL_TEST_DOCKER=1, and no Docker engine answers: %v", err)
		}
		tb.Skipf("no Docker engine answers: %v", err)
	}
	docker.NegotiateAPIVersionPing(ping)
	return docker
}

// createNetwork makes a bridge network, which is removed in the end, and returns
// its ID.
//
// The request is sent past the client's own method, which asks the engine to
// refuse a second network of the same name.
func createNetwork(t *testing.T, docker *client.Client, name string) string {
	t.Helper()
	body, err := json.Marshal(map[string]any{"Name": name, "Driver": "bridge"})
	if err != nil {
		t.Fatal(err)
	}
	url := "http://" + client.DummyHost + "/v" + docker.ClientVersion() + "/networks/create"
	answer, err := docker.HTTPClient().Post(url, "application/json", bytes.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	text, err := io.ReadAll(answer.Body)
	if err != nil {
		t.Fatal(err)
	}
	if answer.StatusCode == http.StatusConflict {
		t.Skipf("this engine refuses a second network of the same name: %s", text)
	}
	var created struct {
		ID string `json:"Id"`
	}
	if err := json.Unmarshal(text, &created); err != nil || created.ID == "" {
		t.Fatalf("creating network %q: %s: %s", name, answer.Status, text)
	}
	t.Cleanup(func() { removeNetwork(t, docker, created.ID) })
	return created.ID
}

// removeNetwork removes a network by its full ID, which Docker prefers to a name.
func removeNetwork(t *testing.T, docker *client.Client, networkID string) {
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	if err := docker.NetworkRemove(ctx, networkID); err != nil {
		t.Errorf("removing network %s: %v", networkID, err)
	}
}

// uniqueName is a name that nobody else's network has.
func uniqueName(name string) string {
	return name + "-calicoctl-test-" + strings.ToLower(rand.Text())
}

func askReal(t *testing.T) *resolve.Networks {
	t.Helper()
	networks, err := engineAt(t, client.DefaultDockerHost).Networks(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return networks
}

func TestRealNetworks(t *testing.T) {
	t.Parallel()
	docker := realDocker(t)
	names := map[string]string{
		"plain":  uniqueName("databases"),
		"spaces": uniqueName("a b/c") + "\nd",
		"long":   uniqueName(strings.Repeat("x", 250)),
	}
	ids := make(map[string]string)
	for kind, name := range names {
		ids[kind] = createNetwork(t, docker, name)
	}
	networks := askReal(t)
	for kind, name := range names {
		for _, word := range []string{name, ids[kind], ids[kind][:12]} {
			if got, ok, err := networks.Find(word); err != nil || !ok || got != (resolve.Network{ID: ids[kind], Name: name, Driver: "bridge"}) {
				t.Errorf("%s: Find(%q) = %+v, %v, %v", kind, word, got, ok, err)
			}
		}
		if got, ok := networks.Name(ids[kind]); !ok || got != name {
			t.Errorf("%s: Name = %q, %v; want %q", kind, got, ok, name)
		}
		if !resolve.IsID(ids[kind]) {
			t.Errorf("%s: %q is not an ID", kind, ids[kind])
		}
	}
	if _, ok, err := networks.Find(names["plain"][:20]); ok || err != nil {
		t.Errorf("a part of a name is found: %v, %v", ok, err)
	}
}

func TestRealNetworkNamedLikeAnID(t *testing.T) {
	t.Parallel()
	docker := realDocker(t)
	name := uniqueName("web")
	web := createNetwork(t, docker, name)
	liar := createNetwork(t, docker, web)
	shortLiar := createNetwork(t, docker, web[:12])
	networks := askReal(t)
	for word, want := range map[string]string{name: web, web: web, web[:12]: shortLiar, web[:13]: web, liar: liar} {
		if got, ok, err := networks.Find(word); err != nil || !ok || got.ID != want {
			t.Errorf("Find(%q) = %+v, %v, %v; want %s", word, got, ok, err, want)
		}
	}
	if got, ok := networks.Name(liar); ok {
		t.Errorf("Name = %q, which leads to another network", got)
	}
	if got, ok := networks.Name(web); !ok || got != name {
		t.Errorf("Name = %q, %v; want %q", got, ok, name)
	}
	if got, ok := networks.Name(shortLiar); !ok || got != web[:12] {
		t.Errorf("Name = %q, %v; want %q", got, ok, web[:12])
	}
}

func TestRealNetworksOfOneName(t *testing.T) {
	t.Parallel()
	docker := realDocker(t)
	name := uniqueName("twins")
	want := []string{createNetwork(t, docker, name), createNetwork(t, docker, name)}
	slices.Sort(want)
	networks := askReal(t)
	got, ok, err := networks.Find(name)
	var ambiguous *resolve.AmbiguousError
	if ok || !errors.As(err, &ambiguous) {
		t.Fatalf("Find(%q) = %+v, %v, %v", name, got, ok, err)
	}
	if text := `"` + name + `" is the name of 2 Docker networks: ` + strings.Join(want, ", ") + "; give the full ID"; err.Error() != text {
		t.Errorf("got  %s\nwant %s", err, text)
	}
	for _, twin := range want {
		if got, ok := networks.Name(twin); ok {
			t.Errorf("Name(%s) = %q", twin, got)
		}
		if got, ok, err := networks.Find(twin); err != nil || !ok || got.ID != twin {
			t.Errorf("Find(%s) = %+v, %v, %v", twin, got, ok, err)
		}
	}
}

// BenchmarkRealNetworks is what a command pays for names.
func BenchmarkRealNetworks(b *testing.B) {
	realDocker(b)
	for b.Loop() {
		engine, err := resolve.NewEngine(client.DefaultDockerHost)
		if err != nil {
			b.Fatal(err)
		}
		if _, err := engine.Networks(b.Context()); err != nil {
			b.Fatal(err)
		}
		engine.Close()
	}
}
