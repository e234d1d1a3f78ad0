package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"

	"github.com/calicoctl/calicoctl/internal/printable"
	"github.com/calicoctl/calicoctl/internal/trace"
	"github.com/calicoctl/calicoctl/pkg/resolve"
)

// foundContainers are the containers of both sides; nil where none was named.
type foundContainers struct {
	from, to *resolve.Container
	err      error
}

// lookUpContainers asks Docker for the containers of a question; the answer comes
// when it is there.
func lookUpContainers(ctx context.Context, s *session, q trace.Question) <-chan foundContainers {
	answer := make(chan foundContainers, 1)
	from, to := q.Packet.From.Container, q.Packet.To.Container
	if from+to == "" {
		answer <- foundContainers{}
		return answer
	}
	go func() {
		var found foundContainers
		found.from, found.to, found.err = inspect(ctx, s, from, to)
		answer <- found
	}()
	return answer
}

// inspect looks up to two containers up. One without a name is nil.
func inspect(ctx context.Context, s *session, names ...string) (from, to *resolve.Container, err error) {
	if s.names.Err != nil { // it would not answer now either
		return nil, nil, &containerError{name: cmp.Or(names...), cause: s.names.Err}
	}
	for _, name := range names {
		if name == "" {
			continue
		}
		if err := resolve.CheckContainer(name); err != nil {
			return nil, nil, &containerError{name: name, cause: err}
		}
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
