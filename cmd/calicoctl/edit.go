package main

import (
	"context"
	"errors"

	"github.com/calicoctl/calicoctl/internal/names"
	"github.com/calicoctl/calicoctl/pkg/profile"
	"github.com/calicoctl/calicoctl/pkg/rules"
	"github.com/calicoctl/calicoctl/pkg/store"
)

// editOptions say how an edit treats the words of its rules, and other writers.
type editOptions struct {
	strict bool // refuse tags that cannot match anything
	once   bool // a lost race is a conflict

	// check, if not nil, may end the edit when it sees what the profile has become.
	check func(*store.Snapshot, *profile.Profile) error
}

// edit carries out a change for which a rule that was said in words is needed
// with the tags to store. The change may run several times.
func (e *ruleEdit) edit(ctx context.Context, rule rules.Rule, strict bool,
	change func(*profile.Profile, rules.Rule) error,
) (store.Result, error) {
	return e.editRules(ctx, []rules.Rule{rule}, editOptions{strict: strict}, func(p *profile.Profile, r []rules.Rule) error {
		return change(p, r[0])
	})
}

// editRules is edit for any number of rules.
func (e *ruleEdit) editRules(ctx context.Context, list []rules.Rule, options editOptions,
	change func(*profile.Profile, []rules.Rule) error,
) (result store.Result, err error) {
	err = e.app.inSession(ctx, func(ctx context.Context, s *session) error {
		result, err = e.editIn(ctx, s, list, options, change)
		if err == nil {
			return e.dry.look(ctx, s, e.app.profile, result)
		}
		return s.names.InError(ctx, s.store, err, nil)
	})
	return result, err
}

// editIn carries the edit out; errors quote rules as they are stored.
func (e *ruleEdit) editIn(ctx context.Context, s *session, list []rules.Rule, options editOptions,
	change func(*profile.Profile, []rules.Rule) error,
) (store.Result, error) {
	t, tags, err := s.lookUp(e.app.profile, list, options.strict)
	if err != nil {
		return store.Result{}, err
	}
	var seen *profile.Profile
	result, err := s.updateTags(ctx, e.app.profile, tags, store.Edit{
		Query:      tags.Query(store.Query{Profiles: t.IDs(), Prefixes: t.Prefixes(), Lock: true, V1: true}),
		Pick:       t.PickOf,
		IfRevision: e.ifRevision,
		Force:      e.force,
		Once:       options.once,
		DryRun:     e.dry.only,
		Change: func(snap *store.Snapshot, p *profile.Profile) error {
			seen = p
			resolved, err := tags.ResolveRules(snap, list)
			if err != nil {
				return err
			}
			before := p.Clone()
			if err := change(p, resolved); err != nil {
				return err
			}
			if options.check != nil {
				if err := options.check(snap, p); err != nil {
					return err
				}
			}
			return tags.Check(snap, before, list, resolved)
		},
	})
	if result.Profile == nil {
		result.Profile = seen // as it is, for a change that was none
	}
	if seen != nil && (err == nil || isNoChange(err)) {
		e.app.warnTrouble(seen)
	}
	return result, err
}

// lookUp finds out what the name of a profile and the tags of rules may mean.
func (s *session) lookUp(profile string, list []rules.Rule, strict bool) (names.Target, *names.Tags, error) {
	words := []string{profile}
	for _, r := range list {
		words = append(words, r.Tags()...)
	}
	if err := s.names.Need(words...); err != nil {
		return names.Target{}, nil, err
	}
	t, err := s.names.Target(profile)
	if err != nil {
		return names.Target{}, nil, err
	}
	tags, err := s.names.Tags(words[1:], strict)
	return t, tags, err
}

func isNoChange(err error) bool {
	var present *profile.PresentError
	return errors.As(err, &present)
}
