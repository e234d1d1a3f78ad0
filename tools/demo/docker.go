package main

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/containerd/errdefs"
	"github.com/docker/docker/api/types/filters"
	"github.com/docker/docker/api/types/network"
	"github.com/docker/docker/client"
)

const (
	// askPatience is how long the engine may take to list its networks. An
	// engine that is there answers in milliseconds, one that hangs never.
	askPatience = 5 * time.Second

	// changePatience is how long it may take to make a network, and to
	// remove all. Both go on when the demo is interrupted.
	changePatience = 30 * time.Second

	// label marks the networks of the demo. Its value, different in each
	// run, finds a network whose creation was not answered.
	label = "io.github.calicoctl.sandbox"
)

// networkAPI is what the demo asks of a Docker engine; *client.Client is one.
type networkAPI interface {
	NetworkList(context.Context, network.ListOptions) ([]network.Summary, error)
	NetworkCreate(context.Context, string, network.CreateOptions) (network.CreateResponse, error)
	NetworkRemove(ctx context.Context, id string) error
}

// networks are the Docker networks that this run made.
type networks struct {
	docker networkAPI
	run    string // value of the label
	made   []network.Summary
}

// connectDocker returns a client of the engine that Docker's environment
// variables name, if it answers.
func connectDocker(ctx context.Context) (*client.Client, error) {
	docker, err := client.NewClientWithOpts(client.FromEnv, client.WithAPIVersionNegotiation())
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(ctx, askPatience)
	defer cancel()
	if _, err := docker.Ping(ctx); err != nil {
		return nil, errors.Join(err, docker.Close())
	}
	return docker, nil
}

// makeNetworks makes the networks of the walkthrough, as the docker command
// would be seen to. It returns nil, having said why, when there are none to be
// used: without an engine, where one of their names is taken, or where the
// engine refuses. An error means that the demo cannot go on at all.
func (d *demo) makeNetworks(ctx context.Context) (*networks, error) {
	if d.docker == nil {
		return d.plainNames(fmt.Errorf("no Docker engine answers (%w)", d.noDocker))
	}
	n := &networks{docker: d.docker, run: rand.Text()}
	if err := n.checkFree(ctx, d.names.all()); err != nil {
		return d.plainNames(err)
	}
	for _, name := range d.names.all() {
		fmt.Fprintf(d.stdout, "$ docker network create %s\n", name)
		id, err := n.create(ctx, name)
		if err != nil {
			fmt.Fprintln(d.stderr, err)
			if err := d.removeNetworks(ctx, n); err != nil {
				return nil, err
			}
			return d.plainNames(fmt.Errorf("the Docker engine did not make the network %s", name))
		}
		fmt.Fprintln(d.stdout, id)
	}
	return n, nil
}

// plainNames says in one line why there are no networks.
func (d *demo) plainNames(why error) (*networks, error) {
	text := strings.Join(strings.Fields(why.Error()), " ")
	_, err := fmt.Fprintf(d.stdout, "# With plain profile names instead of Docker networks: %s.\n", strings.TrimSuffix(text, "."))
	return nil, err
}

// removeNetworks removes what was made and says so.
func (d *demo) removeNetworks(ctx context.Context, n *networks) error {
	removed, err := n.remove(ctx)
	if len(removed) > 0 {
		fmt.Fprintf(d.stdout, "# Removed again: %s.\n", strings.Join(removed, " and "))
	}
	return err
}

// checkFree returns an error if one of names is that of a network.
func (n *networks) checkFree(ctx context.Context, names []string) error {
	ctx, cancel := context.WithTimeout(ctx, askPatience)
	defer cancel()
	list, err := n.docker.NetworkList(ctx, network.ListOptions{})
	if err != nil {
		return fmt.Errorf("no Docker engine answers (%w)", err)
	}
	for _, other := range list {
		if slices.Contains(names, other.Name) {
			return fmt.Errorf("there is a network named %s already", other.Name)
		}
	}
	return nil
}

// create makes a network and returns its ID. An interruption does not cut it
// short, or it would not be known whether the network is there. If that is not
// known for another reason, the engine is asked for what bears our label.
func (n *networks) create(ctx context.Context, name string) (string, error) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), changePatience)
	defer cancel()
	answer, err := n.docker.NetworkCreate(ctx, name, network.CreateOptions{
		Driver: "bridge",
		Labels: map[string]string{label: n.run},
	})
	if err == nil {
		n.made = append(n.made, network.Summary{Name: name, ID: answer.ID})
		return answer.ID, nil
	}
	list, listErr := n.docker.NetworkList(ctx, network.ListOptions{
		Filters: filters.NewArgs(filters.Arg("label", label+"="+n.run)),
	})
	for _, other := range list {
		if other.Labels[label] == n.run && !n.hasMade(other.ID) {
			n.made = append(n.made, other)
		}
	}
	if listErr != nil {
		err = fmt.Errorf("%w; it may be there nevertheless, with the label %s=%s", err, label, n.run)
	}
	return "", err
}

func (n *networks) hasMade(id string) bool {
	return slices.ContainsFunc(n.made, func(m network.Summary) bool { return m.ID == id })
}

// remove removes the networks that were made, by their IDs, as another may have
// taken a name meanwhile. It returns the names of those that are gone, and goes
// on when the demo is interrupted.
func (n *networks) remove(ctx context.Context) (removed []string, err error) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), changePatience)
	defer cancel()
	var errs []error
	for _, m := range n.made {
		err := n.docker.NetworkRemove(ctx, m.ID)
		if err != nil && !errdefs.IsNotFound(err) {
			errs = append(errs, fmt.Errorf("remove the network %s (docker network rm %s): %w", m.Name, m.ID, err))
			continue
		}
		removed = append(removed, m.Name)
	}
	return removed, errors.Join(errs...)
}
