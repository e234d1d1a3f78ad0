package resolve

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/netip"
	"slices"
	"strconv"
	"strings"
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

// Container asks the engine for the container that a word means: its full ID, its
// name, or the beginning of its ID. It makes at most two requests and returns
// within two seconds, or when ctx ends.
//
// The error is a [*ContainerError], or one as [Engine.Networks] returns it.
func (e *Engine) Container(ctx context.Context, word string) (Container, error) {
	if !isContainerName(word) {
		return Container{}, &ContainerError{Word: word}
	}
	asking, stop := context.WithTimeout(ctx, e.limit)
	defer stop()
	defer e.http.CloseIdleConnections()
	c, err := e.inspect(asking, word)
	var known *ContainerError
	if err != nil && !errors.As(err, &known) {
		err = e.explain(ctx, asking, err)
	}
	return c, err
}

// isContainerName tells whether a word can be the name or ID of a container. It
// becomes a part of a path.
func isContainerName(word string) bool {
	for i, c := range []byte(word) {
		alphanumeric := '0' <= c && c <= '9' || 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z'
		if !alphanumeric && (i == 0 || !strings.ContainsRune("_.-", rune(c))) {
			return false
		}
	}
	return word != ""
}

func (e *Engine) inspect(ctx context.Context, word string) (Container, error) {
	version, err := e.negotiate(ctx)
	if err != nil {
		return Container{}, err
	}
	answer, err := e.get(ctx, "v"+version, "containers", word, "json")
	if err != nil {
		return Container{}, err
	}
	defer answer.Body.Close()
	if answer.StatusCode == http.StatusNotFound {
		return Container{}, &ContainerError{Word: word}
	}
	if answer.StatusCode != http.StatusOK {
		err := refusal(answer)
		if strings.Contains(strings.ToLower(err.Error()), "multiple ids") {
			err = &ContainerError{Word: word, Ambiguous: true}
		}
		return Container{}, err
	}
	return readContainer(answer.Body)
}

// told is what is needed of an engine's answer about a container.
type told struct {
	ID    string `json:"Id"`
	Name  string
	State struct{ Running bool }

	NetworkSettings struct {
		Networks map[string]struct{ NetworkID, IPAddress, GlobalIPv6Address string }
	}
}

func readContainer(body io.Reader) (Container, error) {
	limited := &io.LimitedReader{R: body, N: longestAnswer + 1}
	var t told
	if err := json.NewDecoder(limited).Decode(&t); err != nil || t.ID == "" {
		return Container{}, notAnswer("the answer is not about a container", err)
	}
	c := Container{ID: t.ID, Name: strings.TrimPrefix(t.Name, "/"), Running: t.State.Running}
	for name, n := range t.NetworkSettings.Networks {
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
	return c, nil
}
