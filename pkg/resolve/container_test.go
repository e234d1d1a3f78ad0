package resolve_test

import (
	"context"
	"errors"
	"fmt"
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

const twoContainers = `[{"Id":"c1aa","Names":["/other/link","/app-1"],"State":"running","Labels":{"A":"b"},"NetworkSettings":{"Networks":{
	"zone":{"NetworkID":"n2","IPAddress":"","GlobalIPv6Address":""},
	"databases":{"NetworkID":"n1","IPAddress":"10.65.0.3","GlobalIPv6Address":"fd00::3"}}}},
	{"Id":"c1bb","Names":["/c1aa"],"State":"exited","NetworkSettings":null},
	{"Id":"c2","Names":["/paused"],"State":"paused"}]`

var compareAddrs = cmp.Comparer(func(a, b netip.Addr) bool { return a == b })

func TestContainers(t *testing.T) {
	t.Parallel()
	f := &fakeEngine{max: "1.41", containers: say(twoContainers)}
	containers, err := engineAt(t, f.start(t)).Containers(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	app := resolve.Container{ID: "c1aa", Name: "app-1", Running: true, Networks: []resolve.Attachment{
		{Network: resolve.Network{ID: "n1", Name: "databases"}, Addrs: []netip.Addr{netip.MustParseAddr("10.65.0.3"), netip.MustParseAddr("fd00::3")}},
		{Network: resolve.Network{ID: "n2", Name: "zone"}},
	}}
	stopped := resolve.Container{ID: "c1bb", Name: "c1aa"}
	for word, want := range map[string]resolve.Container{
		"app-1": app, "c1a": app,
		"c1aa": app, // an ID comes before a name
		"c1b":  stopped, "c1bb": stopped,
		"c": {}, "c1": {}, "nobody": {}, "": {}, "link": {}, "/app-1": {}, "a\x1b[2J": {},
		"paused": {ID: "c2", Name: "paused", Running: true},
	} {
		got, err := containers.Find(word)
		if diff := cmp.Diff(want, got, compareAddrs); diff != "" {
			t.Errorf("%q: container (-want +got):\n%s", word, diff)
		}
		wantText := ""
		switch {
		case word == "c" || word == "c1":
			wantText = fmt.Sprintf("%q begins the IDs of several containers; give more of the ID, or the name", word)
		case want.ID == "":
			wantText = fmt.Sprintf("Docker has no container %q here; \"docker ps\" lists those that run", word)
		}
		var known *resolve.ContainerError
		if (wantText != "" || err != nil) && (!errors.As(err, &known) || err.Error() != wantText) {
			t.Errorf("%q: %v, want %s", word, err, wantText)
		}
	}
	if diff := cmp.Diff([]string{"HEAD /_ping", "GET /v1.41/containers/json?all=1"}, f.asked()); diff != "" {
		t.Errorf("requests (-want +got):\n%s", diff)
	}
}

// A second call of an engine does not ask for the version again.
func TestContainersAfterNetworks(t *testing.T) {
	t.Parallel()
	f := &fakeEngine{max: "1.41", containers: say("[]")}
	engine := engineAt(t, f.start(t))
	if _, err := engine.Networks(t.Context()); err != nil {
		t.Fatal(err)
	}
	if _, err := engine.Containers(t.Context()); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"HEAD /_ping", "GET /v1.41/networks", "GET /v1.41/containers/json?all=1"}, f.asked()); diff != "" {
		t.Errorf("requests (-want +got):\n%s", diff)
	}
}

func TestContainersErrors(t *testing.T) {
	t.Parallel()
	const notContainers = "the answer is not a list of Docker containers"
	for _, test := range []struct {
		answers http.HandlerFunc
		want    string // after the host
	}{
		{func(w http.ResponseWriter, _ *http.Request) {
			refuse(w, http.StatusInternalServerError, "no space left")
		}, "it answers: no space left"},
		{say("{}"), notContainers},
		{say("[{}]"), notContainers},
		{say("null"), notContainers},
		{say(`[{"Id":"c1"`), "the answer broke off"},
		{hang, "no answer in 200ms"},
	} {
		f := &fakeEngine{max: "1.41", containers: test.answers}
		host := f.start(t)
		engine := engineAt(t, host)
		resolve.SetLimit(engine, 200*time.Millisecond)
		_, err := engine.Containers(t.Context())
		checkEngineError(t, err, host, test.want)
	}
}

func TestContainersWithoutEngine(t *testing.T) {
	t.Parallel()
	_, err := engineAt(t, "unix://"+socketPath(t)).Containers(t.Context())
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
	find := func(word string) (resolve.Container, error) {
		containers, err := engineAt(t, client.DefaultDockerHost).Containers(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		return containers.Find(word)
	}
	for _, word := range []string{name, id, id[:12]} {
		c, err := find(word)
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
	if c, err := find(name); err != nil || c.Running || len(c.Networks) != 1 || len(c.Networks[0].Addrs) != 0 {
		t.Errorf("stopped: %+v, %v", c, err)
	}
	var none *resolve.ContainerError
	if _, err := find(name + "-not"); !errors.As(err, &none) || none.Ambiguous {
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
