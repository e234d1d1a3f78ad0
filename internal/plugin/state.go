//go:build linux

package plugin

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"sync"

	"github.com/calicoctl/calicoctl/internal/engine"
)

// A Network is what the driver remembers of a Docker network, since Docker tells
// the options only once.
type Network struct {
	Profile  string   // of its endpoints
	Own      bool     // the profile is the network's own and goes with it
	Internal bool     // without a gateway
	Subnets  []string `json:",omitempty"` // that were asked for; none is all pools
	Removed  bool     `json:",omitempty"` // Docker has removed it, but its profile is still there
}

// State is a file with what has to survive the driver's end.
type State struct {
	path string
	mu   sync.Mutex
	now  contents
}

type contents struct {
	Engine   engine.Identity
	Networks map[string]Network // by ID
}

// OpenState reads the file, which need not be there.
func OpenState(path string) (*State, error) {
	s := &State{path: path, now: contents{Networks: map[string]Network{}}}
	text, err := os.ReadFile(path)
	if errors.Is(err, os.ErrNotExist) {
		return s, nil
	}
	if err == nil {
		err = json.Unmarshal(text, &s.now)
	}
	if s.now.Networks == nil {
		s.now.Networks = map[string]Network{}
	}
	if err != nil {
		return nil, fmt.Errorf("the state file %s cannot be read: %w; without it the driver asks Docker again, so it may be removed", path, err)
	}
	return s, nil
}

// Network returns what is known of a network.
func (s *State) Network(id string) (Network, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	n, ok := s.now.Networks[id]
	return n, ok
}

// Networks returns all networks, by ID.
func (s *State) Networks() map[string]Network {
	s.mu.Lock()
	defer s.mu.Unlock()
	return maps.Clone(s.now.Networks)
}

// Engine returns the engine that was last seen.
func (s *State) Engine() engine.Identity {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.now.Engine
}

// SetNetwork remembers a network; nil forgets it.
func (s *State) SetNetwork(id string, n *Network) error {
	return s.change(func(c *contents) {
		if n == nil {
			delete(c.Networks, id)
		} else {
			c.Networks[id] = *n
		}
	})
}

// SetEngine remembers the engine.
func (s *State) SetEngine(e engine.Identity) error {
	if s.Engine() == e {
		return nil
	}
	return s.change(func(c *contents) { c.Engine = e })
}

// change writes the file anew. When that fails nothing has changed.
func (s *State) change(apply func(*contents)) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	next := contents{Engine: s.now.Engine, Networks: maps.Clone(s.now.Networks)}
	apply(&next)
	text, err := json.MarshalIndent(next, "", "  ")
	if err == nil {
		err = writeFile(s.path, append(text, '\n'))
	}
	if err != nil {
		return fmt.Errorf("cannot write the state file: %w", err)
	}
	s.now = next
	return nil
}

// writeFile replaces a file, so that it is never there in part.
func writeFile(path string, text []byte) error {
	file, err := os.CreateTemp(filepath.Dir(path), filepath.Base(path)+".*")
	if err != nil {
		return err
	}
	defer os.Remove(file.Name())
	if _, err = file.Write(text); err == nil {
		err = file.Sync()
	}
	if err = errors.Join(err, file.Close()); err != nil {
		return err
	}
	return os.Rename(file.Name(), path)
}
