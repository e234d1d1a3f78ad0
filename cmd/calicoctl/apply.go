package main

import (
	"context"
	"errors"
	"slices"

	"github.com/calicoctl/calicoctl/internal/printable"
	"github.com/calicoctl/calicoctl/pkg/rules"
	"github.com/calicoctl/calicoctl/pkg/store"
)

// An application is a listing that is to become what a profile says, as one
// edit.
type application struct {
	ruleEdit *ruleEdit
	listing  rules.ProfileListing
	target   target
	create   bool   // the profile, if it is not there
	force    bool   // also what has moved on since the listing's revision
	orForce  string // what is said of that

	carried map[string]bool // tags that profiles are known to carry, or will
	checked *meaning        // when the whole file was checked; nil before
}

// A meaning is what an application has to do with.
type meaning struct {
	profile  string // its ID
	revision int64
	rules    []rules.Rule // with the tags to store
}

// said returns the rules of the listing, the inbound ones first, and behind them
// its tags.
func (a *application) said() []rules.Rule {
	said := slices.Concat(a.listing.Inbound, a.listing.Outbound)
	for _, tag := range a.listing.Tags {
		said = append(said, ruleOf(tag))
	}
	return said
}

// run carries the edit out or, if dry, everything of it but the write.
func (a *application) run(ctx context.Context, s *session, dry bool) (store.Result, error) {
	said := a.said()
	target, tags, err := a.lookUp(s, said)
	if err != nil {
		return store.Result{}, err
	}
	a.target, a.target.planned = target, nil // what is planned is not there to be changed
	if a.carried != nil {
		tags.carried = a.carried
	}
	result, err := tags.update(ctx, a.listing.Name, store.Edit{
		Query:      tags.query(store.Query{Profiles: a.ids(), Lock: true, V1: true}),
		Pick:       a.pick,
		IfRevision: a.ruleEdit.ifRevision,
		IfNeeded:   true,
		Force:      a.ruleEdit.force,
		Once:       true,
		DryRun:     dry,
		Compare:    a.ruleEdit.dry.compare,
		Change: func(snap *store.Snapshot, p *store.Profile) error {
			return a.attempt(tags, said, snap, p, dry)
		},
	})
	if err != nil {
		return store.Result{}, s.withNames(ctx, err)
	}
	return result, nil
}

// attempt changes a profile as it was read.
func (a *application) attempt(tags *tagNames, said []rules.Rule, snap *store.Snapshot, p *store.Profile, dry bool) error {
	resolved, err := tags.resolve(snap, said)
	if err == nil {
		err = a.asStored(p, said, resolved)
	}
	if err == nil {
		err = a.sameAsChecked(meaning{p.ID, p.Revision, resolved}, dry)
	}
	if err != nil {
		return err
	}
	before := p.Clone()
	if err := a.change(p, said, resolved); err != nil || !p.Changed() {
		return err
	}
	if err := a.allowed(before, p); err != nil {
		return err
	}
	rulesAlone := len(a.listing.Inbound) + len(a.listing.Outbound)
	return tags.check(snap, before, said[:rulesAlone], resolved[:rulesAlone])
}

// sameAsChecked makes sure that what is written is what was checked. Meanwhile
// somebody may have changed the profile, or made or removed another one, which
// gives a name another meaning.
func (a *application) sameAsChecked(now meaning, dry bool) error {
	if dry {
		a.checked = &now
	}
	was := a.checked
	same := func(x, y rules.Rule) bool { return rules.Key(x) == rules.Key(y) }
	switch {
	case was == nil:
	case now.profile != was.profile, now.revision != was.revision:
		return store.Conflictf("profile %s was changed by somebody else at the same moment; look at it again", printable.Text(a.listing.Name))
	case !slices.EqualFunc(now.rules, was.rules, same):
		return store.Conflictf("somebody else made or removed a profile at the same moment, which changes what a tag means; look at it again")
	}
	return nil
}

func (a *application) ids() []string {
	if a.create {
		return a.target.allIDs()
	}
	return a.target.ids()
}

// pick returns the profile that is there or, if it may be created, a new one
// that says nothing.
func (a *application) pick(snap *store.Snapshot) (*store.Profile, error) {
	there := slices.ContainsFunc(a.target.ids(), snap.Has)
	switch {
	case there || !a.create:
		return a.target.pick(snap)
	case a.listing.Revision != 0 && !a.force:
		return nil, store.Conflictf("profile %s has been removed since revision %d; --force makes it again",
			printable.Text(a.listing.Name), a.listing.Revision)
	}
	p, err := a.target.create(snap)
	if err == nil {
		p.Inbound, p.Outbound = nil, nil
		if a.listing.HasTags {
			p.Labels = nil
		}
	}
	return p, err
}

// change makes the profile say what the listing does.
func (a *application) change(p *store.Profile, said, resolved []rules.Rule) error {
	for _, part := range []struct {
		direction rules.Direction
		count     int
	}{{rules.Inbound, len(a.listing.Inbound)}, {rules.Outbound, len(a.listing.Outbound)}} {
		err := store.SetRules(p, part.direction, resolved[:part.count])
		var beyond *rules.BeyondError
		if errors.As(err, &beyond) {
			unknown := slices.IndexFunc(resolved, func(r rules.Rule) bool { return rules.Equal(r, beyond.Rule) })
			return store.Refusedf("%s has criteria in brackets, which can be kept as they are stored and not be written anew; "+
				"there is no such %s rule", rules.Format(said[unknown]), part.direction)
		}
		if err != nil {
			return err
		}
		said, resolved = said[part.count:], resolved[part.count:]
	}
	if !a.listing.HasTags {
		return nil
	}
	tags := make([]string, len(resolved))
	for i, wrapped := range resolved {
		tags[i] = wrapped.From.Tag.Name
	}
	return store.SetTags(p, tags)
}

// allowed refuses a change of a profile that has moved on since it was exported,
// and one that takes something out without saying of which revision it knows.
func (a *application) allowed(before, after *store.Profile) error {
	known, word := a.listing.Revision, printable.Text(a.listing.Name)
	switch {
	case a.force || a.ruleEdit.ifRevision != 0 || before.Revision == 0:
	case known != 0 && known != before.Revision:
		return store.Conflictf("profile %s is at revision %d, and the text knows revision %d; look at it again%s",
			word, before.Revision, known, a.orForce)
	case known == 0 && takesOut(before, after) && a.create:
		return store.Refusedf("profile %s would lose rules or tags that the file may not know of; "+
			"if it does, write \"# revision %d\" below its name, or give --force", word, before.Revision)
	case known == 0 && takesOut(before, after):
		return store.Refusedf("profile %s would lose rules that the file may not know of; "+
			"if it does, say --if-revision=%d, or --force", word, before.Revision)
	}
	return nil
}

// takesOut reports whether a profile loses a rule or a tag.
func takesOut(before, after *store.Profile) bool {
	for _, d := range []rules.Direction{rules.Inbound, rules.Outbound} {
		count := map[string]int{}
		for _, r := range *after.Rules(d) {
			count[string(r.JSON)]++
		}
		for _, r := range *before.Rules(d) {
			if count[string(r.JSON)]--; count[string(r.JSON)] < 0 {
				return true
			}
		}
	}
	kept := map[string]bool{}
	for _, tag := range after.Tags() {
		kept[tag] = true
	}
	return slices.ContainsFunc(before.Tags(), func(tag string) bool { return !kept[tag] })
}
