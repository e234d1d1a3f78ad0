package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/spf13/cobra"

	"github.com/calicoctl/calicoctl/pkg/store"
)

func (a *app) profileLintCommand() *cobra.Command {
	return &cobra.Command{
		Use:         "lint [NAME...]",
		Short:       "Find what is wrong, dead or dangerous in profiles",
		Annotations: map[string]string{"usage": "calicoctl profile lint [NAME...] [flags] | calicoctl profile NAME lint [flags]"},
		Long: `Looks through all profiles, or those that are named, for what is wrong in them:

  - rules that can never decide, because those in front of them decide all that
    they fit, and deny rules that an allow in front defeats
  - what Calico's agent Felix refuses or dies of, and documents that are damaged
  - tags that no profile carries, and networks that Docker does not have
  - profiles that no endpoint has, and endpoints whose profile does not exist
  - well-known database and admin ports that are open to everyone

Each lintFinding has a level, a code, a reason, and what to do. A rule is called dead
only if that is proven: for protocols, ports, addresses and ICMP exactly, and
whatever tags and selectors match. The networks of another host are known there
only. Changes nothing. Ends with exit code 10 if there is a lintFinding of the level
error.`,
		Example: `  calicoctl profile lint
  calicoctl profile databases lint
  calicoctl profile lint databases applications -o json`,
		RunE: func(cmd *cobra.Command, args []string) error {
			names, err := a.namesOrProfile(cmd, args)
			if err != nil {
				return err
			}
			return a.inSession(cmd.Context(), func(ctx context.Context, s *session) error { return s.lint(ctx, names) })
		},
	}
}

// namesOrProfile returns the names behind a command that takes any number of
// them, or the one in front of it.
func (a *app) namesOrProfile(cmd *cobra.Command, args []string) ([]string, error) {
	switch {
	case slices.Contains(args, ""):
		return nil, usagef("empty profile name; is a shell variable empty?")
	case cmd.Flags().Changed("profile") && len(args) > 0:
		return nil, usagef("unexpected word %q: the profile is named in front; the usage is: %s", args[0], usageLine(cmd))
	case cmd.Flags().Changed("profile"):
		return []string{a.profile}, a.needName(cmd)
	}
	return args, nil
}

// errFindings says that lint has found an error, which is no failure of its own.
var errFindings = fmt.Errorf("lint has found errors: %w", errDiffers)

func (s *session) lint(ctx context.Context, words []string) error {
	s.warnDocker()
	l, err := s.newLinter(words)
	if err != nil {
		return err
	}
	view := s.store.View()
	if err := l.readProfiles(ctx, view); err != nil {
		return err
	}
	if err := l.pick(); err != nil {
		return err
	}
	if err := l.readEndpoints(ctx, view); err != nil {
		return err
	}
	l.judgeWorld()
	return s.app.printFindings(l.result())
}

// A linter collects findings while profiles and endpoints go by, so that they
// need not be in memory all at once.
type linter struct {
	session *session
	targets []target        // of the names in the command
	only    map[string]bool // the IDs that these may mean; nil for all
	ids     map[string]bool // of all profiles, in either layout
	v3      map[string]bool // of those in v3
	found   []lintFinding

	tags    []tagUse        // in the rules of v3
	carried map[string]bool // labels that a profile gives; see carry
	unread  bool            // whether there is a damaged profile, which may carry any tag
	lists   []judged        // the profiles to judge when endpoints are known
	used    map[string]*use // by profile
	lost    bool            // whether there is a damaged endpoint, which may have any profile
}

// A judged is what is kept of a profile.
type judged struct {
	id     string
	layout store.Layout
}

func (s *session) newLinter(words []string) (*linter, error) {
	l := &linter{
		session: s, ids: map[string]bool{store.DefaultAllow: true}, v3: map[string]bool{store.DefaultAllow: true},
		carried: map[string]bool{}, used: map[string]*use{},
	}
	if len(words) > 0 {
		l.only = map[string]bool{}
	}
	for _, word := range words {
		t, err := s.target(word)
		if err != nil {
			return nil, err
		}
		t.planned = l.ids
		l.targets = append(l.targets, t)
		for _, id := range t.ids() {
			l.only[id] = true
		}
	}
	return l, nil
}

func (l *linter) asked(id string) bool { return l.only == nil || l.only[id] }

// readProfiles judges every profile by itself. Of one that is in both layouts,
// that of v3 counts.
func (l *linter) readProfiles(ctx context.Context, view *store.View) error {
	seen := l.session.app.progress("profiles")
	defer seen.end()
	return view.List(ctx, func(id string, p *store.Profile, damaged error) error {
		seen.add()
		if l.ids[id] {
			return ctx.Err()
		}
		l.ids[id] = true
		var why *store.DamagedError
		if errors.As(damaged, &why) {
			l.v3[id] = why.Layout == store.V3
			l.unread = l.unread || why.Layout == store.V3
			l.addDamaged(id, why)
			return nil
		}
		l.v3[id] = p.Layout == store.V3
		if l.v3[id] {
			l.carry(p)
		}
		if l.asked(id) {
			l.lists = append(l.lists, judged{id, p.Layout})
			l.judgeProfile(p)
		}
		return ctx.Err()
	})
}

// pick leaves of what was found the profiles that the names mean now that it is
// known which there are.
func (l *linter) pick() error {
	if l.only == nil {
		return nil
	}
	l.only = map[string]bool{}
	for _, t := range l.targets {
		id, err := t.existing(&store.Snapshot{})
		if err != nil {
			return err
		}
		l.only[id] = true
	}
	l.found = slices.DeleteFunc(l.found, func(f lintFinding) bool { return !l.only[f.ID] })
	l.lists = slices.DeleteFunc(l.lists, func(p judged) bool { return !l.only[p.id] })
	l.tags = slices.DeleteFunc(l.tags, func(t tagUse) bool { return !l.only[t.place.ID] })
	return nil
}

// result returns the findings in order, with the names of networks.
func (l *linter) result() []lintFinding {
	names := shownNames{networks: l.session.networks, snap: &store.Snapshot{}, made: l.ids}
	for i := range l.found {
		l.found[i].show(names)
	}
	slices.SortStableFunc(l.found, func(a, b lintFinding) int {
		return cmp.Or(
			cmp.Compare(a.rank(), b.rank()), cmp.Compare(a.Profile, b.Profile), cmp.Compare(a.ID, b.ID),
			cmp.Compare(a.Direction, b.Direction), cmp.Compare(a.Position, b.Position), cmp.Compare(a.Endpoint, b.Endpoint),
		)
	})
	return l.found
}
