package main

import (
	"context"
	"errors"

	"github.com/spf13/cobra"

	"github.com/calicoctl/calicoctl/internal/render"
	"github.com/calicoctl/calicoctl/pkg/store"
)

// A dryRun holds the flags of commands that can show a change instead of making
// it.
type dryRun struct {
	only     bool // --dry-run
	exitCode bool // --exit-code
	compare  bool // also what may not be edited
	shown    *render.Change
}

func (d *dryRun) addFlags(cmd *cobra.Command) {
	f := cmd.Flags()
	f.BoolVar(&d.only, "dry-run", false, "only show what would change")
	f.BoolVar(&d.exitCode, "exit-code", false, "with --dry-run: exit code 10 when something would change")
}

// addWriteFlags adds the flags of every command that writes.
func (a *app) addWriteFlags(cmd *cobra.Command, d *dryRun) {
	d.addFlags(cmd)
	a.catch.addFlags(cmd)
}

// checkWriteFlags checks those. It comes last of all that is checked without asking
// anybody.
func (a *app) checkWriteFlags(cmd *cobra.Command, d *dryRun) error {
	if err := d.check(); err != nil {
		return err
	}
	a.writes = !d.compare
	return a.catch.arm(cmd, d.only)
}

func (d *dryRun) check() error {
	if d.exitCode && !d.only {
		return usagef("--exit-code goes with --dry-run")
	}
	return nil
}

// errDiffers says that a dry run found something to change, which is no failure.
var errDiffers = errors.New("something would change")

// answer is what a dry run ends with that would change something, or not.
func (d *dryRun) answer(changes bool) error {
	if d.only && d.exitCode && changes {
		return errDiffers
	}
	return nil
}

// look takes note, while the session lasts, of what a dry run would change, or an
// edit that is to be confirmed has changed.
func (d *dryRun) look(ctx context.Context, s *session, name string, r store.Result) error {
	if !d.only && s.app.catch.within == 0 {
		return nil
	}
	return d.show(ctx, s, name, r)
}

// show takes note of what an edit has changed, or would change.
func (d *dryRun) show(ctx context.Context, s *session, name string, r store.Result) (err error) {
	var c render.Change
	d.shown = nil
	switch {
	case !r.Changed:
		return nil
	case d.only:
		c, err = s.difference(ctx, name, r.Before, r.Profile)
	default:
		c = s.saved(ctx, name, r.Before, r.Profile)
	}
	d.shown = &c
	return err
}

// edited prints what became of an edit.
func (a *app) edited(text, name string, r store.Result) error {
	if r.Changed {
		a.out.Saved = "the change was saved, but "
	}
	return a.out.Print(text, render.Edit(name, r))
}

// edited prints what became of an edit or, in a dry run, would.
func (e *ruleEdit) edited(text, name string, r store.Result) error {
	if !e.dry.only && e.dry.shown == nil {
		return e.app.edited(text, name, r)
	}
	return e.difference(text, name, r)
}

// applied prints what an edit has changed or, in a dry run, would change.
func (e *ruleEdit) applied(name string, r store.Result) error {
	if r.Changed && !e.dry.only {
		e.app.out.Saved = "the change was saved, but "
	}
	return e.difference("", name, r)
}

// difference prints the difference, or a text where there is none.
func (e *ruleEdit) difference(text, name string, r store.Result) error {
	view := render.ChangeView{EditView: render.Edit(name, r), DryRun: e.dry.only, Diff: []render.ChangeLine{}}
	switch {
	case e.dry.shown != nil:
		text, view.Diff = e.dry.shown.Text(e.app.color()), e.dry.shown.Lines()
	case text == "":
		text = "Nothing to do.\n"
	}
	if err := e.app.out.Print(text, view); err != nil {
		return err
	}
	return e.dry.answer(r.Changed)
}
