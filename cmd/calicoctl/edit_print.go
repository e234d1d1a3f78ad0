package main

import (
	"cmp"
	"context"

	"github.com/calicoctl/calicoctl/internal/render"
	"github.com/calicoctl/calicoctl/pkg/store"
)

// An edited is an edit that was carried out, or in a dry run would be.
type edited struct {
	name   string // of the profile as it was typed
	text   string // what is printed of it where no difference is
	result store.Result
	gone   bool // the profile was removed
}

// printEdit prints what became of an edit. Of a dry run, and of an edit that has to be
// confirmed, it prints the difference.
func printEdit(ctx context.Context, s *session, f editFlags, e edited) error {
	if f.dryRun || s.app.confirmation.within > 0 && e.result.Changed {
		return printDifference(ctx, s, f, e)
	}
	if e.result.Changed {
		s.app.out.Saved = "the change was saved, but "
	}
	return s.app.out.Print(e.text, render.Edit(e.name, e.result))
}

// printDifference prints the difference that an edit has made.
func printDifference(ctx context.Context, s *session, f editFlags, e edited) error {
	if !e.result.Changed {
		return printChange(s.app, f, e, nil)
	}
	c, err := changeOf(ctx, s, f, e)
	if err != nil {
		return err
	}
	return printChange(s.app, f, e, &c)
}

// changeOf returns the difference that an edit has made.
func changeOf(ctx context.Context, s *session, f editFlags, e edited) (render.Change, error) {
	after := e.result.Profile
	if e.gone {
		after = nil
	}
	if f.dryRun {
		return s.difference(ctx, e.name, e.result.Before, after)
	}
	return s.saved(ctx, e.name, e.result.Before, after), nil
}

// printChange prints a difference, or the text of the edit where there is none.
func printChange(a *app, f editFlags, e edited, c *render.Change) error {
	text := cmp.Or(e.text, "Nothing to do.\n")
	view := render.ChangeView{EditView: render.Edit(e.name, e.result), DryRun: f.dryRun, Diff: []render.ChangeLine{}}
	if c != nil {
		text, view.Diff = c.Text(a.io.color()), c.Lines()
	}
	if e.result.Changed && !f.dryRun {
		a.out.Saved = "the change was saved, but "
	}
	if err := a.out.Print(text, view); err != nil {
		return err
	}
	return f.answer(e.result.Changed)
}
