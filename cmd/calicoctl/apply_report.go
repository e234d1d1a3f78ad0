package main

import (
	"context"
	"fmt"
	"strings"

	"github.com/calicoctl/calicoctl/internal/printable"
	"github.com/calicoctl/calicoctl/internal/render"
	"github.com/calicoctl/calicoctl/pkg/store"
)

// An applyReport says what became of each profile.
type applyReport struct {
	app     *app
	text    strings.Builder
	views   []render.ChangeView
	changed int
	done    []string // the profiles that were written
}

// add reports what has become of a profile or, in a dry run, would.
func (r *applyReport) add(name string, result store.Result, c render.Change, dry bool) {
	view := render.ChangeView{EditView: render.Edit(name, result), DryRun: dry, Diff: []render.ChangeLine{}}
	if result.Changed {
		r.changed++
		if !dry {
			r.done = append(r.done, printable.Text(name))
			r.app.out.Saved = "profiles were changed, but "
		}
		if c.Before != nil {
			r.text.WriteString("Profile " + printable.Text(name) + ":\n")
		}
		r.text.WriteString(c.Text(r.app.io.color()))
		view.Diff = c.Lines()
	}
	r.views = append(r.views, view)
}

// print prints the report. After a run that ended early, it has only what was
// done.
func (r *applyReport) print(whole bool) error {
	switch {
	case !whole && len(r.done) == 0:
		return nil
	case r.changed == 0:
		r.text.WriteString("Nothing to do.\n")
	}
	return r.app.out.Print(r.text.String(), r.views)
}

// partly makes the error for a run that ended early.
func (r *applyReport) partly(ctx context.Context, name string, total int, cause error) error {
	done := strings.Join(r.done, ", ")
	return &partlyError{cause: cause, text: fmt.Sprintf("%d of %d profiles were changed (%s), then, at %s: %s",
		len(r.done), total, done, printable.Text(name), endedBy(ctx, cause))}
}
