package main

import (
	"context"
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/calicoctl/calicoctl/internal/names"
	"github.com/calicoctl/calicoctl/internal/printable"
	"github.com/calicoctl/calicoctl/pkg/fault"
	"github.com/calicoctl/calicoctl/pkg/store"
)

// A profileRemove is a use of profile remove.
type profileRemove struct {
	app     *app
	flags   editFlags
	noCheck bool
}

func profileRemoveCommand(a *app) *cobra.Command {
	c := &profileRemove{app: a}
	cmd := &cobra.Command{
		Use:   "remove NAME",
		Short: "Remove a profile",
		Long: `Removes a profile. It fails if an endpoint uses the profile, because an endpoint
without its profile drops all traffic. --no-check does not look at endpoints.`,
		Example: "  calicoctl profile remove databases",
		RunE:    c.run,
	}
	c.flags.add(cmd, a)
	cmd.Flags().BoolVar(&c.noCheck, "no-check", false, "also if endpoints use the profile")
	return cmd
}

func (c *profileRemove) run(cmd *cobra.Command, args []string) error {
	if err := takeName(c.app, cmd, args); err != nil {
		return err
	}
	if err := c.flags.check(cmd, c.app); err != nil {
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
	target, err := s.names.Target(name)
	if err != nil {
		return err
	}
	result, err := removeProfile(ctx, s, c.flags, target, c.noCheck)
	if err != nil {
		return withAdvice(err, "Use --no-check to remove it all the same")
	}
	text := fmt.Sprintf("Deleted profile %s\n", printable.Text(name))
	return printEdit(ctx, s, c.flags, edited{name: name, text: text, result: result, gone: true})
}

// removeProfile removes the profile that is meant.
func removeProfile(ctx context.Context, s *session, f editFlags, t names.Target, noCheck bool) (store.Result, error) {
	result, err := s.store.Remove(ctx, store.Edit{
		Query:      store.Query{Profiles: t.IDs(), Prefixes: t.Prefixes(), Lock: true, V1: true},
		Pick:       t.PickOf,
		IfRevision: f.ifRevision,
		Force:      f.force,
		Reversible: s.app.confirmation.within > 0,
		DryRun:     f.dryRun,
	}, noCheck)
	if err == nil && result.Irreversible != nil {
		s.app.msg.Printf("undo cannot revert the removal of profile %s, because %s", printable.Text(s.app.flags.profile), result.Irreversible.Reason)
	}
	s.note(s.app.flags.profile, f, result, err)
	return result, err
}

// withAdvice adds to a *store.InUseError how to remove the profile all the same.
func withAdvice(err error, advice string) error {
	var used *store.InUseError
	if !errors.As(err, &used) {
		return err
	}
	have := "have"
	if used.Total == 1 {
		have = "has"
	}
	return fault.Refusedf("Cannot remove profile - profile in use by endpoint(s). %d %s it: %s. %s", used.Total, have, used, advice)
}
