package main

import (
	"context"
	"errors"

	"github.com/calicoctl/calicoctl/pkg/rules"
	"github.com/calicoctl/calicoctl/pkg/store"
)

// editOptions say how an edit treats the words of its rules, and other writers.
type editOptions struct {
	strict bool // refuse tags that cannot match anything
	once   bool // a lost race is a conflict
}

// edit carries out a change for which a rule that was said in words is needed
// with the tags to store. The change may run several times.
func (e *ruleEdit) edit(ctx context.Context, rule rules.Rule, strict bool,
	change func(*store.Profile, rules.Rule) error,
) (store.Result, error) {
	return e.editRules(ctx, []rules.Rule{rule}, editOptions{strict: strict}, func(p *store.Profile, r []rules.Rule) error {
		return change(p, r[0])
	})
}

// editRules is edit for any number of rules.
func (e *ruleEdit) editRules(ctx context.Context, list []rules.Rule, options editOptions,
	change func(*store.Profile, []rules.Rule) error,
) (result store.Result, err error) {
	err = e.app.inSession(ctx, func(ctx context.Context, s *session) error {
		result, err = e.editIn(ctx, s, list, options, change)
		if err == nil {
			return e.dry.look(ctx, s, e.app.profile, result)
		}
		return s.withNames(ctx, err)
	})
	return result, err
}

// editIn carries the edit out; errors quote rules as they are stored.
func (e *ruleEdit) editIn(ctx context.Context, s *session, list []rules.Rule, options editOptions,
	change func(*store.Profile, []rules.Rule) error,
) (store.Result, error) {
	t, tags, err := s.lookUp(e.app.profile, list, options.strict)
	if err != nil {
		return store.Result{}, err
	}
	var seen *store.Profile
	result, err := tags.update(ctx, e.app.profile, store.Edit{
		Query:      tags.query(store.Query{Profiles: t.ids(), Lock: true, V1: true}),
		Pick:       t.pick,
		IfRevision: e.ifRevision,
		Force:      e.force,
		Once:       options.once,
		DryRun:     e.dry.only,
		Change: func(snap *store.Snapshot, p *store.Profile) error {
			seen = p
			resolved, err := tags.resolve(snap, list)
			if err != nil {
				return err
			}
			before := p.Clone()
			if err := change(p, resolved); err != nil {
				return err
			}
			return tags.check(snap, before, list, resolved)
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
func (s *session) lookUp(profile string, list []rules.Rule, strict bool) (target, *tagNames, error) {
	words := []string{profile}
	for _, r := range list {
		words = append(words, r.Tags()...)
	}
	if err := s.needDocker(words...); err != nil {
		return target{}, nil, err
	}
	t, err := s.target(profile)
	if err != nil {
		return target{}, nil, err
	}
	tags, err := s.tagNames(words[1:], strict)
	return t, tags, err
}

func isNoChange(err error) bool {
	var present *store.PresentError
	return errors.As(err, &present)
}

// withNames puts the names of networks into errors that quote stored rules.
func (s *session) withNames(ctx context.Context, err error) error {
	var moved *store.MovedError
	var other *store.OtherRuleError
	var wrong *store.RuleError
	var quoted []*rules.Rule
	switch {
	case errors.As(err, &moved):
		quoted = []*rules.Rule{moved.Was, moved.Now}
	case errors.As(err, &other):
		quoted = []*rules.Rule{&other.Stands}
	case errors.As(err, &wrong):
		quoted = []*rules.Rule{&wrong.Rule}
	default:
		return err
	}
	var tags []string
	for _, r := range quoted {
		if r != nil {
			tags = append(tags, r.Tags()...)
		}
	}
	names, rerr := s.namesOf(ctx, tags)
	if rerr != nil {
		return err // the names are a help, not the message
	}
	for _, r := range quoted {
		if r != nil {
			*r = r.MapTags(names.name)
		}
	}
	return err
}
