package resolve

import (
	"path"
	"strings"
)

// profileOption is the option of Calico's network driver that attaches a network to
// a profile that has a name of its own: docker network create --opt profile=NAME.
const profileOption = "profile"

// IsCalico reports whether Calico's network driver runs the network: "calico", or the
// reference of a plugin such as "example/calico:latest".
func (n Network) IsCalico() bool {
	name, _, _ := strings.Cut(path.Base(n.Driver), ":")
	return strings.HasPrefix(name, "calico")
}

// ProfileID returns the ID of the profile that is the network's: the one that it was
// attached to with --opt profile=NAME, or else the network's own ID.
func (n Network) ProfileID() string {
	if n.Profile != "" {
		return n.Profile
	}
	return n.ID
}

// OfProfile returns the networks whose profile has an ID, sorted by name and then by
// ID. Several networks may share a profile. The slice is the caller's.
func (n *Networks) OfProfile(id string) []Network {
	if n == nil {
		return nil
	}
	list := append([]Network(nil), n.byProfile[id]...)
	if own, known := n.byID[id]; known && own.ProfileID() == id {
		list = append(list, own) // no other has an ID for its profile: the driver rejects that
	}
	return list
}
