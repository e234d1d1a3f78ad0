package main

import (
	"context"

	"github.com/calicoctl/calicoctl/internal/cli"

	"github.com/spf13/cobra"

	"github.com/calicoctl/calicoctl/internal/apply"
	"github.com/calicoctl/calicoctl/pkg/rules"
	"github.com/calicoctl/calicoctl/pkg/store"
)

// A ruleApply is a use of rule apply or rule diff.
type ruleApply struct {
	app   *app
	flags editFlags
	file  *listingFile
}

func ruleApplyCommand(a *app) *cobra.Command {
	c := &ruleApply{app: a, file: &listingFile{app: a}}
	cmd := &cobra.Command{
		Use:         "apply",
		Short:       "Change the rules to match a listing",
		Annotations: map[string]string{"usage": "calicoctl profile NAME rule apply -f FILE [flags]"},
		Long: `Changes the rules of a profile to match a listing of "rule show", in one transaction.
Rules may have no numbers. Blank lines and comments (#) are ignored. Both headings are
required. A rule with text in brackets must already be in the profile. Prints the
difference.

A listing without "# revision N" can add and reorder rules. To remove one, use
--if-revision or --force, because another client may have added it. If the profile
has changed since that revision, or changes while the command runs, it is a conflict
(exit code 4).`,
		Example: `  calicoctl profile databases rule show > databases.txt
  calicoctl profile databases rule apply -f databases.txt`,
		RunE: c.run,
	}
	c.flags.add(cmd, a)
	cmd.Flags().Lookup("force").Usage = "also remove rules without a revision, and edit profiles of Kubernetes' controllers"
	c.file.addFlags(cmd)
	return cmd
}

func ruleDiffCommand(a *app) *cobra.Command {
	c := &ruleApply{app: a, file: &listingFile{app: a}}
	cmd := &cobra.Command{
		Use:         "diff",
		Short:       "Compare the rules with a listing",
		Annotations: map[string]string{"usage": "calicoctl profile NAME rule diff -f FILE [flags]"},
		Long: `Shows what "rule apply" would change. It also works for profiles in the layout of
calicoctl 0.x, and while the datastore is locked. With --exit-code, the exit code
is 10 if there is a difference.`,
		Example: "  calicoctl profile databases rule diff -f databases.txt",
		RunE: func(cmd *cobra.Command, args []string) error {
			c.flags.dryRun, c.flags.compare, c.flags.force = true, true, true // a comparison has nothing to lose
			return c.run(cmd, args)
		},
	}
	cmd.Flags().BoolVar(&c.flags.exitCode, "exit-code", false, "exit code 10 if there is a difference")
	c.file.addFlags(cmd)
	return cmd
}

func (c *ruleApply) run(cmd *cobra.Command, args []string) error {
	if err := c.flags.check(cmd, c.app); err != nil {
		return err
	}
	if err := c.file.check(cmd, args); err != nil {
		return err
	}
	ctx, cancel := c.app.deadline(cmd.Context())
	defer cancel()
	listing, err := c.file.listing(ctx)
	if err != nil {
		return err
	}
	if known := c.flags.ifRevision; known != 0 && listing.Revision != 0 && known != listing.Revision {
		return cli.Usagef("%s says revision %d, and --if-revision %d", c.file.shownName(), listing.Revision, known)
	}
	listing.Name = c.app.flags.profile
	ctx, s, err := open(ctx, c.app)
	if err != nil {
		return err
	}
	defer s.close()
	options := applyOptions(c.app, c.flags)
	options.Force, options.Hint = c.flags.force, ", or give --force"
	result, err := applyListing(ctx, s, c.flags, listing, options)
	if err != nil {
		return err
	}
	return printDifference(ctx, s, c.flags, edited{name: listing.Name, result: result})
}

// applyOptions are those of a profile that must exist.
func applyOptions(a *app, f editFlags) apply.Options {
	return apply.Options{Reversible: a.confirmation.within > 0, Maintained: f.force, IfRevision: f.ifRevision, Compare: f.compare}
}

// applyListing makes one profile what a listing says.
func applyListing(ctx context.Context, s *session, f editFlags, l rules.ProfileListing, o apply.Options) (store.Result, error) {
	plan, err := apply.New(s.names, l, o)
	if err != nil {
		return store.Result{}, err
	}
	var result store.Result
	if f.dryRun {
		var checked apply.Checked
		checked, err = plan.Check(ctx, s.store)
		result = checked.Result
	} else {
		result, err = plan.Apply(ctx, s.store)
		s.note(l.Name, f, result, err)
	}
	if err == nil {
		s.app.msg.Invalid(result.Profile)
	}
	return result, err
}
