package main

import (
	"context"
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/calicoctl/calicoctl/internal/cli"
	"github.com/calicoctl/calicoctl/internal/names"
	"github.com/calicoctl/calicoctl/internal/past"
	"github.com/calicoctl/calicoctl/internal/printable"
	"github.com/calicoctl/calicoctl/internal/render"
	"github.com/calicoctl/calicoctl/pkg/fault"
	"github.com/calicoctl/calicoctl/pkg/profile"
	"github.com/calicoctl/calicoctl/pkg/store"
)

// A profileUndo is a use of profile undo.
type profileUndo struct {
	app    *app
	flags  editFlags
	undo   past.Undo
	query  store.Query
	target names.Target
}

func undoCommand(a *app) *cobra.Command {
	c := &profileUndo{app: a}
	var to string
	cmd := &cobra.Command{
		Use:         "undo",
		Short:       "Restore the rules and tags of an earlier revision",
		Annotations: map[string]string{"usage": "calicoctl profile NAME undo [--to-revision=R] [flags]"},
		Long: `Restores the rules and tags of the revision before the newest, or of revision R, as a
new edit. A second undo reverts the first. Labels with a value, and all other parts
of the profile, stay unchanged. Prints both revisions and the difference.

A removed profile is restored. If the newest revision created the profile, the
profile is removed, unless an endpoint uses it.

--if-revision=N reverts only revision N (else exit code 4), for a removed profile the
revision of its removal. The command fails if nothing would change, or if the
revision is compacted. "history" lists the revisions that etcd has.`,
		Example: `  calicoctl profile databases undo
  calicoctl profile databases undo --to-revision=1207 --dry-run
  calicoctl profile databases undo --if-revision=1215`,
		Args: cli.NoArguments,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := c.flags.check(cmd, a); err != nil {
				return err
			}
			c.undo = past.Undo{Name: a.flags.profile, IfRevision: c.flags.ifRevision}
			if cmd.Flags().Changed("to-revision") {
				var ok bool
				if c.undo.To, ok = positive(to); !ok {
					return cli.Usagef("--to-revision: expected a revision as history prints it, got %q", to)
				}
			}
			return inSession(cmd.Context(), a, c.run)
		},
	}
	c.flags.add(cmd, a)
	cmd.Flags().StringVar(&to, "to-revision", "", "restore this `REVISION` from history")
	return cmd
}

func (c *profileUndo) run(ctx context.Context, s *session) (err error) {
	if err = s.names.Need(c.undo.Name); err != nil {
		return err
	}
	if c.target, err = s.names.Target(c.undo.Name); err != nil {
		return err
	}
	c.query = store.Query{Profiles: c.target.AllIDs(), Prefixes: c.target.Prefixes(), Lock: true, V1: true}
	snap, err := s.store.Read(ctx, c.query)
	if err != nil {
		return err
	}
	id, err := c.target.Existing(snap)
	switch {
	case errors.Is(err, fault.ErrNotFound):
		return c.recreate(ctx, s, snap)
	case err != nil:
		return err
	}
	p, err := snap.Profile(id)
	if err == nil {
		err = p.Editable(c.flags.force)
	}
	if err == nil {
		err = c.undo.Check(id, p.Revision, false)
	}
	if err != nil {
		return err
	}
	earlier, err := c.earlier(ctx, s, id, p.Revision)
	switch {
	case err != nil:
		return err
	case earlier == nil:
		return c.remove(ctx, s, p.Revision)
	}
	return c.restore(ctx, s, snap, p.Revision, earlier)
}

// earlier returns the profile to restore; nil if the newest revision is its creation.
func (c *profileUndo) earlier(ctx context.Context, s *session, id string, newest int64) (*profile.Profile, error) {
	v, err := s.store.VersionAt(ctx, id, c.undo.Revision(newest))
	return c.undo.Earlier(id, v, err)
}

// restore gives the profile the rules and tags of an earlier version.
func (c *profileUndo) restore(ctx context.Context, s *session, snap *store.Snapshot, newest int64, earlier *profile.Profile) error {
	result, err := update(ctx, s, c.undo.Name, snap, store.Edit{
		Query:      c.query,
		Pick:       c.target.PickOf,
		IfRevision: newest,
		Force:      c.flags.force,
		Once:       true,
		DryRun:     c.flags.dryRun,
		Change:     func(_ *store.Snapshot, p *profile.Profile) error { return c.undo.Restore(p, earlier) },
	})
	if err != nil {
		return s.names.InError(ctx, s.store, err, nil)
	}
	s.app.msg.Invalid(result.Profile)
	return c.print(ctx, s, result, newest, earlier.Revision)
}

// remove removes the profile, whose newest revision is its creation.
func (c *profileUndo) remove(ctx context.Context, s *session, newest int64) error {
	c.flags.ifRevision = newest
	result, err := removeProfile(ctx, s, c.flags, c.target, false)
	if err != nil {
		return withAdvice(err, fmt.Sprintf("\"calicoctl profile remove %s --no-check\" removes it all the same", printable.Text(c.undo.Name)))
	}
	return c.print(ctx, s, result, newest, 0)
}

// recreate creates a removed profile again.
func (c *profileUndo) recreate(ctx context.Context, s *session, snap *store.Snapshot) error {
	id, newest, err := past.Removed(ctx, s.store, c.target)
	if err != nil {
		return err
	}
	if !newest.Removed() {
		return fault.Conflictf("profile %s was created by another client at the same moment; look at it again", printable.Text(id))
	}
	if err := c.undo.Check(id, newest.Revision, true); err != nil {
		return err
	}
	earlier, err := c.earlier(ctx, s, id, newest.Revision)
	if err == nil && earlier == nil {
		err = c.target.NotFound()
	}
	if err != nil {
		return err
	}
	result, err := update(ctx, s, c.undo.Name, snap, store.Edit{
		Query:  c.query,
		Pick:   func(snap *store.Snapshot) (*profile.Profile, error) { return c.target.Recreate(snap, earlier) },
		Force:  c.flags.force,
		Once:   true,
		DryRun: c.flags.dryRun,
		Change: func(*store.Snapshot, *profile.Profile) error { return nil },
	})
	if err != nil {
		return err
	}
	return c.print(ctx, s, result, newest.Revision, earlier.Revision)
}

// undoView is what became of an undo, for -o json and -o yaml.
type undoView struct {
	render.ChangeView
	Undone   int64 `json:"undone"`             // the revision that was the newest
	Restored int64 `json:"restored,omitempty"` // the one that was restored; none is the time before the creation
}

// print prints the outcome and the difference. restored is 0 if the profile is removed.
func (c *profileUndo) print(ctx context.Context, s *session, r store.Result, undone, restored int64) error {
	done := edited{name: c.undo.Name, result: r, gone: restored == 0}
	difference, err := changeOf(ctx, s, c.flags, done)
	if err != nil {
		return err
	}
	if !c.flags.dryRun {
		s.app.out.Saved = "the change was saved, but "
	}
	outcome := past.Outcome{Name: done.name, Undone: undone, Restored: restored, Revision: r.Profile.Revision, DryRun: c.flags.dryRun}
	view := undoView{
		ChangeView: render.ChangeView{EditView: render.Edit(done.name, r), DryRun: c.flags.dryRun, Diff: difference.Lines()},
		Undone:     undone, Restored: restored,
	}
	if err := s.app.out.Print(outcome.Text()+difference.Text(s.app.io.color()), view); err != nil {
		return err
	}
	return c.flags.answer(r.Changed)
}
