package gather

import (
	"cmp"
	"context"
	"errors"
	"fmt"

	"github.com/calicoctl/calicoctl/internal/printable"
	"github.com/calicoctl/calicoctl/pkg/resolve"
)

// foundContainers are the containers of both sides; nil where none was named.
type foundContainers struct {
	from, to *resolve.Container
	err      error
}

// lookUpContainers looks the containers of the question up in the background.
func (g *gathering) lookUpContainers(ctx context.Context) <-chan foundContainers {
	answer := make(chan foundContainers, 1)
	packet := g.facts.Question.Packet
	from, to := packet.From.Container, packet.To.Container
	if from+to == "" {
		answer <- foundContainers{}
		return answer
	}
	go func() {
		var found foundContainers
		found.from, found.to, found.err = g.inspect(ctx, from, to)
		answer <- found
	}()
	return answer
}

// inspect looks up to two containers up. One without a name is nil.
func (g *gathering) inspect(ctx context.Context, names ...string) (from, to *resolve.Container, err error) {
	if g.Names.Err != nil { // it would not answer now either
		return nil, nil, &ContainerError{Name: cmp.Or(names...), Cause: g.Names.Err}
	}
	for _, name := range names {
		if name == "" {
			continue
		}
		if err := resolve.CheckContainer(name); err != nil {
			return nil, nil, &ContainerError{Name: name, Cause: err}
		}
	}
	containers, err := g.Engine.Containers(ctx)
	if err != nil {
		return nil, nil, &ContainerError{Name: cmp.Or(names...), Cause: err}
	}
	var found [2]*resolve.Container
	for i, name := range names {
		if name == "" {
			continue
		}
		c, err := containers.Find(name)
		if err != nil {
			return nil, nil, &ContainerError{Name: name, Cause: err}
		}
		found[i] = &c
	}
	return found[0], found[1], nil
}

// A ContainerError says which container could not be looked up, and why.
type ContainerError struct {
	Name  string
	Cause error
}

func (e *ContainerError) Error() string {
	var known *resolve.ContainerError // names the container
	if errors.As(e.Cause, &known) {
		return e.Cause.Error()
	}
	return fmt.Sprintf("container %s cannot be looked up: %v; its address can be given instead", printable.Text(e.Name), e.Cause)
}

// Unwrap returns the cause.
func (e *ContainerError) Unwrap() error { return e.Cause }
