package main

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/calicoctl/calicoctl/pkg/resolve"
	"github.com/calicoctl/calicoctl/pkg/rules"
	"github.com/calicoctl/calicoctl/pkg/store"
)

// tagNames looks up the tags of a rule that is said in words: the name of a
// Docker network whose profile is named by its ID means the ID, and any other
// word means itself.
type tagNames struct {
	session *session
	tags    map[string]target

	// strict refuses tags that cannot match anything on a profile that is
	// named by a network's ID; carried are those that some profile carries.
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

// presence returns the profiles whose existence decides what the tags mean.
func (n *tagNames) presence() []string {
	var ids []string
	for _, t := range n.tags {
		ids = append(ids, t.ids()...)
	}
	slices.Sort(ids)
	return slices.Compact(ids)
}

// resolveAll returns the rules with the tags to store on a profile; see resolve.
func (n *tagNames) resolveAll(snap *store.Snapshot, list []rules.Rule, profile string) ([]rules.Rule, error) {
	out := make([]rules.Rule, len(list))
	for i, r := range list {
		var err error
		if out[i], err = n.resolve(snap, r, profile); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// resolve returns the rule with the tags to store on a profile. The errors are
// *pairError, *tagError, and *uncarriedError, which the caller can settle.
func (n *tagNames) resolve(snap *store.Snapshot, r rules.Rule, profile string) (rules.Rule, error) {
	var failed error
	resolved := r.MapTags(func(tag string) string {
		id, err := n.resolveOne(snap, n.tags[tag], profile)
		if err != nil && failed == nil {
			failed = err
		}
		return id
	})
	return resolved, failed
}

func (n *tagNames) resolveOne(snap *store.Snapshot, t target, profile string) (string, error) {
	strict := n.strict && isNetworkID(profile) && n.session.networks != nil
	id, err := t.existing(snap)
	var pair *pairError
	switch {
	case errors.As(err, &pair):
		return "", &tagError{fmt.Sprintf("tag %s: %v", rules.Printable(t.word), pair)}
	case err == nil:
		return id, nil // a profile carries the tag of its own name
	case t.network != nil && strict:
		name := rules.Printable(t.network.Name)
		return "", &tagError{fmt.Sprintf("network %s has no profile; run calicoctl profile add %s", name, name)}
	case strict && t.network == nil && !n.carried[t.word]:
		return "", &uncarriedError{tag: t.word}
	}
	return t.word, nil
}

// A tagError says that a tag cannot match anything.
type tagError struct{ text string }

func (e *tagError) Error() string { return e.text }

// An uncarriedError says that a tag is neither a network nor a profile; some
// profile may carry it all the same.
type uncarriedError struct{ tag string }

func (e *uncarriedError) Error() string {
	return fmt.Sprintf("Docker network %s does not exist; create it first, or add --literal to use the tag as written",
		rules.Printable(e.tag))
}

// update carries out an edit. Only when a tag is about to be refused are all
// profiles searched for it.
func (n *tagNames) update(ctx context.Context, e store.Edit) (store.Result, error) {
	snap, err := n.session.store.Read(ctx, e.Query)
	if err != nil {
		return store.Result{}, err
	}
	for {
		result, err := n.session.store.Update(ctx, snap, e)
		var uncarried *uncarriedError
		if !errors.As(err, &uncarried) {
			return result, err
		}
		found, serr := n.session.carried(ctx, uncarried.tag)
		if serr != nil {
			return result, serr
		}
		if !found {
			return result, err
		}
		n.carried[uncarried.tag] = true
	}
}

var errFound = errors.New("found")

// carried reports whether some profile carries a tag.
func (s *session) carried(ctx context.Context, tag string) (bool, error) {
	err := s.store.List(ctx, func(_ string, p *store.Profile, _ error) error {
		if p != nil && p.Layout == store.V3 && slices.Contains(p.Tags(), tag) {
			return errFound
		}
		return nil
	})
	if errors.Is(err, errFound) {
		return true, nil
	}
	return false, err
}

// shownNames says how a stored ID is shown: by a network's name only if that
// name, given to a command now, leads back to the same ID.
type shownNames struct {
	networks *resolve.Networks
	snap     *store.Snapshot
}

// name returns what is shown for the ID of a network, or any other word as it
// is.
func (n shownNames) name(id string) string {
	name, ok := n.networks.Name(id)
	if ok && n.snap.Has(id) && !n.snap.Has(name) && rules.IsName(name) {
		return name
	}
	return id
}

// misleads reports whether a tag is shown by a word that, given to a command
// now, would mean a Docker network's tag instead.
func (n shownNames) misleads(tag string) bool {
	network, found, err := n.networks.Find(tag)
	return err == nil && found && network.ID != tag && n.snap.Has(network.ID)
}
