package main

import (
	"context"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/calicoctl/calicoctl/internal/printable"
	"github.com/calicoctl/calicoctl/pkg/profile"
	"github.com/calicoctl/calicoctl/pkg/store"
)

func profileCopyCommand(a *app) *cobra.Command {
	e := &ruleEdit{app: a}
	cmd := &cobra.Command{
		Use:   "copy NAME NEW",
		Short: "Create a profile with the rules, tags and labels of another",
		Long: `Creates the profile NEW with the rules, the tags and the labels of NAME. Where
NAME carries the tag of its own name, NEW carries that of its own. The rules are
copied as they are, also those that name that tag. Endpoints keep the profile
that they have: they refer to it by its name, which is why there is no rename.`,
		Example: "  calicoctl profile copy databases databases-2",
		RunE: func(cmd *cobra.Command, args []string) error {
			switch {
			case cmd.Flags().Changed("profile"):
				return usagef("the names stand behind copy, not in --profile; the usage is: %s", usageLine(cmd))
			case len(args) < 2:
				return usagef("which profiles? The usage is: %s", usageLine(cmd))
			case len(args) > 2:
				return usagef("unexpected word %q; the usage is: %s", args[2], usageLine(cmd))
			case args[0] == "" || args[1] == "":
				return usagef("empty profile name; is a shell variable empty?")
			}
			if err := e.app.checkWriteFlags(cmd, &e.dry); err != nil {
				return err
			}
			return a.inSession(cmd.Context(), func(ctx context.Context, s *session) error {
				return e.copy(ctx, s, args[0], args[1])
			})
		},
	}
	cmd.Flags().BoolVar(&e.force, "force", false, "also create profiles that Kubernetes' controllers maintain (kns.*, ksa.*)")
	e.app.addWriteFlags(cmd, &e.dry)
	return cmd
}

func (e *ruleEdit) copy(ctx context.Context, s *session, from, to string) error {
	if err := s.names.Need(from, to); err != nil {
		return err
	}
	source, err := s.names.Target(from)
	if err != nil {
		return err
	}
	goal, err := s.names.Target(to)
	if err != nil {
		return err
	}
	result, err := s.update(ctx, to, nil, store.Edit{
		Query: store.Query{
			Profiles: append(source.IDs(), goal.AllIDs()...), Prefixes: source.Prefixes(),
			Same: source.IDs(), Lock: true, V1: true,
		},
		Force:  e.force,
		DryRun: e.dry.only,
		Change: func(*store.Snapshot, *profile.Profile) error { return nil },
		Pick: func(snap *store.Snapshot) (*profile.Profile, error) {
			old, err := source.Pick(snap)
			if err != nil {
				return nil, err
			}
			return goal.Copy(snap, old)
		},
	})
	if err == nil {
		err = e.dry.look(ctx, s, to, result)
	}
	if err != nil {
		return err
	}
	text := fmt.Sprintf("Created profile %s, a copy of %s\n", printable.Text(to), printable.Text(from))
	return e.edited(text, to, result)
}
