package main

import (
	"fmt"

	"github.com/calicoctl/calicoctl/internal/cli"

	"github.com/spf13/cobra"

	"github.com/calicoctl/calicoctl/internal/printable"
	"github.com/calicoctl/calicoctl/pkg/profile"
	"github.com/calicoctl/calicoctl/pkg/store"
)

// A profileCopy is a use of profile copy.
type profileCopy struct {
	app   *app
	flags editFlags
}

func profileCopyCommand(a *app) *cobra.Command {
	c := &profileCopy{app: a}
	cmd := &cobra.Command{
		Use:   "copy NAME NEW",
		Short: "Create a profile with the rules, tags and labels of another",
		Long: `Creates the profile NEW with the rules, tags and labels of NAME. The tag NAME becomes
the tag NEW. The rules are not changed. Endpoints keep their profile: they refer to
it by name, so there is no command to rename a profile.`,
		Example: "  calicoctl profile copy databases databases-2",
		RunE:    c.run,
	}
	cmd.Flags().BoolVar(&c.flags.force, "force", false, "also create profiles of Kubernetes' controllers (kns.*, ksa.*)")
	c.flags.addWrite(cmd, a)
	return cmd
}

func (c *profileCopy) run(cmd *cobra.Command, args []string) error {
	switch {
	case cmd.Flags().Changed("profile"):
		return cli.NamesFollow(cmd)
	case len(args) < 2:
		return cli.Missing(cmd, "profiles")
	case len(args) > 2:
		return cli.Unexpected(cmd, args[2])
	case args[0] == "" || args[1] == "":
		return cli.EmptyName()
	}
	if err := c.flags.checkWrite(cmd, c.app); err != nil {
		return err
	}
	ctx, s, err := open(cmd.Context(), c.app)
	if err != nil {
		return err
	}
	defer s.close()
	from, to := args[0], args[1]
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
	result, err := update(ctx, s, to, nil, store.Edit{
		Query: store.Query{
			Profiles: append(source.IDs(), goal.AllIDs()...), Prefixes: source.Prefixes(),
			Same: source.IDs(), Lock: true, V1: true,
		},
		Force:  c.flags.force,
		DryRun: c.flags.dryRun,
		Change: func(*store.Snapshot, *profile.Profile) error { return nil },
		Pick: func(snap *store.Snapshot) (*profile.Profile, error) {
			old, err := source.Pick(snap)
			if err != nil {
				return nil, err
			}
			return goal.Copy(snap, old)
		},
	})
	if err != nil {
		return err
	}
	text := fmt.Sprintf("Created profile %s, a copy of %s\n", printable.Text(to), printable.Text(from))
	return printEdit(ctx, s, c.flags, edited{name: to, text: text, result: result})
}
