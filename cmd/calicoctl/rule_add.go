package main

import (
	"context"
	"errors"
	"slices"

	"github.com/spf13/cobra"

	"github.com/calicoctl/calicoctl/pkg/rules"
	"github.com/calicoctl/calicoctl/pkg/store"
)

func (a *app) ruleAddCommand() *cobra.Command {
	e := &ruleEdit{app: a}
	cmd := &cobra.Command{
		Use:         "add",
		Short:       "Add a rule at the end or at a position",
		Annotations: map[string]string{"usage": "calicoctl profile NAME rule add (inbound|outbound) [--at=N] RULE [flags]"},
		Long: `Adds a rule at the end of the inbound or outbound rules, or inserts it so that it
becomes rule N. Prints nothing on success. A rule that is there already is not
added a second time.

When somebody else changes the profile at the same moment, the rule is added to
what is there then; a rule that is inserted goes between the same two rules, or
not in at all (exit code 4).`,
		Example: `  calicoctl profile databases rule add inbound allow tcp from tag applications to ports 3306
  calicoctl profile web rule add inbound --at=1 deny from 203.0.113.0/24
  calicoctl profile web rule add outbound allow udp to cidr 10.0.0.53 ports 53`,
		RunE: func(cmd *cobra.Command, args []string) error {
			d, at, words, err := e.read(cmd, args)
			if err != nil {
				return err
			}
			rule, err := rules.ParseWords(words, rules.AsNew)
			if err != nil {
				return err
			}
			return e.add(cmd.Context(), d, at, rule)
		},
	}
	e.addFlags(cmd, "insert as rule `N`; 1 is the first")
	return cmd
}

func (e *ruleEdit) add(ctx context.Context, d rules.Direction, at int, rule rules.Rule) error {
	insertion := &store.Insertion{Direction: d, At: at}
	result, err := e.edit(ctx, rule, true, func(p *store.Profile, r rules.Rule) error {
		if at == 0 {
			return store.AppendRule(p, d, r)
		}
		return insertion.Apply(p, r)
	})
	var present *store.PresentError
	switch {
	case errors.As(err, &present) && (at == 0 || at == present.At):
		return e.print("Rule already present, skipping.\n", editJSON(e.profile, result))
	case errors.As(err, &present):
		return store.Refusedf("the rule is already at position %d; use rule move", present.At)
	case err != nil:
		return err
	}
	return e.print("", editJSON(e.profile, result))
}

// edit carries out a change for which a rule that was said in words is needed
// with the tags to store. The change may run several times.
func (e *ruleEdit) edit(ctx context.Context, rule rules.Rule, strict bool,
	change func(*store.Profile, rules.Rule) error,
) (store.Result, error) {
	ctx, cancel := e.deadline(ctx)
	defer cancel()
	s, err := e.connect(ctx)
	if err != nil {
		return store.Result{}, err
	}
	defer s.close()
	if err := s.needDocker(append(rule.Tags(), e.profile)...); err != nil {
		return store.Result{}, err
	}
	t, err := s.target(e.profile)
	if err != nil {
		return store.Result{}, err
	}
	tags, err := s.tagNames(rule, strict)
	if err != nil {
		return store.Result{}, err
	}
	var seen *store.Profile
	result, err := tags.update(ctx, store.Edit{
		Query:      store.Query{Profiles: t.ids(), Presence: tags.presence(), Lock: true},
		Pick:       t.pick,
		IfRevision: e.ifRevision,
		Force:      e.force,
		Change: func(snap *store.Snapshot, p *store.Profile) error {
			seen = p
			resolved, err := tags.resolve(snap, rule, p.ID)
			if err != nil {
				return err
			}
			return change(p, resolved)
		},
	})
	if seen != nil && result.Profile == nil {
		result.Profile = seen
	}
	if seen != nil && (err == nil || isNoChange(err)) {
		e.warnTrouble(seen)
	}
	return result, s.withNames(ctx, err)
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
