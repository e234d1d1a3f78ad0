package resolve_test

import (
	"context"
	"errors"
	"net/http"
	"net/netip"
	"testing"
	"time"

	"github.com/docker/docker/api/types/container"
	"github.com/docker/docker/client"
	"github.com/google/go-cmp/cmp"

	"github.com/calicoctl/calicoctl/internal/testkit/dockertest"
	"github.com/calicoctl/calicoctl/pkg/resolve"
)

const oneContainer = `{"Id":"c1","Name":"/app-1","State":{"Running":true},"Config":{"Env":["A=b"]},"NetworkSettings":{"Networks":{
	"zone":{"NetworkID":"n2","IPAddress":"","GlobalIPv6Address":""},
	"databases":{"NetworkID":"n1","IPAddress":"10.65.0.3","GlobalIPv6Address":"fd00::3"}}}}`

var compareAddrs = cmp.Comparer(func(a, b netip.Addr) bool { return a == b })

func TestContainer(t *testing.T) {
	t.Parallel()
	f := &fakeEngine{max: "1.41", containers: say(oneContainer)}
	got, err := engineAt(t, f.start(t)).Container(t.Context(), "app-1")
	if err != nil {
		t.Fatal(err)
	}
	want := resolve.Container{ID: "c1", Name: "app-1", Running: true, Networks: []resolve.Attachment{
		{Network: resolve.Network{ID: "n1", Name: "databases"}, Addrs: []netip.Addr{netip.MustParseAddr("10.65.0.3"), netip.MustParseAddr("fd00::3")}},
		{Network: resolve.Network{ID: "n2", Name: "zone"}},
	}}
	if diff := cmp.Diff(want, got, compareAddrs); diff != "" {
		t.Errorf("container (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]string{"GET /_ping", "GET /v1.41/containers/app-1/json"}, f.asked()); diff != "" {
		t.Errorf("requests (-want +got):\n%s", diff)
	}
}

func TestContainerErrors(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		word    string
		answers http.HandlerFunc
		want    string // behind the host, for an error about the engine
	}{
		{"nobody", nil, `Docker has no container "nobody" here; "docker ps" lists those that run`},
		{"", nil, `Docker has no container "" here; "docker ps" lists those that run`},
		{"../networks", nil, `Docker has no container "../networks" here; "docker ps" lists those that run`},
		{"a\x1b[2J", nil, `Docker has no container "a\x1b[2J" here; "docker ps" lists those that run`},
		{"ab", func(w http.ResponseWriter, _ *http.Request) {
			refuse(w, http.StatusInternalServerError, "Multiple IDs found with provided prefix: ab")
		}, `"ab" begins the IDs of several containers; give more of the ID, or the name`},
		{"app", func(w http.ResponseWriter, _ *http.Request) {
			refuse(w, http.StatusInternalServerError, "no space left")
		}, "HTTP 500: no space left"},
		{"app", say("[]"), "the answer is not about a container"},
		{"app", say("{}"), "the answer is not about a container"},
		{"app", say(`{"Id":"c1"`), "the answer broke off"},
		{"app", hang, "no answer in 200ms"},
	} {
		f := &fakeEngine{max: "1.41", containers: test.answers}
		host := f.start(t)
		engine := engineAt(t, host)
		resolve.SetLimit(engine, 200*time.Millisecond)
		_, err := engine.Container(t.Context(), test.word)
		var known *resolve.ContainerError
		want := test.want
		if !errors.As(err, &known) {
			want = "Docker engine at " + host + ": " + want
		}
		if err == nil || err.Error() != want {
			t.Errorf("%q: %v\nwant %s", test.word, err, want)
		}
	}
}

func TestContainerWithoutEngine(t *testing.T) {
	t.Parallel()
	_, err := engineAt(t, "unix://"+socketPath(t)).Container(t.Context(), "app")
	if !errors.Is(err, resolve.ErrNoEngine) {
		t.Errorf("%v, want %v", err, resolve.ErrNoEngine)
	}
}

// TestRealContainer runs a container of an image that is made here, as no
// registry may be at hand.
func TestRealContainer(t *testing.T) {
	t.Parallel()
	docker := realDocker(t)
	name := uniqueName("app")
	networkID := createNetwork(t, docker, name+"-net")
	id := runContainer(t, docker, name, networkID)
	engine := engineAt(t, client.DefaultDockerHost)
	for _, word := range []string{name, id, id[:12]} {
		c, err := engine.Container(t.Context(), word)
		if err != nil {
			t.Fatal(err)
		}
		if c.ID != id || c.Name != name || !c.Running || len(c.Networks) != 1 ||
			c.Networks[0].Network != (resolve.Network{ID: networkID, Name: name + "-net"}) || len(c.Networks[0].Addrs) == 0 {
			t.Errorf("%s: %+v", word, c)
		}
	}
	if err := docker.ContainerStop(t.Context(), id, container.StopOptions{Signal: "KILL"}); err != nil {
		t.Fatal(err)
	}
	if c, err := engine.Container(t.Context(), name); err != nil || c.Running || len(c.Networks) != 1 || len(c.Networks[0].Addrs) != 0 {
		t.Errorf("stopped: %+v, %v", c, err)
	}
	var none *resolve.ContainerError
	if _, err := engine.Container(t.Context(), name+"-not"); !errors.As(err, &none) || none.Ambiguous {
		t.Errorf("no such container: %v", err)
	}
}

// runContainer starts a container that does nothing, and removes it in the end.
func runContainer(t *testing.T, docker *client.Client, name, networkID string) string {
	t.Helper()
	id, remove, err := dockertest.Run(t.Context(), docker, name, networkID)
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
		defer cancel()
		if err := remove(ctx); err != nil {
			t.Error(err)
		}
	})
	if err != nil {
		t.Fatal(err)
	}
	return id
}
