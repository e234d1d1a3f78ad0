package main

import (
	"context"
	"errors"

	"github.com/calicoctl/calicoctl/pkg/profile"
	"github.com/calicoctl/calicoctl/pkg/rules"
	"github.com/calicoctl/calicoctl/pkg/store"
)

// A profileEdit is an edit of the profile that is named before the command.
type profileEdit struct {
	rules  []rules.Rule // with their tags as they were typed
	tags   []string     // that were typed by themselves
	strict bool         // reject tags in new rules that cannot match anything
	once   bool         // a lost race is a conflict

	// change changes the profile. It may run several times.
	change func(*profile.Profile, resolved) error
	// check, if not nil, may end the edit when it sees the changed profile.
	check func(*store.Snapshot, *profile.Profile) error
}

// resolved are the rules and tags of an edit as they are stored.
type resolved struct {
	rules []rules.Rule
	tags  []string
}

// editProfile carries out an edit. The result has the profile also when the error is
// a *profile.PresentError, with which nothing was to be changed.
func editProfile(ctx context.Context, s *session, f editFlags, e profileEdit) (store.Result, error) {
	target, tags, err := s.names.LookUp(s.app.flags.profile, e.rules, e.tags, e.strict)
	if err != nil {
		return store.Result{}, err
	}
	var seen *profile.Profile
	result, err := tags.Update(ctx, s.store, store.Edit{
		Query:      tags.Query(store.Query{Profiles: target.IDs(), Prefixes: target.Prefixes(), Lock: true, V1: true}),
		Pick:       target.PickOf,
		IfRevision: f.ifRevision,
		Force:      f.force,
		Once:       e.once,
		DryRun:     f.dryRun,
		Reversible: s.app.confirmation.within > 0,
		Change: func(snap *store.Snapshot, p *profile.Profile) (err error) {
			seen = p
			var now resolved
			if now.rules, err = tags.ResolveRules(snap, e.rules); err != nil {
				return err
			}
			if now.tags, err = tags.ResolveAll(snap, e.tags); err != nil {
				return err
			}
			before := p.Clone()
			if err := e.change(p, now); err != nil {
				return err
			}
			if e.check != nil {
				if err := e.check(snap, p); err != nil {
					return err
				}
			}
			return tags.Check(snap, before, e.rules, now.rules)
		},
	})
	s.note(s.app.flags.profile, f, result, err)
	if result.Profile == nil {
		result.Profile = seen
	}
	var present *profile.PresentError
	if seen != nil && (err == nil || errors.As(err, &present)) {
		s.app.msg.Invalid(seen)
	}
	if err != nil {
		return result, s.names.InError(ctx, s.store, err, nil)
	}
	return result, nil
}

// update carries out an edit that needs no tags.
func update(ctx context.Context, s *session, name string, snap *store.Snapshot, e store.Edit) (store.Result, error) {
	e.Reversible = s.app.confirmation.within > 0
	result, err := s.store.Update(ctx, snap, e)
	s.note(name, editFlags{dryRun: e.DryRun}, result, err)
	return result, err
}

// note takes note of what became of an edit, which may have to be confirmed.
func (s *session) note(name string, f editFlags, r store.Result, err error) {
	if !f.dryRun {
		s.app.confirmation.note(name, r, err)
	}
}
