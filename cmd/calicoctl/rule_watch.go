package main

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/calicoctl/calicoctl/internal/names"
	"github.com/calicoctl/calicoctl/internal/past"
	"github.com/calicoctl/calicoctl/internal/printable"
	"github.com/calicoctl/calicoctl/internal/render"
	"github.com/calicoctl/calicoctl/internal/tty"
	"github.com/calicoctl/calicoctl/pkg/profile"
	"github.com/calicoctl/calicoctl/pkg/store"
)

// errWatched says that Ctrl-C ended a watch. No message is printed for it.
var errWatched = errors.New("the watch was ended")

// A ruleWatch is a use of rule show --watch.
type ruleWatch struct {
	session *session
	shown   *profile.Profile // nil while it is gone
}

// watch shows the rules of a profile, and then each change of it until Ctrl-C. The
// command's time bounds the first reading alone.
func watch(ctx context.Context, a *app) error {
	return inSession(ctx, a, func(first context.Context, s *session) error {
		w := &ruleWatch{session: s}
		err := show(first, s, func(p *profile.Profile, names names.Shown) error {
			if p.BuiltIn || p.Layout != profile.V3 {
				return past.Check(p)
			}
			a.msg.Misleading(p, names)
			w.shown = p
			d := render.Version{Change: render.Change{Before: p, After: p, Shown: names}, Version: store.Version{Revision: p.Revision, Profile: p}}
			view := d.View(p.ID)
			view.Change = "none"
			return w.put(listing(p, names), view)
		})
		if err != nil {
			return err
		}
		return w.follow(ctx)
	})
}

// follow shows each change.
func (w *ruleWatch) follow(ctx context.Context) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	tty.WhenUnread(w.session.app.io.stdout, func() { cancel(errUnread) })
	id := w.shown.ID
	err := w.session.store.Follow(ctx, w.shown, store.Follower{
		Seen: func(v store.Version) error { return w.seen(ctx, id, v) },
		Lost: func(err error) {
			if err != nil {
				w.session.app.msg.Printf("%v; still trying", err)
			} else {
				w.session.app.msg.Printf("etcd answers again")
			}
		},
	})
	switch {
	case errors.Is(context.Cause(ctx), errUnread):
		return nil
	case ctx.Err() != nil:
		return errWatched
	}
	return err
}

// errUnread says that the reader of stdout is gone.
var errUnread = errors.New("the reader of the output is gone")

// seen shows a version that has come.
func (w *ruleWatch) seen(ctx context.Context, id string, v store.Version) error {
	ctx, cancel := w.session.app.deadline(ctx)
	defer cancel()
	if w.session.names.Networks != nil { // a network may have been made since
		if networks, err := w.session.askDocker(ctx); err == nil {
			w.session.names.Networks = networks
		}
	}
	d, err := w.session.version(ctx, id, v, w.shown)
	if err != nil && ctx.Err() == nil {
		w.session.app.msg.Printf("revision %d is shown with IDs, because names could not be looked up", v.Revision)
	}
	switch {
	case v.Malformed != nil:
		w.session.app.msg.Printf("revision %d: %v", v.Revision, v.Malformed)
		return w.put("", d.View(id))
	case v.Skipped:
		w.session.app.msg.Printf("etcd has compacted some revisions since; the difference is to the revision that was shown last")
	}
	w.warnNewInvalid(v.Profile)
	w.shown = v.Profile
	return w.put("\n"+d.Text(w.session.app.io.color()), d.View(id))
}

// warnNewInvalid warns of what is invalid for Felix, unless it has warned of it before.
func (w *ruleWatch) warnNewInvalid(p *profile.Profile) {
	if p == nil {
		return
	}
	invalid := p.Invalid()
	if w.shown != nil {
		old := w.shown.Invalid()
		invalid = slices.DeleteFunc(invalid, func(text string) bool { return slices.Contains(old, text) })
	}
	w.session.app.msg.Each("profile "+printable.Text(p.ID), invalid)
}

// put prints one piece of output at once.
func (w *ruleWatch) put(text string, view render.RevisionView) error {
	content := []byte(text)
	var err error
	switch w.session.app.out.Format {
	case "json":
		content, err = render.JSONLine(view)
	case "yaml":
		content, err = render.YAML(view)
		content = append([]byte("---\n"), content...)
	}
	if err != nil {
		return err
	}
	if _, err := w.session.app.io.stdout.Write(content); err != nil {
		return fmt.Errorf("the output could not be written: %w", err)
	}
	return nil
}
