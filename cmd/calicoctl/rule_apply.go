package main

import (
	"context"

	"github.com/spf13/cobra"

	"github.com/calicoctl/calicoctl/internal/apply"
	"github.com/calicoctl/calicoctl/pkg/rules"
	"github.com/calicoctl/calicoctl/pkg/store"
)

func ruleApplyCommand(a *app) *cobra.Command {
	e, file := &ruleEdit{app: a}, &listingFile{app: a}
	cmd := &cobra.Command{
		Use:         "apply",
		Short:       "Make the rules those of a listing",
		Annotations: map[string]string{"usage": "calicoctl profile NAME rule apply -f FILE [flags]"},
		Long: `Makes the rules of a profile those of a listing as "rule show" prints it, in one
step. Numbers may be left out; lines that begin with # and blank lines do not
count. Both headings must be there. A rule that is in the profile already keeps
its stored form; one in brackets must be one that is stored.

A listing that does not say "# revision N" may add and reorder rules. To remove
one it needs --if-revision or --force: somebody may have added it since. When the
profile has moved on, or somebody changes it at the same moment, nothing is changed
(exit code 4). Prints the difference.`,
		Example: `  calicoctl profile databases rule show > databases.txt
  calicoctl profile databases rule apply -f databases.txt`,
		RunE: func(cmd *cobra.Command, args []string) error { return e.applyFile(cmd, args, file) },
	}
	e.addEditFlags(cmd)
	cmd.Flags().Lookup("force").Usage = "also remove rules without a revision, and edit profiles that Kubernetes' controllers maintain"
	file.addFlags(cmd)
	return cmd
}

func ruleDiffCommand(a *app) *cobra.Command {
	e, file := &ruleEdit{app: a}, &listingFile{app: a}
	cmd := &cobra.Command{
		Use:         "diff",
		Short:       "Compare the rules with a listing",
		Annotations: map[string]string{"usage": "calicoctl profile NAME rule diff -f FILE [flags]"},
		Long: `Shows what "rule apply" would change, and changes nothing; also for profiles in the
layout of calicoctl 0.x, and while the datastore is locked, where "rule apply" is
refused. With --exit-code, exit code 10 says that there is a difference.`,
		Example: "  calicoctl profile databases rule diff -f databases.txt",
		RunE: func(cmd *cobra.Command, args []string) error {
			e.dry.only, e.dry.compare, e.force = true, true, true // a comparison has nothing to lose
			return e.applyFile(cmd, args, file)
		},
	}
	cmd.Flags().BoolVar(&e.dry.exitCode, "exit-code", false, "exit code 10 when there is a difference")
	file.addFlags(cmd)
	return cmd
}

func (e *ruleEdit) applyFile(cmd *cobra.Command, args []string, file *listingFile) error {
	if err := e.checkEditFlags(cmd); err != nil {
		return err
	}
	if err := file.check(cmd, args); err != nil {
		return err
	}
	ctx, cancel := e.app.deadline(cmd.Context())
	defer cancel()
	l, err := file.listing(ctx)
	if err != nil {
		return err
	}
	if e.ifRevision != 0 && l.Revision != 0 && e.ifRevision != l.Revision {
		return usagef("%s says revision %d, and --if-revision %d", file.shownName(), l.Revision, e.ifRevision)
	}
	l.Name = e.app.profile
	options := e.applyOptions()
	options.Force, options.Hint = e.force, ", or give --force"
	return e.app.inSession(ctx, func(ctx context.Context, s *session) error { return e.applyListing(ctx, s, l, options) })
}

// applyOptions are those of a profile that must exist.
func (e *ruleEdit) applyOptions() apply.Options {
	return apply.Options{Reversible: e.app.catch.within > 0, Maintained: e.force, IfRevision: e.ifRevision, Compare: e.dry.compare}
}

// applyListing makes one profile what a listing says, and prints the difference.
func (e *ruleEdit) applyListing(ctx context.Context, s *session, l rules.ProfileListing, o apply.Options) error {
	plan, err := apply.New(s.names, l, o)
	if err != nil {
		return err
	}
	result, err := e.carryOut(ctx, s, plan)
	if err != nil {
		return err
	}
	e.app.warnTrouble(result.Profile)
	if err := e.dry.show(ctx, s, l.Name, result); err != nil {
		return err
	}
	return e.applied(l.Name, result)
}

func (e *ruleEdit) carryOut(ctx context.Context, s *session, plan *apply.Plan) (store.Result, error) {
	if e.dry.only {
		checked, err := plan.Check(ctx, s.store)
		return checked.Result, err
	}
	result, err := plan.Apply(ctx, s.store)
	e.app.catch.note(plan.Listing.Name, result, err)
	return result, err
}
