package main

import (
	"errors"
	"fmt"
	"slices"

	"github.com/calicoctl/calicoctl/internal/printable"
	"github.com/calicoctl/calicoctl/pkg/resolve"
	"github.com/calicoctl/calicoctl/pkg/store"
)

// A target is what the NAME of a command may mean: the profile of that name,
// and, if it is a Docker network, the profile named by the network's ID.
type target struct {
	word    string
	network *resolve.Network // nil when no Docker network is meant
	planned map[string]bool  // see session
	literal bool             // Docker was not asked
}

// target looks a NAME up among Docker's networks. The error is a
// *resolve.AmbiguousError.
func (s *session) target(word string) (target, error) {
	network, found, err := s.networks.Find(word)
	t := target{word: word, planned: s.planned, literal: s.app.literal}
	if err == nil && found {
		t.network = &network
	}
	return t, err
}

// byID returns the target of a network's ID, which means nothing else, whatever
// other networks are called.
func (s *session) byID(id string) target {
	t := target{word: id, planned: s.planned, literal: s.app.literal}
	if network, found, err := s.networks.Find(id); err == nil && found && network.ID == id {
		t.network = &network
	}
	return t
}

// ids returns the IDs of the profiles that may be meant, the first the one
// that the word itself names.
func (t target) ids() []string {
	if t.network == nil || t.network.ID == t.word {
		return []string{t.word}
	}
	return []string{t.word, t.network.ID}
}

// allIDs returns, beside ids, the name of the network: where a profile has that
// name, the network's ID must not get one, too.
func (t target) allIDs() []string {
	ids := t.ids()
	if t.network != nil && t.network.Name != "" && !slices.Contains(ids, t.network.Name) {
		ids = append(ids, t.network.Name)
	}
	return ids
}

// newID returns the ID under which a profile is created.
func (t target) newID() string {
	if t.network != nil {
		return t.network.ID
	}
	return t.word
}

// A pairError says that a name and the ID of the network of that name each
// have a profile, so that the name does not say which is meant.
type pairError struct {
	name, id string
}

func (e *pairError) Error() string {
	return fmt.Sprintf("there is a profile %s and one of the Docker network of that name, %s; "+
		"give the ID for the latter, or --literal for the former", printable.Text(e.name), e.id)
}

// pick returns the one profile that is meant. The errors are *pairError,
// store.ErrNotFound and store.ErrDamaged.
func (t target) pick(snap *store.Snapshot) (*store.Profile, error) {
	id, err := t.existing(snap)
	if err != nil {
		return nil, err
	}
	return snap.Profile(id)
}

// existing returns the ID of the profile that is there.
func (t target) existing(snap *store.Snapshot) (string, error) {
	var found []string
	for _, id := range t.ids() {
		if snap.Has(id) || t.planned[id] {
			found = append(found, id)
		}
	}
	switch len(found) {
	case 1:
		return found[0], nil
	case 2:
		return "", &pairError{name: found[0], id: found[1]}
	}
	return "", t.notFound()
}

// notFound says what was looked for and how to go on.
func (t target) notFound() error {
	name := printable.Text(t.word)
	text := "Profile " + name + " not found."
	switch {
	case t.network != nil:
		text += fmt.Sprintf(" Docker network %s (%s) has no profile here, neither under its ID nor under its name;"+
			" \"calicoctl profile add %s\" makes one, if ETCD_ENDPOINTS names the right etcd",
			printable.Text(t.network.Name), t.network.ID, name)
	case t.literal:
		text += fmt.Sprintf(" Is ETCD_ENDPOINTS right? With --literal, %s is not looked for among Docker networks."+
			" \"calicoctl profile show\" lists all profiles; \"calicoctl profile add --literal %s\" makes one", name, name)
	default:
		text += fmt.Sprintf(" Is ETCD_ENDPOINTS right, and is this the host that has the Docker network?"+
			" \"calicoctl profile show\" lists all profiles; \"calicoctl profile add %s\" makes one", name)
	}
	return &store.Error{Kind: store.ErrNotFound, Text: text}
}

// preferName resolves a pair for a command that only shows: the profile of the
// name itself is shown, and the caller warns.
func (t target) preferName(snap *store.Snapshot) (p *store.Profile, pair *pairError, err error) {
	p, err = t.pick(snap)
	if errors.As(err, &pair) {
		p, err = snap.Profile(t.word)
	}
	return p, pair, err
}
