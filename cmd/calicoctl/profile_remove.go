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

func profileRemoveCommand(a *app) *cobra.Command {
	e := &ruleEdit{app: a}
	var noCheck bool
	cmd := &cobra.Command{
		Use:   "remove NAME",
		Short: "Remove a profile",
		Long: `Removes a profile. While an endpoint has it, it is not removed: an endpoint whose
profile is missing drops all traffic. --no-check removes it all the same, and
does not look through the endpoints.`,
		Example: "  calicoctl profile remove databases",
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := takeName(a, cmd, args); err != nil {
				return err
			}
			if err := e.checkEditFlags(cmd); err != nil {
				return err
			}
			return a.inSession(cmd.Context(), func(ctx context.Context, s *session) error {
				return e.removeProfile(ctx, s, noCheck)
			})
		},
	}
	e.addEditFlags(cmd)
	cmd.Flags().BoolVar(&noCheck, "no-check", false, "also when endpoints have the profile")
	return cmd
}

func (e *ruleEdit) removeProfile(ctx context.Context, s *session, noCheck bool) error {
	if err := s.names.Need(e.app.profile); err != nil {
		return err
	}
	t, err := s.names.Target(e.app.profile)
	if err != nil {
		return err
	}
	result, err := e.removeIn(ctx, s, t, store.Query{Profiles: t.IDs(), Prefixes: t.Prefixes(), Lock: true, V1: true}, noCheck, "Use --no-check to remove it all the same")
	if err != nil {
		return err
	}
	gone := result
	gone.Profile = nil
	if err := e.dry.look(ctx, s, e.app.profile, gone); err != nil {
		return err
	}
	return e.edited(fmt.Sprintf("Deleted profile %s\n", printable.Text(e.app.profile)), e.app.profile, result)
}

// removeIn removes the profile that is meant. Of one in use it is said how to do so
// all the same.
func (e *ruleEdit) removeIn(ctx context.Context, s *session, t names.Target, query store.Query, noCheck bool, how string) (store.Result, error) {
	result, err := s.store.Remove(ctx, store.Edit{
		Query:      query,
		Pick:       t.PickOf,
		IfRevision: e.ifRevision,
		Force:      e.force,
		Reversible: e.app.catch.within > 0,
		DryRun:     e.dry.only,
	}, noCheck)
	if err == nil && result.Irreversible != nil {
		e.app.warn("profile %s cannot be brought back with undo, because %s", printable.Text(e.app.profile), result.Irreversible.Reason)
	}
	s.app.catch.note(e.app.profile, result, err)
	var used *store.InUseError
	if !errors.As(err, &used) {
		return result, err
	}
	have := "have"
	if used.Total == 1 {
		have = "has"
	}
	return result, fault.Refusedf("Cannot remove profile - profile in use by endpoint(s). %d %s it: %s. %s",
		used.Total, have, used, how)
}
