package main

import (
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"path"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/docker/docker/api/types/network"
	"github.com/docker/docker/api/types/versions"
	"github.com/docker/docker/client"
	"github.com/google/uuid"
	"github.com/rogpeppe/go-internal/testscript"
)

// engine returns a client of the real Docker engine.
func engine() (*client.Client, error) {
	return client.NewClientWithOpts(client.FromEnv, client.WithAPIVersionNegotiation())
}

func dockerAnswers() bool {
	docker, err := engine()
	if err != nil {
		return false
	}
	defer docker.Close()
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	_, err = docker.Ping(ctx)
	return err == nil
}

// scriptRealDocker lets the script use the engine that the tests use. The
// suffix keeps the names of scripts that run at the same time apart.
func scriptRealDocker(ts *testscript.TestScript, _ bool, _ []string) {
	host := os.Getenv("DOCKER_HOST")
	if host == "" {
		host = client.DefaultDockerHost
	}
	ts.Setenv("DOCKER_HOST", host)
	ts.Setenv("SUFFIX", uuid.NewString()[:8])
}

// scriptDockerNetwork creates a network and removes it at the end.
func scriptDockerNetwork(ts *testscript.TestScript, _ bool, args []string) {
	docker, err := engine()
	ts.Check(err)
	ctx, cancel := context.WithTimeout(context.Background(), safetyNet)
	defer cancel()
	made, err := docker.NetworkCreate(ctx, args[1], network.CreateOptions{Driver: "bridge"})
	ts.Check(err)
	ts.Setenv(args[0], made.ID)
	ts.Defer(func() { removeNetwork(ts, docker, made.ID) })
}

// dockerTwins reports whether the engine makes two networks of one name, as
// those before Docker 25 (API 1.44) do.
func dockerTwins() bool {
	docker, err := engine()
	if err != nil {
		return false
	}
	defer docker.Close()
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	answer, err := docker.Ping(ctx)
	return err == nil && versions.LessThan(answer.APIVersion, "1.44")
}

// scriptDockerTwin creates a second network of a name. Docker's own client never
// asks for one.
func scriptDockerTwin(ts *testscript.TestScript, _ bool, args []string) {
	docker, err := engine()
	ts.Check(err)
	base := "http://" + client.DummyHost
	if host, found := strings.CutPrefix(docker.DaemonHost(), "tcp://"); found {
		base = "http://" + host
	}
	body := strings.NewReader(fmt.Sprintf(`{"Name":%q,"Driver":"bridge"}`, args[1]))
	answer, err := docker.HTTPClient().Post(base+"/v1.41/networks/create", "application/json", body)
	ts.Check(err)
	defer answer.Body.Close()
	var made struct{ Id string } //nolint:staticcheck // Docker's spelling
	ts.Check(json.NewDecoder(answer.Body).Decode(&made))
	if made.Id == "" {
		ts.Fatalf("no second network: %s", answer.Status)
	}
	ts.Setenv(args[0], made.Id)
	ts.Defer(func() { removeNetwork(ts, docker, made.Id) })
}

func removeNetwork(ts *testscript.TestScript, docker *client.Client, id string) {
	defer docker.Close()
	ctx, cancel := context.WithTimeout(context.Background(), safetyNet)
	defer cancel()
	ts.Check(docker.NetworkRemove(ctx, id))
}

// scriptFakeDocker is an engine for what a real one cannot be brought to have,
// such as two networks of one name, and for machines without one. The ID of a
// network is made of its variable, so that expected texts can hold it. The driver
// of a network is that of VARIABLE=NAME@DRIVER, or not told, and its option profile
// that of VARIABLE=NAME@DRIVER@PROFILE.
func scriptFakeDocker(ts *testscript.TestScript, _ bool, args []string) {
	type told struct { //nolint:staticcheck // Docker's spelling
		Id, Name, Driver string
		Options          map[string]string
	}
	list := []told{}
	for _, arg := range args {
		variable, name, _ := strings.Cut(arg, "=")
		name, driver, _ := strings.Cut(name, "@")
		driver, profile, attached := strings.Cut(driver, "@")
		name, err := strconv.Unquote(`"` + name + `"`)
		ts.Check(err)
		id := fmt.Sprintf("%x", sha256.Sum256([]byte(variable)))
		if driver == "overlay" { // of a swarm
			id = "xyz" + id[:22]
		}
		var options map[string]string
		if attached {
			options = map[string]string{"profile": profile}
		}
		list = append(list, told{id, name, driver, options})
		ts.Setenv(variable, id)
	}
	socket := filepath.Join(ts.Getenv("WORK"), "fake.sock")
	_ = os.Remove(socket) // of an earlier fake-docker in the script
	listener, err := net.Listen("unix", socket)
	ts.Check(err)
	server := &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Api-Version", "1.41")
		switch {
		case path.Base(r.URL.Path) == "networks":
			_ = json.NewEncoder(w).Encode(list)
		case strings.HasSuffix(r.URL.Path, "/containers/json"):
			worldOf(ts).serveContainers(w)
		}
	})}
	go func() { _ = server.Serve(listener) }() // ends with Close
	ts.Defer(func() { _ = server.Close() })
	ts.Setenv("DOCKER_HOST", "unix://"+socket)
}

// scriptDenyDocker makes a socket that the script's commands may not connect to.
// Root may connect to any, so they run as another user: see unprivileged.
func scriptDenyDocker(ts *testscript.TestScript, _ bool, _ []string) {
	scriptHangDocker(ts, false, nil)
	ts.Check(os.Chmod(strings.TrimPrefix(ts.Getenv("DOCKER_HOST"), "unix://"), 0))
	ts.Setenv(unprivilegedVariable, "1")
}

const unprivilegedVariable = "CALICOCTL_TEST_UNPRIVILEGED"

// unprivileged runs the program as a user without rights where a script asks
// for that.
func unprivileged() {
	const nobody = 65534
	if os.Getenv(unprivilegedVariable) != "" && os.Getuid() == 0 {
		if err := errors.Join(syscall.Setgroups(nil), syscall.Setgid(nobody), syscall.Setuid(nobody)); err != nil {
			panic(err)
		}
	}
	main()
}
