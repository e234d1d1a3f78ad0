package main

import (
	"bytes"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/containerd/errdefs"
	"github.com/docker/docker/api/types/network"
	"github.com/docker/docker/client"
)

// fakeDocker is an engine that holds networks in memory. Tests set what goes
// wrong with it.
type fakeDocker struct {
	networks []network.Summary
	listErr  error
	create   func(name string) error // before a network is made
	answer   func(name string) error // after it was made
	removing func(id string) error
}

func (f *fakeDocker) NetworkList(_ context.Context, opts network.ListOptions) ([]network.Summary, error) {
	var list []network.Summary
	for _, n := range f.networks {
		if opts.Filters.MatchKVList("label", n.Labels) {
			list = append(list, n)
		}
	}
	return list, f.listErr
}

func (f *fakeDocker) NetworkCreate(ctx context.Context, name string, opts network.CreateOptions) (network.CreateResponse, error) {
	if f.create != nil {
		if err := f.create(name); err != nil {
			return network.CreateResponse{}, err
		}
	}
	id := strings.ToLower(rand.Text())
	f.networks = append(f.networks, network.Summary{Name: name, ID: id, Labels: opts.Labels})
	if f.answer != nil {
		if err := f.answer(name); err != nil {
			return network.CreateResponse{}, err
		}
	}
	return network.CreateResponse{ID: id}, ctx.Err()
}

func (f *fakeDocker) NetworkRemove(ctx context.Context, id string) error {
	if f.removing != nil {
		if err := f.removing(id); err != nil {
			return err
		}
	}
	before := len(f.networks)
	f.networks = slices.DeleteFunc(f.networks, func(n network.Summary) bool { return n.ID == id })
	if len(f.networks) == before {
		return fmt.Errorf("network %s not found: %w", id, errdefs.ErrNotFound)
	}
	return ctx.Err()
}

// wantNetworks expects that the engine is left with what it had.
func (f *fakeDocker) wantNetworks(t *testing.T, ids ...string) {
	t.Helper()
	var got []string
	for _, n := range f.networks {
		got = append(got, n.ID)
	}
	if !slices.Equal(got, ids) {
		t.Errorf("the engine is left with %v, want %v", f.networks, ids)
	}
}

func TestDemoWithDocker(t *testing.T) {
	t.Parallel()
	docker := &fakeDocker{networks: []network.Summary{{Name: "other", ID: "0"}}}
	code, stdout, stderr, err := transcript(t.Context(), t, &demo{docker: docker}, "FAKE_ENV=1")
	if code != 0 || err != nil {
		t.Fatalf("exit %d, %v\n%s", code, err, stderr)
	}
	docker.wantNetworks(t, "0")
	want := `^\$ docker network create databases\n[a-z0-9]+\n\$ docker network create applications\n[a-z0-9]+\n\$ calicoctl profile add databases\n`
	if !regexp.MustCompile(want).MatchString(stdout) || !strings.HasSuffix(stdout, "\n# Removed again: databases and applications.\n") {
		t.Errorf("printed\n%s", stdout)
	}
	if strings.Contains(stdout, "CALICOCTL_LITERAL") {
		t.Errorf("calicoctl was told not to ask Docker:\n%s", stdout)
	}
}

func TestDemoNameIsTaken(t *testing.T) {
	t.Parallel()
	for _, taken := range []string{"databases", "applications"} {
		docker := &fakeDocker{
			networks: []network.Summary{{Name: taken, ID: "theirs"}},
			create:   func(name string) error { return errors.New("must not be asked for " + name) },
			removing: func(id string) error { return errors.New("must not be asked to remove " + id) },
		}
		code, stdout, stderr, err := transcript(t.Context(), t, &demo{docker: docker}, "FAKE_ENV=1")
		if code != 0 || err != nil {
			t.Fatalf("exit %d, %v\n%s", code, err, stderr)
		}
		docker.wantNetworks(t, "theirs")
		want := "# With plain profile names instead of Docker networks: there is a network named " + taken + " already.\n$ calicoctl profile add databases\n"
		if !strings.HasPrefix(stdout, want) || !strings.Contains(stdout, "CALICOCTL_LITERAL=1") {
			t.Errorf("printed\n%s", stdout)
		}
	}
}

