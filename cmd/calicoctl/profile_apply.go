package main

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/calicoctl/calicoctl/internal/cli"

	"github.com/spf13/cobra"

	"github.com/calicoctl/calicoctl/internal/apply"
	"github.com/calicoctl/calicoctl/internal/printable"
	"github.com/calicoctl/calicoctl/internal/render"
	"github.com/calicoctl/calicoctl/pkg/fault"
	"github.com/calicoctl/calicoctl/pkg/rules"
)

func profileApplyCommand(a *app) *cobra.Command {
	f, file := &editFlags{}, &listingFile{app: a}
	cmd := &cobra.Command{
		Use:         "apply",
		Short:       "Change profiles to match a file",
		Annotations: map[string]string{"usage": "calicoctl profile apply -f FILE [flags]"},
		Long: `Changes profiles to match a file of "profile export". Rules may have no numbers.
Blank lines and comments (#) are ignored, except "# revision N" and
"# network NAME is ID". A profile that the file does not name stays unchanged. A
profile that does not exist is created. Without a line of tags, the tags stay.

The whole file is checked first. Then each profile is one transaction. If one
fails, the error lists the profiles that were changed. Prints the differences.

A profile that has changed since "# revision N" is a conflict (exit code 4) unless
--force is given. Without that line, rules and tags can be added, but not removed,
unless --force is given. A profile that changes while the command runs is always a
conflict.

"# network NAME is ID" gives the ID of a network in the file, also without Docker and
with --literal. If Docker has another network of that name, nothing is changed (exit
code 1).`,
		Example: `  calicoctl profile export > policy.txt
  $EDITOR policy.txt
  calicoctl profile apply -f policy.txt --dry-run
  calicoctl profile apply -f policy.txt`,
		RunE: func(cmd *cobra.Command, args []string) error {
			if cmd.Flags().Changed("profile") {
				return cli.Usagef("the file names the profiles, not --profile; the usage is: %s", cli.UsageLine(cmd))
			}
			if err := file.check(cmd, args); err != nil {
				return err
			}
			if err := f.checkWrite(cmd, a); err != nil {
				return err
			}
			ctx, cancel := a.deadline(cmd.Context())
			defer cancel()
			list, err := file.profiles(ctx)
			if err != nil {
				return err
			}
			ctx, s, err := open(ctx, a)
			if err != nil {
				return err
			}
			defer s.close()
			return (&applyRun{app: a, flags: *f, session: s, file: file}).run(ctx, list)
		},
	}
	cmd.Flags().BoolVar(&f.force, "force", false, "also replace later edits, and edit profiles of Kubernetes' controllers (kns.*, ksa.*)")
	f.addWrite(cmd, a)
	file.addFlags(cmd)
	return cmd
}

// An applyRun is one use of profile apply.
type applyRun struct {
	app     *app
	flags   editFlags
	session *session
	file    *listingFile
	report  applyReport
}

// run goes through all profiles twice: first without writing, so that a mistake
// in the last one is found before the first one is written.
func (r *applyRun) run(ctx context.Context, list []rules.ProfileListing) error {
	if len(list) == 0 {
		return r.app.out.Print("The file holds no profile.\n", []render.ChangeView{})
	}
	set, err := apply.NewSet(ctx, r.session.names, r.session.store, list,
		apply.Options{Create: true, Force: r.flags.force, Reversible: r.app.confirmation.within > 0, Maintained: r.flags.force, Hint: ", or give --force"})
	if err != nil {
		return r.located(err)
	}
	checked := make([]apply.Checked, len(set.Plans))
	for i, plan := range set.Plans {
		if checked[i], err = plan.Check(ctx, r.session.store); err != nil {
			return r.located(&apply.ListingError{Listing: plan.Listing, Err: err})
		}
		if checked[i].Result.Changed {
			r.app.msg.Invalid(checked[i].Result.Profile)
		}
	}
	r.report.app = r.app
	for i := range set.Plans {
		if err = r.finish(ctx, set, i, checked[i]); err != nil {
			break
		}
	}
	if err = errors.Join(r.report.print(err == nil), err); err != nil {
		return err
	}
	return r.flags.answer(r.report.changed > 0)
}

// finish does what a check has found to do, and reports it.
func (r *applyRun) finish(ctx context.Context, set apply.Set, i int, checked apply.Checked) error {
	plan := set.Plans[i]
	name, was := plan.Listing.Name, checked.Result
	switch {
	case !was.Changed:
		r.report.add(name, was, render.Change{}, r.flags.dryRun)
	case r.flags.dryRun:
		c, err := r.session.difference(ctx, name, was.Before, was.Profile)
		if err != nil {
			return err
		}
		c.Shown = c.Shown.With(set.Created)
		r.report.add(name, was, c, true)
	default:
		result, err := plan.Write(ctx, r.session.store, checked)
		r.session.note(name, r.flags, result, err)
		switch {
		case err != nil && len(r.report.done) == 0:
			return r.located(&apply.ListingError{Listing: plan.Listing, Err: err})
		case err != nil:
			return r.report.partly(ctx, name, len(set.Plans), err)
		}
		c := r.session.saved(ctx, name, result.Before, result.Profile)
		c.Shown = c.Shown.With(set.Created)
		r.report.add(name, result, c, false)
	}
	return nil
}

// located adds the place in the file to an error about one listing.
func (r *applyRun) located(err error) error {
	var about *apply.ListingError
	if code := exitCode(err); code != exitRefused && code != exitConflict || !errors.As(err, &about) ||
		errors.Is(err, fault.ErrLocked) || errors.Is(err, fault.ErrDenied) {
		return err
	}
	text := fmt.Sprintf("%s, line %d", r.file.shownName(), about.Listing.Line)
	if !strings.HasPrefix(strings.ToLower(err.Error()), "profile ") {
		text += ", profile " + printable.Text(about.Listing.Name)
	}
	return &locatedError{cause: err, text: text + ": " + err.Error()}
}

// A locatedError is an error with the place of its reason.
type locatedError struct {
	cause error
	text  string
}

func (e *locatedError) Error() string { return e.text }

func (e *locatedError) Unwrap() error { return e.cause }
