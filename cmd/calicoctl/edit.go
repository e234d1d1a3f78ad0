package main

import (
	"context"
	"errors"
	"slices"

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
) (store.Result, error) {
	ctx, cancel := e.deadline(ctx)
	defer cancel()
	s, err := e.connect(ctx)
	if err != nil {
		return store.Result{}, err
	}
	defer s.close()
	t, tags, err := s.lookUp(e.profile, list, options.strict)
	if err != nil {
		return store.Result{}, err
	}
	var seen *store.Profile
	result, err := tags.update(ctx, store.Edit{
		Query:      tags.query(store.Query{Profiles: t.ids(), Lock: true, V1: true}),
		Pick:       t.pick,
		IfRevision: e.ifRevision,
		Force:      e.force,
		Once:       options.once,
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
		e.warnTrouble(seen)
	}
	return result, s.withNames(ctx, err)
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
	var quoted []*rules.Rule
	switch {
	case errors.As(err, &moved):
		quoted = []*rules.Rule{moved.Was, moved.Now}
	case errors.As(err, &other):
		quoted = []*rules.Rule{&other.Stands}
	default:
		return err
	}
	var tags []string
	for _, r := range quoted {
		if r != nil {
			tags = append(tags, r.Tags()...)
		}
	}
	slices.Sort(tags)
	var ids []string
	for _, tag := range slices.Compact(tags) {
		if t, err := s.target(tag); err == nil && t.network != nil {
			ids = append(ids, t.network.ID, t.network.Name)
		}
	}
	snap, rerr := s.store.Read(ctx, store.Query{Presence: ids})
	if rerr != nil {
		return err // the names are a help, not the message
	}
	names := shownNames{networks: s.networks, snap: snap}
	for _, r := range quoted {
		if r != nil {
			*r = r.MapTags(names.name)
		}
	}
	return err
}
