package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"github.com/calicoctl/calicoctl/internal/printable"
	"github.com/calicoctl/calicoctl/pkg/rules"
	"github.com/calicoctl/calicoctl/pkg/store"
)

func (a *app) profileApplyCommand() *cobra.Command {
	e, file := &ruleEdit{app: a}, &listingFile{app: a}
	cmd := &cobra.Command{
		Use:         "apply",
		Short:       "Make profiles say what a file does",
		Annotations: map[string]string{"usage": "calicoctl profile apply -f FILE [flags]"},
		Long: `Makes profiles say what a file does that "profile export" wrote, or somebody by
hand: numbers may be left out; of blank lines and those that begin with #, only
"# revision N" and "# network NAME is ID" count. Profiles that the file does not name stay as they are; those that do not
exist are made. Without a line of tags, the tags stay.

The whole file is read and checked against what is there before anything is
written; then each profile is one transaction. Prints what changes. A profile
that has moved on since its line "# revision N" is refused (exit code 4) unless
--force is given. Without such a line, rules and tags can be added but not taken
out, unless --force is given. What is changed while the command runs is refused
in any case. When it ends early, it says which profiles were changed.

A name with a line "# network NAME is ID" means that network's ID, also where there
is no Docker engine or the network is gone, and with --literal. When Docker has
another network of that name by then, nothing is changed (exit code 1).`,
		Example: `  calicoctl profile export > policy.txt
  $EDITOR policy.txt
  calicoctl profile apply -f policy.txt --dry-run
  calicoctl profile apply -f policy.txt`,
		RunE: func(cmd *cobra.Command, args []string) error {
			if cmd.Flags().Changed("profile") {
				return usagef("the file names the profiles, not --profile; the usage is: %s", usageLine(cmd))
			}
			if err := file.check(cmd, args); err != nil {
				return err
			}
			if err := e.app.checkWriteFlags(cmd, &e.dry); err != nil {
				return err
			}
			ctx, cancel := a.deadline(cmd.Context())
			defer cancel()
			list, err := file.profiles(ctx)
			if err != nil {
				return err
			}
			return a.inSession(ctx, func(ctx context.Context, s *session) error {
				return (&applyRun{ruleEdit: e, session: s, file: file}).run(ctx, list)
			})
		},
	}
	cmd.Flags().BoolVar(&e.force, "force", false, "also what has moved on since its revision, and what Kubernetes' controllers maintain (kns.*, ksa.*)")
	e.app.addWriteFlags(cmd, &e.dry)
	file.addFlags(cmd)
	return cmd
}

// An applyRun is one use of profile apply.
type applyRun struct {
	ruleEdit *ruleEdit
	session  *session
	file     *listingFile
	report   applyReport
}

// run goes through all profiles twice: first without writing, so that a mistake
// in the last one is found before the first one is written.
func (r *applyRun) run(ctx context.Context, list []rules.ProfileListing) error {
	if len(list) == 0 {
		return r.ruleEdit.app.print("The file holds no profile.\n", []changeView{})
	}
	todo, err := r.plan(ctx, list)
	if err != nil {
		return err
	}
	results := make([]store.Result, len(todo))
	for i, one := range todo {
		if results[i], err = one.run(ctx, r.session, true); err != nil {
			return r.located(one, err)
		}
		if results[i].Changed {
			r.ruleEdit.app.warnTrouble(results[i].Profile)
		}
	}
	r.report.app = r.ruleEdit.app
	for i, one := range todo {
		if err = r.finish(ctx, one, len(todo), results[i]); err != nil {
			break
		}
	}
	if err = errors.Join(r.report.print(err == nil), err); err != nil {
		return err
	}
	return r.ruleEdit.dry.answer(r.report.changed > 0)
}

// finish does what a check has found to do, and reports it.
func (r *applyRun) finish(ctx context.Context, one *application, total int, checked store.Result) error {
	switch {
	case !checked.Changed:
		r.report.add(one, checked, change{}, r.ruleEdit.dry.only)
	case r.ruleEdit.dry.only:
		c, err := r.session.change(ctx, one.listing.Name, checked.Before, checked.Profile)
		if err != nil {
			return err
		}
		r.report.add(one, checked, c, true)
	default:
		result, err := one.run(ctx, r.session, false)
		switch {
		case err != nil && len(r.report.done) == 0:
			return r.located(one, err)
		case err != nil:
			return r.report.partly(ctx, one, total, err)
		}
		r.report.add(one, result, r.session.saved(ctx, one.listing.Name, result.Before, result.Profile), false)
	}
	return nil
}

// plan finds out which profiles are meant, and which will be made.
func (r *applyRun) plan(ctx context.Context, list []rules.ProfileListing) ([]*application, error) {
	carried := map[string]bool{}
	todo := make([]*application, len(list))
	query := store.Query{V1: true}
	for i, l := range list {
		one := &application{ruleEdit: r.ruleEdit, listing: l, create: true, force: r.ruleEdit.force, orForce: ", or give --force", carried: carried}
		var err error
		if one.target, _, err = one.lookUp(r.session, one.said()); err != nil {
			return nil, r.located(one, err)
		}
		for _, tag := range l.Tags {
			carried[cmp.Or(l.Networks[tag], tag)] = true
		}
		query.Profiles = append(query.Profiles, one.target.allIDs()...)
		todo[i] = one
	}
	snap, err := r.session.store.Read(ctx, query)
	if err != nil {
		return nil, err
	}
	planned := map[string]bool{}
	lines := map[string]int{}
	for _, one := range todo {
		id, err := one.target.existing(snap)
		switch {
		case errors.Is(err, store.ErrNotFound):
			id = one.target.newID()
			planned[id] = true
		case err != nil:
			return nil, r.located(one, err)
		}
		if line, twice := lines[id]; twice {
			return nil, usagef("lines %d and %d of the file are about the same profile, %s", line, one.listing.Line, printable.Text(one.listing.Name))
		}
		lines[id] = one.listing.Line
	}
	r.session.planned = planned
	return todo, nil
}

// located adds the place in the file to an error that is about one profile.
func (r *applyRun) located(one *application, err error) error {
	if code := exitCode(err); code != exitRefused && code != exitConflict ||
		errors.Is(err, store.ErrLocked) || errors.Is(err, store.ErrDenied) {
		return err
	}
	text := fmt.Sprintf("%s, line %d", r.file.shownName(), one.listing.Line)
	if !strings.HasPrefix(strings.ToLower(err.Error()), "profile ") {
		text += ", profile " + printable.Text(one.listing.Name)
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
