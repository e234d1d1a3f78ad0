// Package names tells what a NAME or a tag on the command line means, and by which
// name an ID is shown. Its sources are Docker's networks and which profiles are in
// etcd.
package names

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/calicoctl/calicoctl/internal/printable"
	"github.com/calicoctl/calicoctl/pkg/resolve"
	"github.com/calicoctl/calicoctl/pkg/rules"
)

// A Directory holds Docker's networks. The zero value knows none, as on a host
// without a Docker engine.
type Directory struct {
	Networks *resolve.Networks // nil when Docker was not asked, or there is no engine
	Err      error             // why Docker did not answer, although it should have
	Literal  bool              // names are taken as written, and Docker was not asked
}

// Need returns a *DockerError if Docker did not answer, unless every name is a full
// ID, which means the same without Docker.
func (d Directory) Need(list ...string) error {
	for _, name := range list {
		if d.Err != nil && !resolve.IsID(name) {
			return &DockerError{Cause: d.Err}
		}
	}
	return nil
}

// Target looks up a NAME. The error is a *resolve.AmbiguousError.
func (d Directory) Target(name string) (Target, error) {
	network, found, err := d.Networks.Find(name)
	t := Target{Name: name, literal: d.Literal}
	if err == nil && found {
		t.Network = &network
	}
	return t, err
}

// Targets looks up several.
func (d Directory) Targets(list []string) ([]Target, error) {
	targets := make([]Target, len(list))
	for i, name := range list {
		var err error
		if targets[i], err = d.Target(name); err != nil {
			return nil, err
		}
	}
	return targets, nil
}

// LookUp finds out what the name of a profile may mean, and the tags in rules and by
// themselves. The errors are *DockerError and *resolve.AmbiguousError.
func (d Directory) LookUp(profile string, list []rules.Rule, tags []string, strict bool) (Target, *Tags, error) {
	all := append(OfRules(list), tags...)
	if err := d.Need(append([]string{profile}, all...)...); err != nil {
		return Target{}, nil, err
	}
	target, err := d.Target(profile)
	if err != nil {
		return Target{}, nil, err
	}
	found, err := d.Tags(all, strict)
	return target, found, err
}

// ByID returns the target of a network's ID, also if another network is named by
// these digits.
func (d Directory) ByID(id string) Target {
	t := Target{Name: id, literal: d.Literal}
	if network, found, err := d.Networks.Find(id); err == nil && found && network.ID == id {
		t.Network = &network
	}
	return t
}

// isNetworkID tells whether an ID has the form of a network's, or is one: those of a
// swarm's networks have no form of their own.
func (d Directory) isNetworkID(id string) bool {
	return resolve.IsID(id) || d.HasNetwork(id)
}

// HasNetwork reports whether Docker has the network with an ID.
func (d Directory) HasNetwork(id string) bool { return d.ByID(id).Network != nil }

// NetworksOf returns the networks whose profile has an ID, sorted by name.
func (d Directory) NetworksOf(profile string) []resolve.Network { return d.Networks.OfProfile(profile) }

// A DockerError says that names cannot be looked up. Nothing was changed.
type DockerError struct{ Cause error }

func (e *DockerError) Error() string {
	return strings.TrimSuffix(e.Cause.Error(), ".") +
		"; nothing was changed. --literal takes names as they are written, and full network IDs need no Docker"
}

// Unwrap returns Docker's error.
func (e *DockerError) Unwrap() error { return e.Cause }

// Presence tells which profiles exist. A *store.Snapshot is one, for the IDs that it
// was read with.
type Presence interface {
	Has(id string) bool
}

// IDs are the IDs of profiles that are known to exist, or will.
type IDs map[string]bool

// Has reports whether an ID is among them.
func (ids IDs) Has(id string) bool { return ids[id] }

// Prefixed returns the IDs that begin with a prefix, in order.
func (ids IDs) Prefixed(prefix string) []string {
	return slices.DeleteFunc(ids.Sorted(), func(id string) bool { return !strings.HasPrefix(id, prefix) })
}

// Sorted returns the IDs in order.
func (ids IDs) Sorted() []string { return slices.Sorted(maps.Keys(ids)) }

// Either has the profiles of both. Nil has none.
func Either(a, b Presence) Presence { return either{a, b} }

type either struct{ a, b Presence }

func (e either) Has(id string) bool {
	return e.a != nil && e.a.Has(id) || e.b != nil && e.b.Has(id)
}

// A PrefixError says that the IDs of several profiles begin with a name.
type PrefixError struct {
	Prefix string
	IDs    []string
}

func (e *PrefixError) Error() string {
	return fmt.Sprintf("%s begins the IDs of %d profiles: %s; give the full ID", e.Prefix, len(e.IDs), strings.Join(e.IDs, ", "))
}

// A PairError says that a name and the ID of the network of that name each have a
// profile, so that the name is ambiguous.
type PairError struct{ Name, ID string }

func (e *PairError) Error() string {
	return fmt.Sprintf("there is a profile %s and one of the Docker network of that name, %s; "+
		"give the ID for the latter, or --literal for the former", printable.Text(e.Name), e.ID)
}
