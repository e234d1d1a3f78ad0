//go:build unix

package main

import (
	"context"
	"crypto/rand"
	"errors"
	"strings"
	"time"

	"github.com/docker/docker/api/types/network"
	"github.com/docker/docker/client"
)

// networks are the Docker networks that this run has made.
type networks struct {
	missing error  // why there are none
	version string // of the engine
	client  *client.Client
	made    []madeNetwork
}

type madeNetwork struct{ name, id string }

const dockerPatience = time.Minute

// makeNetworks makes the networks of the walkthrough under names that nobody
// else has. Without an engine there are none; an engine that answers and makes
// none is an error.
func makeNetworks(ctx context.Context) (*networks, error) {
	docker, err := client.NewClientWithOpts(client.FromEnv, client.WithAPIVersionNegotiation())
	if err != nil {
		return &networks{missing: err}, nil
	}
	n := &networks{client: docker}
	asking, cancel := context.WithTimeout(ctx, dockerPatience)
	defer cancel()
	server, err := docker.ServerVersion(asking)
	if err != nil {
		n.missing = err
		return n, nil
	}
	n.version = server.Version
	suffix := "-bench-" + strings.ToLower(rand.Text()[:8])
	for _, name := range []string{"databases", "applications"} {
		answer, err := docker.NetworkCreate(asking, name+suffix, network.CreateOptions{Driver: "bridge"})
		if err != nil {
			return n, errors.Join(err, n.remove(ctx))
		}
		n.made = append(n.made, madeNetwork{name + suffix, answer.ID})
	}
	return n, nil
}

// databases and applications are the two networks.
func (n *networks) databases() madeNetwork    { return n.made[0] }
func (n *networks) applications() madeNetwork { return n.made[1] }

// remove removes them, also when the run was interrupted.
func (n *networks) remove(ctx context.Context) error {
	if n.client == nil {
		return nil
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), dockerPatience)
	defer cancel()
	var errs []error
	for _, m := range n.made {
		errs = append(errs, n.client.NetworkRemove(ctx, m.id))
	}
	n.made = nil
	return errors.Join(append(errs, n.client.Close())...)
}
