package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"strings"

	"github.com/calicoctl/calicoctl/internal/printable"
	"github.com/calicoctl/calicoctl/pkg/fault"
	"github.com/calicoctl/calicoctl/pkg/resolve"
)

// lookUpContainers asks Docker for the containers of a question; the answer comes
// when it is there.
func (s *session) lookUpContainers(ctx context.Context, q *question) <-chan foundContainers {
	answer := make(chan foundContainers, 1)
	from, to := q.packet.From.Container, q.packet.To.Container
	if from+to == "" {
		answer <- foundContainers{}
		return answer
	}
	go func() {
		var found foundContainers
		found.from, found.to, found.err = s.inspect(ctx, from, to)
		answer <- found
	}()
	return answer
}

// inspect looks up to two containers up. One without a name is nil.
func (s *session) inspect(ctx context.Context, names ...string) (from, to *resolve.Container, err error) {
	if s.names.Err != nil { // it would not answer now either
		return nil, nil, &containerError{name: cmp.Or(names...), cause: s.names.Err}
	}
	containers, err := s.engine.Containers(ctx)
	if err != nil {
		return nil, nil, &containerError{name: cmp.Or(names...), cause: err}
	}
	var found [2]*resolve.Container
	for i, name := range names {
		if name == "" {
			continue
		}
		c, err := containers.Find(name)
		if err != nil {
			return nil, nil, &containerError{name: name, cause: err}
		}
		found[i] = &c
	}
	return found[0], found[1], nil
}

// A containerError says which container could not be looked up. What Docker says
// of a container names it already.
type containerError struct {
	name  string
	cause error
}

func (e *containerError) Error() string {
	var known *resolve.ContainerError
	if errors.As(e.cause, &known) {
		return e.cause.Error()
	}
	return fmt.Sprintf("container %s cannot be looked up: %v; its address can be given instead", printable.Text(e.name), e.cause)
}

func (e *containerError) Unwrap() error { return e.cause }

// containerAddrs returns the addresses of a container: those on the network of
// the profile, or those of the only network where it has any.
func (w *packetWorld) containerAddrs(c *resolve.Container) ([]netip.Addr, error) {
	name := printable.Text(c.Name)
	if !c.Running {
		return nil, fault.Refusedf("container %s does not run, so it has no address", name)
	}
	var with []resolve.Attachment
	for _, a := range c.Networks {
		if len(a.Addrs) == 0 {
			continue
		}
		if w.isNetworkOfProfile(a.Network) {
			return a.Addrs, nil
		}
		with = append(with, a)
	}
	switch len(with) {
	case 0:
		return nil, fault.Refusedf("container %s has no address of its own on any network", name)
	case 1:
		return with[0].Addrs, nil
	}
	var choices []string
	for _, a := range with {
		for _, addr := range a.Addrs {
			choices = append(choices, fmt.Sprintf("%s (%s)", addr, printable.Text(a.Network.Name)))
		}
	}
	return nil, fault.Refusedf("container %s has addresses on several networks: %s; give the address that is meant",
		name, strings.Join(choices, ", "))
}

func (w *packetWorld) isNetworkOfProfile(n resolve.Network) bool {
	return slices.Contains(w.target.IDs(), n.ID) || n.ID == w.profile.ID || n.Name == w.profile.ID
}
