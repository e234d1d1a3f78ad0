package resolve

import (
	"cmp"
	"context"
	"fmt"
	"net/netip"
	"slices"
	"strconv"
	"strings"

	"github.com/docker/docker/api/types/container"
)

// A Container is a container of an engine, as far as addresses go.
type Container struct {
	ID      string
	Name    string
	Running bool // one that does not run has no addresses

	// Networks are those that it is connected to, sorted by name.
	Networks []Attachment
}

// An Attachment is a network of a container, with the addresses that the
// container has there, IPv4 first. One that shares the network of the host has
// none.
type Attachment struct {
	Network Network
	Addrs   []netip.Addr
}

// Containers is the list of containers that an engine answered once.
type Containers struct{ list []Container }

// A ContainerError says that a word leads to no container, or to several.
type ContainerError struct {
	Word      string
	Ambiguous bool // it begins the IDs of several
}

func (e *ContainerError) Error() string {
	if e.Ambiguous {
		return fmt.Sprintf("%s begins the IDs of several containers; give more of the ID, or the name", strconv.Quote(e.Word))
	}
	return fmt.Sprintf("Docker has no container %s here; \"docker ps\" lists those that run", strconv.Quote(e.Word))
}

var _ error = (*ContainerError)(nil)

// Containers asks the engine for all its containers, those that do not run
// included. It makes one request, or two if it is the first call of the engine,
// and returns within two seconds, or when ctx ends. The errors are those of
// [Engine.Networks].
func (e *Engine) Containers(ctx context.Context) (*Containers, error) {
	found := &Containers{}
	err := e.call(ctx, func(ctx context.Context) error {
		answer, err := e.docker.ContainerList(ctx, container.ListOptions{All: true})
		if err != nil {
			return malformed("the answer is not a list of Docker containers", err)
		}
		found.list, err = containersOf(answer)
		return err
	})
	if err != nil {
		return nil, err
	}
	return found, nil
}

// containersOf checks that an answer is a list of containers.
func containersOf(answer []container.Summary) ([]Container, error) {
	list := make([]Container, 0, len(answer))
	for _, told := range answer {
		if told.ID == "" {
			answer = nil
			break
		}
		list = append(list, containerOf(told))
	}
	if answer == nil {
		return nil, &reason{text: "the answer is not a list of Docker containers"}
	}
	return list, nil
}

func containerOf(told container.Summary) Container {
	c := Container{ID: told.ID}
	for _, name := range told.Names { // those of links are below another one's
		if name, ok := strings.CutPrefix(name, "/"); ok && !strings.Contains(name, "/") {
			c.Name = name
		}
	}
	switch told.State {
	case container.StateRunning, container.StatePaused, container.StateRestarting:
		c.Running = true
	}
	if told.NetworkSettings == nil {
		return c
	}
	for name, n := range told.NetworkSettings.Networks {
		if n == nil {
			continue
		}
		a := Attachment{Network: Network{ID: n.NetworkID, Name: name}}
		for _, text := range []string{n.IPAddress, n.GlobalIPv6Address} {
			if addr, err := netip.ParseAddr(text); err == nil {
				a.Addrs = append(a.Addrs, addr)
			}
		}
		c.Networks = append(c.Networks, a)
	}
	slices.SortFunc(c.Networks, func(a, b Attachment) int {
		return cmp.Or(strings.Compare(a.Network.Name, b.Network.Name), strings.Compare(a.Network.ID, b.Network.ID))
	})
	return c
}

// CheckContainer returns a [*ContainerError] if a word can be neither the name nor
// the ID of a container, so that no engine need be asked.
func CheckContainer(word string) error {
	for i, c := range []byte(word) {
		alphanumeric := '0' <= c && c <= '9' || 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z'
		if !alphanumeric && (i == 0 || !strings.ContainsRune("_.-", rune(c))) {
			return &ContainerError{Word: word}
		}
	}
	if word == "" {
		return &ContainerError{Word: word}
	}
	return nil
}

// Find returns the container that a word means: the one with this full ID, or
// else with this name, or else the only one whose ID begins with it. The error is
// a [*ContainerError].
func (c *Containers) Find(word string) (Container, error) {
	if err := CheckContainer(word); err != nil {
		return Container{}, err
	}
	var begin []Container
	var named *Container
	for i, known := range c.list {
		switch {
		case known.ID == word:
			return known, nil
		case known.Name == word:
			named = &c.list[i]
		case strings.HasPrefix(known.ID, word):
			begin = append(begin, known)
		}
	}
	switch {
	case named != nil:
		return *named, nil
	case len(begin) == 1:
		return begin[0], nil
	}
	return Container{}, &ContainerError{Word: word, Ambiguous: len(begin) > 1}
}
