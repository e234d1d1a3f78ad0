package names

import (
	"errors"
	"fmt"
	"slices"

	"github.com/calicoctl/calicoctl/internal/printable"
	"github.com/calicoctl/calicoctl/pkg/fault"
	"github.com/calicoctl/calicoctl/pkg/profile"
	"github.com/calicoctl/calicoctl/pkg/resolve"
	"github.com/calicoctl/calicoctl/pkg/store"
)

// A Target is what a NAME may mean: the profile of that name and, if it is a Docker
// network, the network's profile. That is named by the network's ID, or as the option
// profile of Calico's driver says.
type Target struct {
	Name    string           // as it was typed
	Network *resolve.Network // nil when no Docker network is meant

	literal bool // Docker was not asked
}

// Profiles are profiles that were read. A *store.Snapshot is one.
type Profiles interface {
	Presence
	Profile(id string) (*profile.Profile, error)
}

// IDs returns the IDs of the profiles that may be meant, first the name itself.
func (t Target) IDs() []string {
	if t.Network == nil || t.Network.ProfileID() == t.Name {
		return []string{t.Name}
	}
	return []string{t.Name, t.Network.ProfileID()}
}

// AllIDs returns IDs and the name of the network: where a profile has that name, no
// other one must be made for the network.
func (t Target) AllIDs() []string {
	ids := t.IDs()
	if t.Network != nil && t.Network.Name != "" && !slices.Contains(ids, t.Network.Name) {
		ids = append(ids, t.Network.Name)
	}
	return ids
}

// NewID returns the ID under which a profile is created.
func (t Target) NewID() string {
	if t.Network != nil {
		return t.Network.ProfileID()
	}
	return t.Name
}

// Prefixes returns the name if it may be the beginning of the ID of a profile whose
// network is not on this host.
func (t Target) Prefixes() []string {
	if t.literal || t.Network != nil || resolve.IsID(t.Name) || !resolve.IsPrefix(t.Name) {
		return nil
	}
	return []string{t.Name}
}

// prefixed returns the network IDs that begin with the name and have a profile.
func (t Target) prefixed(there Presence) []string {
	known, ok := there.(interface{ Prefixed(prefix string) []string })
	if !ok || len(t.Prefixes()) == 0 {
		return nil
	}
	return slices.DeleteFunc(known.Prefixed(t.Name), func(id string) bool { return !resolve.IsID(id) })
}

// Existing returns the ID of the profile that exists: that of the name or of the
// network, or else the only one that begins with the name, if there can tell. The
// errors are *PairError, *PrefixError and fault.ErrNotFound.
func (t Target) Existing(there Presence) (string, error) {
	var found []string
	for _, id := range t.IDs() {
		if there.Has(id) {
			found = append(found, id)
		}
	}
	if len(found) == 0 {
		if found = t.prefixed(there); len(found) > 1 {
			return "", &PrefixError{Prefix: t.Name, IDs: found}
		}
	}
	switch len(found) {
	case 1:
		return found[0], nil
	case 2:
		return "", &PairError{Name: found[0], ID: found[1]}
	}
	return "", t.NotFound()
}

// Pick returns the profile that is meant. The errors are those of Existing, and
// fault.ErrMalformed.
func (t Target) Pick(there Profiles) (*profile.Profile, error) {
	id, err := t.Existing(there)
	if err != nil {
		return nil, err
	}
	return there.Profile(id)
}

// PickOf is Pick for an edit.
func (t Target) PickOf(snap *store.Snapshot) (*profile.Profile, error) { return t.Pick(snap) }

// PreferName is Pick for a command that only shows: of a pair it returns the profile
// of the name itself, and the pair to warn of.
func (t Target) PreferName(there Profiles) (p *profile.Profile, pair *PairError, err error) {
	p, err = t.Pick(there)
	if errors.As(err, &pair) {
		p, err = there.Profile(t.Name)
	}
	return p, pair, err
}

// NotFound returns fault.ErrNotFound, with what was looked for and what to do next.
func (t Target) NotFound() error {
	name := printable.Text(t.Name)
	text := "Profile " + name + " not found."
	switch {
	case t.Network != nil:
		if t.Network.Profile != "" {
			return &fault.Error{Kind: fault.ErrNotFound, Text: text + fmt.Sprintf(" Docker network %s is attached to profile %s, which is not here;"+
				" \"calicoctl profile add %s\" makes it, if ETCD_ENDPOINTS names the right etcd",
				printable.Text(t.Network.Name), printable.Text(t.Network.Profile), name)}
		}
		text += fmt.Sprintf(" Docker network %s (%s) has no profile here, neither under its ID nor under its name;"+
			" \"calicoctl profile add %s\" makes one, if ETCD_ENDPOINTS names the right etcd",
			printable.Text(t.Network.Name), t.Network.ID, name)
	case t.literal:
		text += fmt.Sprintf(" Is ETCD_ENDPOINTS right? With --literal, %s is not looked for among Docker networks."+
			" \"calicoctl profile show\" lists all profiles; \"calicoctl profile add --literal %s\" makes one", name, name)
	default:
		text += fmt.Sprintf(" Is ETCD_ENDPOINTS right, and is this the host that has the Docker network?"+
			" \"calicoctl profile show\" lists all profiles; \"calicoctl profile add %s\" makes one", name)
	}
	return &fault.Error{Kind: fault.ErrNotFound, Text: text}
}
