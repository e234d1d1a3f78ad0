package main

import (
	"context"

	"github.com/calicoctl/calicoctl/internal/cli"

	"github.com/spf13/cobra"

	"github.com/calicoctl/calicoctl/internal/names"
	"github.com/calicoctl/calicoctl/internal/render"
	"github.com/calicoctl/calicoctl/pkg/profile"
	"github.com/calicoctl/calicoctl/pkg/rules"
	"github.com/calicoctl/calicoctl/pkg/store"
)

func ruleShowCommand(a *app) *cobra.Command {
	var watches bool
	cmd := &cobra.Command{
		Use:         "show",
		SuggestFor:  []string{"list"},
		Short:       "List the rules of a profile with their positions",
		Annotations: map[string]string{"usage": "calicoctl profile NAME rule show [--watch] [flags]"},
		Long: `Lists the rules of a profile with their positions. The first rule that matches a
packet decides. "log" continues with the next rule, "pass" leaves the profile. A
packet that no rule matches is dropped.

NAME is a profile, a Docker network, or the first 12 or more digits of a network's
ID. The ID of a network in a rule is shown as its name, if that name leads to the
same ID.

With --watch, the command prints each change with its revision until Ctrl-C, also the
removal and the creation of the profile. It reconnects if the connection is lost, and
prints the changes that it missed. --timeout limits the first read only. -o json
prints one document for each line.`,
		Example: `  calicoctl profile databases rule show
  calicoctl profile databases rule show --watch
  calicoctl profile databases rule show -o json`,
		Args: cli.NoArguments,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := needName(a, cmd); err != nil {
				return err
			}
			if watches {
				return watch(cmd.Context(), a)
			}
			return showProfile(cmd.Context(), a, func(p *profile.Profile, names names.Shown) error {
				a.msg.Misleading(p, names)
				if a.out.Format == "text" {
					return a.out.Print(listing(p, names), nil)
				}
				return a.out.Print("", render.Profile(p, names))
			})
		},
	}
	cmd.Flags().BoolVarP(&watches, "watch", "w", false, "print each change until Ctrl-C")
	return cmd
}

// show reads the profile that the command names, with the names that its IDs
// are shown by, and reports what is odd about it.
func showProfile(ctx context.Context, a *app, print func(*profile.Profile, names.Shown) error) error {
	return inSession(ctx, a, func(ctx context.Context, s *session) error { return show(ctx, s, print) })
}

func show(ctx context.Context, s *session, print func(*profile.Profile, names.Shown) error) error {
	return showWith(ctx, s, store.Query{}, func(_ *store.Snapshot, p *profile.Profile, shown names.Shown) error {
		return print(p, shown)
	})
}

// showWith is show with what else of a query is to be read in the same request.
func showWith(ctx context.Context, s *session, query store.Query, print func(*store.Snapshot, *profile.Profile, names.Shown) error) error {
	s.warnDocker()
	t, err := s.names.Target(s.app.flags.profile)
	if err != nil {
		return err
	}
	query.Profiles, query.Prefixes, query.Presence, query.V1 = t.IDs(), t.Prefixes(), s.names.Candidates(), true
	snap, err := s.store.Read(ctx, query)
	if err != nil {
		return err
	}
	p, pair, err := t.PreferName(snap)
	if err != nil {
		return err
	}
	s.app.msg.Pair(pair, "shown")
	names, err := s.names.ShownIn(ctx, s.store, snap, p)
	if err != nil {
		return err
	}
	s.app.msg.Invalid(p)
	return print(snap, p, names)
}

// listing returns the rules of a profile as text, with names.
func listing(p *profile.Profile, names names.Shown) string {
	return rules.FormatListing(names.Rules(p.Inbound), names.Rules(p.Outbound))
}
