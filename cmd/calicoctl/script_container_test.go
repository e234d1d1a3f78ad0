package main

import (
	"context"
	"encoding/json"
	"net/http"
	"strings"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/calicoctl/calicoctl/internal/testkit/dockertest"
)

// scriptFakeContainer gives the fake engine a container.
func scriptFakeContainer(ts *testscript.TestScript, _ bool, args []string) {
	networks := map[string]any{}
	for _, arg := range args[1:] {
		variable, address, _ := strings.Cut(arg, "=")
		kind := "IPAddress"
		if strings.Contains(address, ":") {
			kind = "GlobalIPv6Address"
		}
		name := strings.ToLower(variable)
		network, there := networks[name].(map[string]any)
		if !there {
			network = map[string]any{"NetworkID": ts.Getenv(variable)}
			networks[name] = network
		}
		network[kind] = address
	}
	state := "exited"
	if len(networks) > 0 {
		state = "running"
	}
	worldOf(ts).containers.Store(args[0], map[string]any{
		"Id": "c0ffee" + args[0], "Names": []string{"/" + args[0]}, "State": state,
		"NetworkSettings": map[string]any{"Networks": networks},
	})
}

// serveContainers answers as an engine does.
func (w *world) serveContainers(out http.ResponseWriter) {
	list := []any{}
	w.containers.Range(func(_, c any) bool {
		list = append(list, c)
		return true
	})
	_ = json.NewEncoder(out).Encode(list)
}

// scriptDockerContainer starts a real container and removes it at the end.
func scriptDockerContainer(ts *testscript.TestScript, _ bool, args []string) {
	docker, err := engine()
	ts.Check(err)
	defer docker.Close()
	ctx, cancel := context.WithTimeout(context.Background(), safetyNet)
	defer cancel()
	id, remove, err := dockertest.Run(ctx, docker, args[1], args[2])
	ts.Defer(func() {
		ctx, cancel := context.WithTimeout(context.Background(), safetyNet)
		defer cancel()
		ts.Check(remove(ctx))
	})
	ts.Check(err)
	told, err := docker.ContainerInspect(ctx, id)
	ts.Check(err)
	for _, n := range told.NetworkSettings.Networks {
		ts.Setenv(args[0], n.IPAddress)
	}
}
