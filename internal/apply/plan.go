// Package apply makes profiles what listings say. What a listing means is found out
// once, as a Plan; a plan is checked and written as one edit of its profile.
package apply

import (
	"context"
	"maps"
	"slices"

	"github.com/calicoctl/calicoctl/internal/names"
	"github.com/calicoctl/calicoctl/internal/printable"
	"github.com/calicoctl/calicoctl/pkg/fault"
	"github.com/calicoctl/calicoctl/pkg/profile"
	"github.com/calicoctl/calicoctl/pkg/rules"
	"github.com/calicoctl/calicoctl/pkg/store"
)

// Options say how much an edit may change.
type Options struct {
	Create     bool   // the profile, if it does not exist
	Force      bool   // also what has changed since the listing's revision
	Reversible bool   // refuse an edit that could not be rolled back
	Maintained bool   // also profiles that Kubernetes' controllers maintain
	IfRevision int64  // only at this revision; 0 is any
	Compare    bool   // a check also compares with what may not be edited
	Hint       string // added to the error that the profile has changed since
}

// A Plan is a listing, and what its names mean.
type Plan struct {
	Listing rules.ProfileListing

	options Options
	names   names.Directory
	target  names.Target
	tags    *names.Tags
	created names.IDs // profiles that the same command creates
}

// New finds out what the name of the profile and the tags of a listing mean. A name
// with a line "# network NAME is ID" means that ID, with Docker and without. The
// errors are *names.DockerError, *resolve.AmbiguousError and fault.ErrRefused.
func New(d names.Directory, l rules.ProfileListing, o Options) (*Plan, error) {
	p := &Plan{Listing: l, options: o, names: d}
	tags := slices.Concat(names.OfRules(l.Inbound), names.OfRules(l.Outbound), l.Tags)
	if err := p.checkNetworks(append([]string{l.Name}, tags...)); err != nil {
		return nil, err
	}
	var err error
	if p.target, p.tags, err = d.LookUp(l.Name, p.typed(), l.Tags, true); err != nil {
		return nil, err
	}
	if id, known := l.Networks[l.Name]; known {
		p.target = d.ByID(id)
	}
	for _, tag := range tags {
		if id, known := l.Networks[tag]; known {
			p.tags.Mean(tag, d.ByID(id))
		}
	}
	return p, nil
}

// checkNetworks rejects a name that means another network than when the listing was
// written: a line that was written later may mean that one.
func (p *Plan) checkNetworks(list []string) error {
	for _, name := range list {
		id, known := p.Listing.Networks[name]
		if !known {
			continue
		}
		network, found, err := p.names.Networks.Find(name)
		switch {
		case err != nil:
			return fault.Refusedf("%v, or --literal for that of the text, %s", err, id)
		case found && network.ProfileID() != id:
			return fault.Refusedf("network %s is %s in the text, and Docker has another one of that name now, %s; "+
				"export again, or give --literal to mean that of the text", printable.Text(name), id, printable.Text(network.ID))
		}
	}
	return nil
}

// A Checked is what a check has found.
type Checked struct {
	Result store.Result // of the dry run

	rules []rules.Rule // with the tags to store
	tags  []string
}

// Check carries out all of the edit but the write. Of a profile that must not be
// edited, it is refused only if there is something to change.
func (p *Plan) Check(ctx context.Context, s *store.Store) (Checked, error) {
	var checked Checked
	result, err := p.edit(ctx, s, true, func(now Checked, _ *profile.Profile) error {
		checked = now
		return nil
	})
	checked.Result = result
	return checked, err
}

// Write carries out the edit if what is written is what was checked.
func (p *Plan) Write(ctx context.Context, s *store.Store, checked Checked) (store.Result, error) {
	return p.edit(ctx, s, false, func(now Checked, current *profile.Profile) error {
		return p.same(checked, now, current)
	})
}

// Apply carries out the edit without a check before it.
func (p *Plan) Apply(ctx context.Context, s *store.Store) (store.Result, error) {
	return p.edit(ctx, s, false, func(Checked, *profile.Profile) error { return nil })
}

func (p *Plan) edit(ctx context.Context, s *store.Store, dry bool, accept func(Checked, *profile.Profile) error) (store.Result, error) {
	ids := p.target.IDs()
	if p.options.Create {
		ids = p.target.AllIDs()
	}
	result, err := p.tags.Update(ctx, s, store.Edit{
		Query:      p.tags.Query(store.Query{Profiles: ids, Lock: true, V1: true}),
		Pick:       func(snap *store.Snapshot) (*profile.Profile, error) { return p.Pick(snap) },
		Change:     func(snap *store.Snapshot, current *profile.Profile) error { return p.Change(snap, current, accept) },
		IfRevision: p.options.IfRevision,
		IfNeeded:   true,
		Force:      p.options.Maintained,
		Reversible: p.options.Reversible,
		Once:       true,
		DryRun:     dry,
		Compare:    p.options.Compare,
	})
	if err != nil {
		return result, p.names.InError(ctx, s, err, p.created)
	}
	return result, nil
}

// same makes sure that what is written is what was checked. Meanwhile another client
// may have changed the profile, or created or removed another one, which gives a
// name another meaning.
func (p *Plan) same(was, now Checked, current *profile.Profile) error {
	checked := was.Result.Profile
	equal := func(x, y rules.Rule) bool { return rules.Key(x) == rules.Key(y) }
	switch {
	case current.ID != checked.ID, current.Revision != checked.Revision:
		return fault.Conflictf("profile %s was changed by another client at the same moment; look at it again", printable.Text(p.Listing.Name))
	case !slices.EqualFunc(now.rules, was.rules, equal), !slices.Equal(now.tags, was.tags):
		return fault.Conflictf("another client made or removed a profile at the same moment, which changes what a tag means; look at it again")
	}
	return nil
}

// A Set is a file of listings that is applied as a whole.
type Set struct {
	Plans   []*Plan
	Created names.IDs // the profiles that do not exist yet
}

// NewSet finds out which profiles are meant, and which of them will be created. An
// error about one listing is a *ListingError; two of one profile are a *TwiceError.
func NewSet(ctx context.Context, d names.Directory, r names.Reader, list []rules.ProfileListing, o Options) (Set, error) {
	set := Set{Created: names.IDs{}}
	carried, query := names.IDs{}, store.Query{V1: true}
	for _, l := range list {
		p, err := New(d, l, o)
		if err != nil {
			return set, &ListingError{Listing: l, Err: err}
		}
		for _, tag := range l.Tags {
			if id, known := l.Networks[tag]; known {
				tag = id
			}
			carried[tag] = true
		}
		query.Profiles = append(query.Profiles, p.target.AllIDs()...)
		set.Plans = append(set.Plans, p)
	}
	snap, err := r.Read(ctx, query)
	if err != nil {
		return set, err
	}
	if set.Created, err = missing(set.Plans, snap); err != nil {
		return set, err
	}
	for _, p := range set.Plans {
		p.created = set.Created
		p.tags.Plan(maps.Clone(set.Created), carried)
	}
	return set, nil
}
