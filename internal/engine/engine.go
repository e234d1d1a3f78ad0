// Package engine finds out from a Docker engine what its network driver is not told. An
// engine that starts sends requests to the driver before it answers any itself, so that every call
// needs a deadline, and no answer may be a condition.
package engine

import (
	"cmp"
	"context"
	"net/netip"
	"strconv"
	"strings"

	"github.com/containerd/errdefs"
	"github.com/docker/docker/api/types/container"
	"github.com/docker/docker/api/types/network"
	"github.com/docker/docker/client"
)

// An Engine is a Docker engine.
//
// Each call has a client of its own: a client finds out the version of the API
// under a lock that no context bounds, so that a call which an engine that starts
// does not answer would stop all others.
type Engine struct {
	options []client.Opt
	host    string
}

// New returns the engine at a host such as unix:///run/docker.sock; empty is the
// one that the environment names. Nothing is dialled.
func New(host string) (*Engine, error) {
	e := &Engine{options: []client.Opt{client.FromEnv, client.WithAPIVersionNegotiation()}}
	if host != "" {
		e.options = append(e.options, client.WithHost(host))
	}
	docker, err := e.client()
	if err != nil {
		return nil, err
	}
	e.host = docker.DaemonHost()
	return e, docker.Close()
}

func (e *Engine) client() (*client.Client, error) { return client.NewClientWithOpts(e.options...) }

// Host returns the address of the engine.
func (e *Engine) Host() string { return e.host }

// Answers reports whether the engine answers at all.
func (e *Engine) Answers(ctx context.Context) bool {
	docker, err := e.client()
	if err != nil {
		return false
	}
	defer docker.Close()
	_, err = docker.Ping(ctx)
	return err == nil
}

// IsGone reports whether the engine has answered that there is no such thing.
func IsGone(err error) bool { return err != nil && errdefs.IsNotFound(err) }

// An Identity tells one engine from another.
type Identity struct{ ID, Version string }

// Identity returns who the engine is.
func (e *Engine) Identity(ctx context.Context) (Identity, error) {
	docker, err := e.client()
	if err != nil {
		return Identity{}, err
	}
	defer docker.Close()
	info, err := docker.Info(ctx)
	return Identity{ID: info.ID, Version: info.ServerVersion}, err
}

// Major returns the first number of the version; 0 if it is not known.
func (i Identity) Major() int {
	major, _, _ := strings.Cut(i.Version, ".")
	n, _ := strconv.Atoi(major) // 0 is what an unknown version is
	return n
}

// A Network is a Docker network.
type Network struct {
	ID, Name     string
	Driver, IPAM string // names of the drivers
	Options      map[string]string
	Internal     bool
	Subnets      []string
}

// IsHalf reports whether a network has addresses from Calico, but another driver,
// so that no policy applies to it.
func (n Network) IsHalf() bool {
	return (n.IPAM == "calico" || n.IPAM == "calico-ipam") && n.Driver != "calico"
}

func networkOf(n network.Inspect) Network {
	out := Network{ID: n.ID, Name: n.Name, Driver: n.Driver, IPAM: n.IPAM.Driver, Options: n.Options, Internal: n.Internal}
	for _, c := range n.IPAM.Config {
		out.Subnets = append(out.Subnets, c.Subnet)
	}
	return out
}

// Networks returns all networks.
func (e *Engine) Networks(ctx context.Context) ([]Network, error) {
	docker, err := e.client()
	if err != nil {
		return nil, err
	}
	defer docker.Close()
	list, err := docker.NetworkList(ctx, network.ListOptions{})
	var all []Network
	for _, n := range list {
		all = append(all, networkOf(n))
	}
	return all, err
}

// A Place is a network, and one of the endpoints in it.
type Place struct {
	Network     Network
	Container   string // the container's name; empty if it is not known yet
	ContainerID string
}

// Find returns a network, and the container of one of its endpoints.
func (e *Engine) Find(ctx context.Context, networkID, endpoint string) (Place, error) {
	docker, err := e.client()
	if err != nil {
		return Place{}, err
	}
	defer docker.Close()
	n, err := docker.NetworkInspect(ctx, networkID, network.InspectOptions{})
	if err != nil {
		return Place{}, err
	}
	place := Place{Network: networkOf(n)}
	for id, each := range n.Containers {
		if each.EndpointID != endpoint {
			continue
		}
		place.Container = each.Name
		if !strings.HasPrefix(id, "ep-") { // what the engine says before the container has joined
			place.ContainerID = id
		}
	}
	return place, nil
}

// Endpoints returns the endpoints of a network, by ID, with the addresses that the
// engine shows: also those of containers that are just being started.
func (e *Engine) Endpoints(ctx context.Context, networkID string) (map[string][]netip.Addr, error) {
	docker, err := e.client()
	if err != nil {
		return nil, err
	}
	defer docker.Close()
	n, err := docker.NetworkInspect(ctx, networkID, network.InspectOptions{})
	if err != nil {
		return nil, err
	}
	all := map[string][]netip.Addr{}
	for _, each := range n.Containers {
		all[each.EndpointID] = nil
		for _, text := range []string{each.IPv4Address, each.IPv6Address} {
			if p, err := netip.ParsePrefix(text); err == nil {
				all[each.EndpointID] = append(all[each.EndpointID], p.Addr())
			}
		}
	}
	return all, nil
}

// An Attachment is the connection of a container to a network.
type Attachment struct {
	Endpoint    string // empty while the container does not run
	Network     string // the ID
	NetworkName string
	Addresses   []netip.Addr
	Container   string // the name
	ContainerID string
}

// Attachments returns the connections of all containers, also of those that do not
// run.
func (e *Engine) Attachments(ctx context.Context) ([]Attachment, error) {
	docker, err := e.client()
	if err != nil {
		return nil, err
	}
	defer docker.Close()
	list, err := docker.ContainerList(ctx, container.ListOptions{All: true})
	if err != nil {
		return nil, err
	}
	var all []Attachment
	for _, c := range list {
		if c.NetworkSettings == nil {
			continue
		}
		for name, n := range c.NetworkSettings.Networks {
			if n == nil {
				continue
			}
			a := Attachment{Endpoint: n.EndpointID, Network: n.NetworkID, NetworkName: name, ContainerID: c.ID}
			a.Container = strings.TrimPrefix(cmp.Or(append(c.Names, "")...), "/")
			for _, text := range []string{n.IPAddress, n.GlobalIPv6Address} {
				if addr, err := netip.ParseAddr(text); err == nil {
					a.Addresses = append(a.Addresses, addr)
				}
			}
			all = append(all, a)
		}
	}
	return all, nil
}
