package main

import (
	"context"

	"github.com/spf13/cobra"
)

func (a *app) ruleApplyCommand() *cobra.Command {
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

func (a *app) ruleDiffCommand() *cobra.Command {
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
	applied := &application{ruleEdit: e, listing: l, force: e.force, orForce: ", or give --force"}
	return e.app.inSession(ctx, func(ctx context.Context, s *session) error { return applied.alone(ctx, s) })
}

// alone applies the one listing that there is, and prints the difference.
func (a *application) alone(ctx context.Context, s *session) error {
	result, err := a.run(ctx, s, a.ruleEdit.dry.only)
	if err != nil {
		return err
	}
	a.ruleEdit.app.warnTrouble(result.Profile)
	if err := a.ruleEdit.dry.show(ctx, s, a.listing.Name, result); err != nil {
		return err
	}
	return a.ruleEdit.applied(a.listing.Name, result)
}