// Someone else makes the second network after the demo has looked.
func TestDemoLosesARaceForAName(t *testing.T) {
	t.Parallel()
	docker := &fakeDocker{}
	docker.create = func(name string) error {
		if name != "applications" {
			return nil
		}
		docker.networks = append(docker.networks, network.Summary{Name: name, ID: "theirs"})
		return errors.New("network with name applications already exists")
	}
	code, stdout, stderr, err := transcript(t.Context(), t, &demo{docker: docker})
	if code != 0 || err != nil {
		t.Fatalf("exit %d, %v\n%s", code, err, stderr)
	}
	docker.wantNetworks(t, "theirs")
	want := `\$ docker network create applications
# Removed again: databases.
# With plain profile names instead of Docker networks: the Docker engine did not make the network applications.
\$ calicoctl profile add databases
`
	if !regexp.MustCompile(want).MatchString(stdout) || !strings.HasPrefix(stderr, "network with name applications already exists\n") {
		t.Errorf("stdout:\n%sstderr:\n%s", stdout, stderr)
	}
}

// A network whose creation was not answered is found, and nobody else's.
func TestDemoCreationIsNotAnswered(t *testing.T) {
	t.Parallel()
	docker := &fakeDocker{networks: []network.Summary{{Name: "old", ID: "old", Labels: map[string]string{label: "another run"}}}}
	docker.answer = func(string) error { return errors.New("connection lost") }
	code, stdout, _, err := transcript(t.Context(), t, &demo{docker: docker})
	if code != 0 || err != nil {
		t.Fatalf("exit %d, %v", code, err)
	}
	docker.wantNetworks(t, "old")
	if !strings.Contains(stdout, "# Removed again: databases.\n") {
		t.Errorf("printed\n%s", stdout)
	}
}

func TestDemoFailsAndRemoves(t *testing.T) {
	t.Parallel()
	docker := &fakeDocker{}
	code, stdout, _, err := transcript(t.Context(), t, &demo{docker: docker},
		"FAKE_FAIL=rule remove", "FAKE_CODE=3")
	if code != 3 || err != nil {
		t.Errorf("exit %d, %v", code, err)
	}
	docker.wantNetworks(t)
	if !strings.HasSuffix(stdout, "# Removed again: databases and applications.\n") {
		t.Errorf("printed\n%s", stdout)
	}
}

func TestDemoIsInterruptedAndRemoves(t *testing.T) {
	t.Parallel()
	for _, word := range []string{"network create databases", "network create applications", "waiting"} {
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		docker := &fakeDocker{}
		var out bytes.Buffer
		d := &demo{
			calicoctl: fakeCalicoctl,
			environ:   append(os.Environ(), "FAKE_FAIL=rule show"),
			names:     names{databases: "databases", applications: "applications"},
			docker:    docker,
			stderr:    &bytes.Buffer{},
			stdout:    &trigger{buffer: &out, word: word, fire: cancel},
		}
		if code, err := d.run(ctx); code != exitInterrupted || err != nil {
			t.Errorf("interrupted at %q: exit %d, %v", word, code, err)
		}
		docker.wantNetworks(t)
	}
}

// What cannot be removed is named with its ID, the rest is removed, and the
// demo has failed.
func TestDemoCannotRemove(t *testing.T) {
	t.Parallel()
	docker := &fakeDocker{}
	var first string
	docker.removing = func(id string) error {
		if first == "" {
			first = id
			return errors.New("network has active endpoints")
		}
		return nil
	}
	_, stdout, _, err := transcript(t.Context(), t, &demo{docker: docker})
	want := "remove the network databases (docker network rm " + first + "): network has active endpoints"
	if err == nil || err.Error() != want {
		t.Errorf("got %v, want %s", err, want)
	}
	docker.wantNetworks(t, first)
	if !strings.HasSuffix(stdout, "# Removed again: applications.\n") {
		t.Errorf("printed\n%s", stdout)
	}
}

