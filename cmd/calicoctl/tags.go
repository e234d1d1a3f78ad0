package main

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/calicoctl/calicoctl/internal/printable"
	"github.com/calicoctl/calicoctl/pkg/resolve"
	"github.com/calicoctl/calicoctl/pkg/rules"
	"github.com/calicoctl/calicoctl/pkg/store"
)

// tagNames looks up the tags of rules that are said in words: the name of a
// Docker network whose profile is named by its ID means the ID, and any other
// word means itself.
type tagNames struct {
	session *session
	tags    map[string]target

	// strict refuses tags that cannot match anything in new rules of a profile
	// that is named by a network's ID; carried are those that were searched for
	// and found on some profile.
	strict  bool
	carried map[string]bool
}

// tagNames looks tags up among Docker's networks. The error is a
// *resolve.AmbiguousError.
func (s *session) tagNames(tags []string, strict bool) (*tagNames, error) {
	n := &tagNames{session: s, tags: map[string]target{}, strict: strict, carried: map[string]bool{}}
	for _, tag := range tags {
		t, err := s.target(tag)
		if err != nil {
			return nil, err
		}
		n.tags[tag] = t
	}
	return n, nil
}

// query adds to what an edit reads the profiles whose existence decides what
// the tags mean, and those that only tell whether a tag is known at all.
func (n *tagNames) query(q store.Query) store.Query {
	for _, t := range n.tags {
		switch {
		case t.network != nil:
			q.Presence = append(q.Presence, t.allIDs()...)
		case n.strict && n.session.networks != nil: // else nobody asks, and the user need not be allowed to
			q.Glance = append(q.Glance, t.word)
		}
	}
	for _, ids := range []*[]string{&q.Presence, &q.Glance} {
		slices.Sort(*ids)
		*ids = slices.Compact(*ids)
	}
	return q
}

// resolve returns the rules with the tags to store. The error is a *tagError.
func (n *tagNames) resolve(snap *store.Snapshot, list []rules.Rule) ([]rules.Rule, error) {
	var failed error
	out := make([]rules.Rule, len(list))
	for i, r := range list {
		out[i] = r.MapTags(func(tag string) string {
			id, err := n.tags[tag].existing(snap)
			var pair *pairError
			if errors.As(err, &pair) {
				failed = &tagError{fmt.Sprintf("tag %s: %v", printable.Text(tag), pair)}
			} else if err != nil {
				return n.tags[tag].word // no profile at all: the word itself
			}
			return id
		})
	}
	return out, failed
}

// check refuses tags that cannot match anything in rules that a profile did not
// have before. said and resolved are the same rules as they were said and as
// they are stored. The errors are *tagError, and *uncarriedError, which update
// can settle.
func (n *tagNames) check(snap *store.Snapshot, before *store.Profile, said, resolved []rules.Rule) error {
	if !n.strict || n.session.networks == nil || !resolve.IsID(before.ID) {
		return nil
	}
	old := map[string]bool{}
	for _, s := range slices.Concat(before.Inbound, before.Outbound) {
		old[rules.Key(s.Rule)], old[rules.Format(s.Rule)] = true, true
	}
	uncarried := &uncarriedError{}
	for i, r := range said {
		if old[rules.Key(resolved[i])] || old[rules.Format(resolved[i])] { // also if it is stored in another form
			continue
		}
		for _, tag := range r.Tags() {
			if err := n.checkTag(snap, tag, uncarried); err != nil {
				return err
			}
		}
	}
	if len(uncarried.tags) > 0 {
		return uncarried
	}
	return nil
}

func (n *tagNames) checkTag(snap *store.Snapshot, tag string, uncarried *uncarriedError) error {
	t := n.tags[tag]
	name := ""
	if t.network != nil {
		name = printable.Text(t.network.Name)
	}
	switch {
	case snap.Has(t.newID()), snap.Has(t.word), t.planned[t.newID()]:
	case t.network != nil && snap.Has(t.network.Name):
		return &tagError{fmt.Sprintf("the profile of network %s is called %s and not by the network's ID; write tag %s", name, name, name)}
	case t.network != nil:
		return &tagError{fmt.Sprintf("network %s has no profile; run calicoctl profile add %s", name, name)}
	case !n.carried[t.word] && !slices.Contains(uncarried.tags, t.word):
		uncarried.tags = append(uncarried.tags, t.word)
	}
	return nil
}

// A tagError says that a tag cannot match anything.
type tagError struct{ text string }

func (e *tagError) Error() string { return e.text }

// An uncarriedError says that tags are neither networks nor profiles; some
// profile may carry them all the same.
type uncarriedError struct{ tags []string }

func (e *uncarriedError) Error() string {
	return fmt.Sprintf("Docker network %s does not exist; create it first, or add --literal to use the tag as written",
		printable.Text(e.tags[0]))
}

// update carries out an edit. Only when tags are about to be refused are all
// profiles searched for them.
func (n *tagNames) update(ctx context.Context, name string, e store.Edit) (store.Result, error) {
	snap, err := n.session.store.Read(ctx, e.Query)
	if err != nil {
		return store.Result{}, err
	}
	for {
		result, err := n.session.update(ctx, name, snap, e)
		var uncarried *uncarriedError
		if !errors.As(err, &uncarried) {
			return result, err
		}
		missing, serr := n.search(ctx, uncarried.tags)
		if serr != nil {
			return result, serr
		}
		if len(missing) > 0 {
			return result, &uncarriedError{tags: missing}
		}
	}
}

// search looks through all profiles for tags, until it has seen each, and
// returns those that no profile carries.
func (n *tagNames) search(ctx context.Context, tags []string) (missing []string, err error) {
	missing = slices.Clone(tags)
	err = n.session.store.List(ctx, func(_ string, p *store.Profile, _ error) error {
		if p == nil || p.Layout != store.V3 {
			return nil
		}
		for _, tag := range p.Tags() {
			n.carried[tag] = true
		}
		missing = slices.DeleteFunc(missing, func(tag string) bool { return n.carried[tag] })
		if len(missing) == 0 {
			return errAllSeen
		}
		return nil
	})
	if errors.Is(err, errAllSeen) {
		err = nil
	}
	return missing, err
}

var errAllSeen = errors.New("all seen")

// shownNames says how a stored ID is shown: by a network's name only if that
// name, given to a command now, leads back to the same ID.
type shownNames struct {
	networks *resolve.Networks
	snap     *store.Snapshot
	made     map[string]bool // IDs of profiles that will be there when the command is done
}

func (n shownNames) has(id string) bool { return n.made[id] || n.snap.Has(id) }

// name returns what is shown for the ID of a network, or any other word as it
// is.
func (n shownNames) name(id string) string {
	name, ok := n.networks.Name(id)
	if ok && n.has(id) && !n.has(name) && rules.IsName(name) {
		return name
	}
	return id
}

// misleads reports whether a tag is shown by a word that, given to a command
// now, would mean a Docker network's tag instead.
func (n shownNames) misleads(tag string) bool {
	network, found, err := n.networks.Find(tag)
	return err == nil && found && network.ID != tag && n.has(network.ID)
}
