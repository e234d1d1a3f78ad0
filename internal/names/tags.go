package names

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/calicoctl/calicoctl/internal/printable"
	"github.com/calicoctl/calicoctl/pkg/profile"
	"github.com/calicoctl/calicoctl/pkg/rules"
	"github.com/calicoctl/calicoctl/pkg/store"
)

// Tags are the tags that a command was given, in rules or by themselves. The name of
// a Docker network whose profile is named by its ID means the ID, and any other tag
// means itself.
type Tags struct {
	directory Directory
	targets   map[string]Target
	strict    bool // see Check
	planned   IDs
	carried   IDs // tags that some profile is known to carry
}

// Tags looks up tags. With strict, Check rejects those that cannot match anything.
// The error is a *resolve.AmbiguousError.
func (d Directory) Tags(tags []string, strict bool) (*Tags, error) {
	t := &Tags{targets: map[string]Target{}, strict: strict, directory: d, carried: IDs{}}
	for _, tag := range tags {
		target, err := d.Target(tag)
		if err != nil {
			return nil, err
		}
		t.targets[tag] = target
	}
	return t, nil
}

// OfRules returns the tags in rules.
func OfRules(list []rules.Rule) []string {
	var tags []string
	for _, r := range list {
		tags = append(tags, r.Tags()...)
	}
	return tags
}

// Mean sets what a tag means.
func (t *Tags) Mean(tag string, target Target) { t.targets[tag] = target }

// Plan takes profiles to exist, and tags to be carried: the command creates them.
func (t *Tags) Plan(profiles, carried IDs) { t.planned, t.carried = profiles, carried }

// Query adds to what an edit reads the profiles whose existence decides what the
// tags mean, and those that only tell whether a tag is known at all.
func (t *Tags) Query(q store.Query) store.Query {
	for _, target := range t.targets {
		switch {
		case target.Network != nil:
			q.Presence = append(q.Presence, target.AllIDs()...)
		case t.strict && t.directory.Networks != nil: // else Check does not ask, and the etcd user may not be allowed to
			q.Unguarded = append(q.Unguarded, target.Name)
		}
	}
	for _, ids := range []*[]string{&q.Presence, &q.Unguarded} {
		slices.Sort(*ids)
		*ids = slices.Compact(*ids)
	}
	return q
}

// Resolve returns a tag as it is stored. The error is a *TagError.
func (t *Tags) Resolve(there Presence, tag string) (string, error) {
	id, err := t.targets[tag].Existing(Either(there, t.planned))
	var pair *PairError
	switch {
	case errors.As(err, &pair):
		return "", &TagError{text: fmt.Sprintf("tag %s: %v", printable.Text(tag), pair)}
	case err != nil: // no profile at all: the tag itself
		return t.targets[tag].Name, nil
	}
	return id, nil
}

// ResolveAll is Resolve for a list of tags.
func (t *Tags) ResolveAll(there Presence, tags []string) ([]string, error) {
	out := make([]string, len(tags))
	for i, tag := range tags {
		var err error
		if out[i], err = t.Resolve(there, tag); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// ResolveRules returns rules with their tags as they are stored. The error is a
// *TagError.
func (t *Tags) ResolveRules(there Presence, list []rules.Rule) ([]rules.Rule, error) {
	var failed error
	out := make([]rules.Rule, len(list))
	for i, r := range list {
		out[i] = r.MapTags(func(tag string) string {
			id, err := t.Resolve(there, tag)
			if err != nil {
				failed = err
			}
			return id
		})
	}
	return out, failed
}

// Check rejects tags that cannot match anything in rules that a profile did not have
// before, if the profile is named by a network's ID. typed and resolved are the same
// rules. The errors are *TagError and *UncarriedError, which Update can settle.
func (t *Tags) Check(there Presence, before *profile.Profile, typed, resolved []rules.Rule) error {
	if !t.strict || t.directory.Networks == nil || !t.directory.isNetworkID(before.ID) {
		return nil
	}
	old := map[string]bool{}
	for _, s := range slices.Concat(before.Inbound, before.Outbound) {
		old[rules.Key(s.Rule)], old[rules.Format(s.Rule)] = true, true
	}
	uncarried := &UncarriedError{}
	for i, r := range typed {
		if old[rules.Key(resolved[i])] || old[rules.Format(resolved[i])] { // also if it is stored in another form
			continue
		}
		for _, tag := range r.Tags() {
			if err := t.check(Either(there, t.planned), tag, uncarried); err != nil {
				return err
			}
		}
	}
	if len(uncarried.Tags) > 0 {
		return uncarried
	}
	return nil
}

func (t *Tags) check(there Presence, tag string, uncarried *UncarriedError) error {
	target := t.targets[tag]
	name := ""
	if target.Network != nil {
		name = printable.Text(target.Network.Name)
	}
	switch {
	case there.Has(target.NewID()), there.Has(target.Name):
	case target.Network != nil && there.Has(target.Network.Name):
		return &TagError{text: fmt.Sprintf("the profile of network %s is called %s and not by the network's ID; write tag %s", name, name, name)}
	case target.Network != nil:
		return &TagError{text: fmt.Sprintf("network %s has no profile; run calicoctl profile add %s", name, name)}
	case !t.carried[target.Name] && !slices.Contains(uncarried.Tags, target.Name):
		uncarried.Tags = append(uncarried.Tags, target.Name)
	}
	return nil
}

// A TagError says that a tag is ambiguous, or cannot match anything.
type TagError struct{ text string }

func (e *TagError) Error() string { return e.text }

// An UncarriedError says that tags are neither networks nor profiles; some profile
// may carry them all the same.
type UncarriedError struct{ Tags []string }

func (e *UncarriedError) Error() string {
	return fmt.Sprintf("Docker network %s does not exist; create it first, or add --literal to use the tag as written",
		printable.Text(e.Tags[0]))
}

// Update carries out an edit. It searches all profiles for one that carries a tag
// only before it rejects the tag.
func (t *Tags) Update(ctx context.Context, s *store.Store, e store.Edit) (store.Result, error) {
	snap, err := s.Read(ctx, e.Query)
	if err != nil {
		return store.Result{}, err
	}
	for {
		result, err := s.Update(ctx, snap, e)
		var uncarried *UncarriedError
		if !errors.As(err, &uncarried) {
			return result, err
		}
		missing, serr := t.search(ctx, s.List, uncarried.Tags)
		if serr != nil {
			return result, serr
		}
		if len(missing) > 0 {
			return result, &UncarriedError{Tags: missing}
		}
	}
}

// errAllSeen ends a search early.
var errAllSeen = errors.New("all seen")

// search looks through all profiles for tags, until it has seen each, and returns
// those that no profile carries. list is Store.List.
func (t *Tags) search(ctx context.Context, list func(context.Context, func(string, *profile.Profile, error) error) error,
	tags []string,
) (missing []string, err error) {
	missing = slices.Clone(tags)
	err = list(ctx, func(_ string, p *profile.Profile, _ error) error {
		if p == nil || p.Layout != profile.V3 {
			return nil
		}
		for _, tag := range p.Tags() {
			t.carried[tag] = true
		}
		missing = slices.DeleteFunc(missing, t.carried.Has)
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