// engine returns a client of the machine's Docker engine. Without one, the test
// is skipped, or fails where CALICOCTL_TEST_DOCKER=1 says that there is one.
func engine(t *testing.T) *client.Client {
	t.Helper()
	docker, err := connectDocker(t.Context())
	if err != nil {
		if os.Getenv("CALICOCTL_TEST_DOCKER") == "1" {
			t.Fatalf("CALICOCTL_TEST_DOCKER=1, but no engine answers: %v", err)
		}
		t.Skipf("no Docker engine answers: %v", err)
	}
	t.Cleanup(func() { docker.Close() })
	return docker
}

// uniqueNames returns names that no other test and no user has.
func uniqueNames() names {
	suffix := "-" + strings.ToLower(rand.Text())
	return names{databases: "databases" + suffix, applications: "applications" + suffix}
}

// wantOnEngine expects exactly the given networks of those names.
func wantOnEngine(t *testing.T, docker *client.Client, n names, ids ...string) {
	t.Helper()
	list, err := docker.NetworkList(context.WithoutCancel(t.Context()), network.ListOptions{})
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, other := range list {
		if slices.Contains(n.all(), other.Name) {
			got = append(got, other.ID)
		}
	}
	if !slices.Equal(got, ids) {
		t.Errorf("the engine is left with %v, want %v", got, ids)
	}
}

func TestEngineNetworksAreRemoved(t *testing.T) {
	t.Parallel()
	docker := engine(t)
	for _, test := range []struct {
		name    string
		environ []string
		code    int
	}{
		{"success", nil, 0},
		{"failure", []string{"FAKE_FAIL=rule show", "FAKE_CODE=5"}, 5},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			n := uniqueNames()
			code, stdout, stderr, err := transcript(t.Context(), t, &demo{docker: docker, names: n}, test.environ...)
			if code != test.code || err != nil {
				t.Errorf("exit %d, %v\n%s", code, err, stderr)
			}
			id := regexp.MustCompile(`^\$ docker network create ` + n.databases + `\n[0-9a-f]{64}\n`)
			if !id.MatchString(stdout) {
				t.Errorf("printed\n%s", stdout)
			}
			wantOnEngine(t, docker, n)
		})
	}
}

func TestEngineNetworkOfOthersIsKept(t *testing.T) {
	t.Parallel()
	docker := engine(t)
	n := uniqueNames()
	theirs, err := docker.NetworkCreate(t.Context(), n.applications, network.CreateOptions{Driver: "bridge"})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := docker.NetworkRemove(context.WithoutCancel(t.Context()), theirs.ID); err != nil {
			t.Error(err)
		}
	})
	code, stdout, stderr, err := transcript(t.Context(), t, &demo{docker: docker, names: n})
	if code != 0 || err != nil {
		t.Errorf("exit %d, %v\n%s", code, err, stderr)
	}
	if !strings.Contains(stdout, "there is a network named "+n.applications+" already") {
		t.Errorf("printed\n%s", stdout)
	}
	wantOnEngine(t, docker, n, theirs.ID)

	// Nor does an engine make a second one of that name.
	made := &networks{docker: docker, run: rand.Text()}
	if id, err := made.create(t.Context(), n.applications); err == nil {
		t.Errorf("made another: %s", id)
	}
	if removed, err := made.remove(t.Context()); len(removed) != 0 || err != nil {
		t.Errorf("removed %v, %v", removed, err)
	}
	wantOnEngine(t, docker, n, theirs.ID)
}

func TestNoEngine(t *testing.T) {
	t.Setenv("DOCKER_HOST", "unix:///nonexistent/docker.sock")
	docker, err := connectDocker(t.Context())
	if err == nil {
		docker.Close()
		t.Fatal("connected to nothing")
	}
	t.Setenv("DOCKER_HOST", "nonsense")
	if _, err := connectDocker(t.Context()); err == nil {
		t.Error("connected to nonsense")
	}
}
