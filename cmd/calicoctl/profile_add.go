package main

import (
	"errors"
	"fmt"

	"github.com/calicoctl/calicoctl/internal/cli"

	"github.com/spf13/cobra"

	"github.com/calicoctl/calicoctl/internal/printable"
	"github.com/calicoctl/calicoctl/pkg/profile"
	"github.com/calicoctl/calicoctl/pkg/store"
)

// A profileAdd is a use of profile add.
type profileAdd struct {
	app   *app
	flags editFlags
}

func profileAddCommand(a *app) *cobra.Command {
	c := &profileAdd{app: a}
	cmd := &cobra.Command{
		Use:   "add NAME",
		Short: "Create a profile",
		Long: `Creates a profile with the default policy: inbound from its own endpoints, outbound
to everywhere. For a Docker network, the profile is named by the network's ID, as
Calico's network driver does.

A warning says if nothing enforces the profile, because Docker has no such network
or another driver runs it. Docker's own networks bridge, host and none are rejected
unless --literal is given.`,
		Example: `  docker network create --driver calico --ipam-driver calico databases
  calicoctl profile add databases`,
		RunE: c.run,
	}
	cmd.ValidArgsFunction = bind(a, completeNewName)
	cmd.Flags().BoolVar(&c.flags.force, "force", false, "also create profiles of Kubernetes' controllers (kns.*, ksa.*)")
	c.flags.addWrite(cmd, a)
	return cmd
}

// takeName takes the NAME after a command, or that --profile says.
func takeName(a *app, cmd *cobra.Command, args []string) error {
	flag := cmd.Flags().Changed("profile")
	switch {
	case len(args) > 1:
		return cli.Usagef("unexpected argument %q after the name %q; for a profile called %s, use --profile=%s",
			args[1], args[0], cmd.Name(), cmd.Name())
	case len(args) == 1 && flag:
		return cli.Usagef("the profile is named twice: %q, and with --profile", args[0])
	case len(args) == 1:
		a.flags.profile = args[0]
	case !flag:
		return cli.Missing(cmd, "profile")
	}
	if a.flags.profile == "" {
		return cli.EmptyName()
	}
	return nil
}

func (c *profileAdd) run(cmd *cobra.Command, args []string) error {
	if err := errors.Join(takeName(c.app, cmd, args), c.flags.checkWrite(cmd, c.app)); err != nil {
		return err
	}
	ctx, s, err := open(cmd.Context(), c.app)
	if err != nil {
		return err
	}
	defer s.close()
	name := c.app.flags.profile
	if err := s.names.Need(name); err != nil {
		return err
	}
	t, err := s.names.Target(name)
	if err != nil {
		return err
	}
	var seen *store.Snapshot
	result, err := update(ctx, s, name, nil, store.Edit{
		Query:  store.Query{Profiles: t.AllIDs(), Lock: true, V1: true},
		Pick:   func(snap *store.Snapshot) (*profile.Profile, error) { return t.Create(snap) },
		Create: true,
		Force:  c.flags.force,
		DryRun: c.flags.dryRun,
		Change: func(snap *store.Snapshot, _ *profile.Profile) error {
			seen = snap
			return nil
		},
	})
	if err != nil {
		return err
	}
	s.warnForeign(ctx, seen)
	text := fmt.Sprintf("Profile %s already exists.\n", printable.Text(name))
	if result.Changed {
		if why := s.names.Unenforced(t); why != "" {
			s.app.msg.Printf("%s", why)
		}
		text = fmt.Sprintf("Created profile %s\n", printable.Text(name))
	}
	return printEdit(ctx, s, c.flags, edited{name: name, text: text, result: result})
}
