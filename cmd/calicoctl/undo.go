package main

import (
	"context"
	"errors"
	"fmt"

	"github.com/calicoctl/calicoctl/internal/cli"

	"github.com/spf13/cobra"

	"github.com/calicoctl/calicoctl/internal/names"
	"github.com/calicoctl/calicoctl/internal/printable"
	"github.com/calicoctl/calicoctl/internal/render"
	"github.com/calicoctl/calicoctl/pkg/fault"
	"github.com/calicoctl/calicoctl/pkg/profile"
	"github.com/calicoctl/calicoctl/pkg/store"
)

func undoCommand(a *app) *cobra.Command {
	u := &undoing{app: a}
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
			if err := u.flags.check(cmd, a); err != nil {
				return err
			}
			if cmd.Flags().Changed("to-revision") {
				var ok bool
				if u.to, ok = positive(to); !ok {
					return cli.Usagef("--to-revision: expected a revision as history prints it, got %q", to)
				}
			}
			return inSession(cmd.Context(), a, u.run)
		},
	}
	u.flags.add(cmd, a)
	cmd.Flags().StringVar(&to, "to-revision", "", "restore this `REVISION` from history")
	return cmd
}

// An undoing is one use of profile undo.
type undoing struct {
	app    *app
	flags  editFlags
	to     int64 // the revision asked for; 0 is the one before the newest
	target names.Target
	undone int64 // the newest revision
}

func (u *undoing) run(ctx context.Context, s *session) (err error) {
	if err = s.names.Need(u.app.flags.profile); err != nil {
		return err
	}
	if u.target, err = s.names.Target(u.app.flags.profile); err != nil {
		return err
	}
	query := store.Query{Profiles: u.target.AllIDs(), Prefixes: u.target.Prefixes(), Lock: true, V1: true}
	snap, err := s.store.Read(ctx, query)
	if err != nil {
		return err
	}
	id, err := u.target.Existing(snap)
	switch {
	case errors.Is(err, fault.ErrNotFound):
		return u.revive(ctx, s, query, snap)
	case err != nil:
		return err
	}
	p, err := snap.Profile(id)
	if err == nil {
		err = p.Editable(u.flags.force)
	}
	if err != nil {
		return err
	}
	u.undone = p.Revision
	if err := u.stillAt(p.ID, "is"); err != nil {
		return err
	}
	earlier, err := u.earlier(ctx, s, p.ID)
	if u.to == 0 && errors.Is(err, fault.ErrNotFound) {
		return u.uncreate(ctx, s)
	}
	if err != nil {
		return err
	}
	return u.restore(ctx, s, query, snap, earlier)
}

// stillAt refuses to undo another revision than the one that is meant.
func (u *undoing) stillAt(id, stands string) error {
	if u.flags.ifRevision != 0 && u.flags.ifRevision != u.undone {
		return fault.Conflictf("profile %s %s at revision %d, not %d; look at it again", printable.Text(id), stands, u.undone, u.flags.ifRevision)
	}
	return nil
}

// earlier returns the profile as it is to be again.
func (u *undoing) earlier(ctx context.Context, s *session, id string) (*profile.Profile, error) {
	at := u.to
	if at == 0 {
		at = u.undone - 1
	}
	v, err := s.store.VersionAt(ctx, id, at)
	look := fmt.Sprintf("\"calicoctl profile %s history\" lists its revisions", printable.Text(u.app.flags.profile))
	switch {
	case u.to != 0 && errors.Is(err, fault.ErrNotFound):
		return nil, &fault.Error{Kind: fault.ErrNotFound, Text: err.Error() + "; " + look}
	case errors.Is(err, fault.ErrRefused):
		return nil, fault.Refusedf("%v; %s", err, look)
	case err != nil:
		return nil, err
	case u.to != 0 && v.Revision != u.to:
		return nil, fault.Refusedf("revision %d is not one of profile %s, which was then at revision %d; %s",
			u.to, printable.Text(id), v.Revision, look)
	}
	return v.Profile, nil
}

// restore gives the profile rules and tags of an earlier version.
func (u *undoing) restore(ctx context.Context, s *session, query store.Query, snap *store.Snapshot, earlier *profile.Profile) error {
	result, err := update(ctx, s, u.app.flags.profile, snap, store.Edit{
		Query:      query,
		Pick:       u.target.PickOf,
		IfRevision: u.undone,
		Force:      u.flags.force,
		Once:       true,
		DryRun:     u.flags.dryRun,
		Change: func(_ *store.Snapshot, p *profile.Profile) error {
			if err := profile.Restore(p, earlier); err != nil || p.Changed() {
				return err
			}
			return u.nothingToDo(p, earlier)
		},
	})
	if err != nil {
		return s.names.InError(ctx, s.store, err, nil)
	}
	u.app.msg.Invalid(result.Profile)
	return u.report(ctx, s, result, earlier.Revision)
}

// nothingToDo says that an undo would change nothing.
func (u *undoing) nothingToDo(p, earlier *profile.Profile) error {
	name := printable.Text(p.ID)
	if u.to == 0 {
		return fault.Refusedf("revision %d of profile %s changed neither rules nor tags; "+
			"--to-revision brings an older one back", u.undone, name)
	}
	return fault.Refusedf("profile %s has the rules and tags of revision %d already", name, earlier.Revision)
}

// uncreate removes a profile whose newest revision is its creation.
func (u *undoing) uncreate(ctx context.Context, s *session) error {
	u.flags.ifRevision = u.undone
	result, err := removeProfile(ctx, s, u.flags, u.target, false)
	if err != nil {
		return withAdvice(err, fmt.Sprintf("\"calicoctl profile remove %s --no-check\" removes it all the same", printable.Text(u.app.flags.profile)))
	}
	return u.report(ctx, s, result, 0)
}

// revive brings a removed profile back.
func (u *undoing) revive(ctx context.Context, s *session, query store.Query, snap *store.Snapshot) error {
	id, newest, err := whoseOnce(ctx, s, u.target)
	if err != nil {
		return err
	}
	if !newest.Removed() {
		return fault.Conflictf("profile %s was created by another client at the same moment; look at it again", printable.Text(id))
	}
	u.undone = newest.Revision
	if err := u.stillAt(id, "was removed"); err != nil {
		return err
	}
	earlier, err := u.earlier(ctx, s, id)
	if err != nil {
		return err
	}
	result, err := update(ctx, s, u.app.flags.profile, snap, store.Edit{
		Query:  query,
		Pick:   func(snap *store.Snapshot) (*profile.Profile, error) { return u.target.Revive(snap, earlier) },
		Force:  u.flags.force,
		Once:   true,
		DryRun: u.flags.dryRun,
		Change: func(*store.Snapshot, *profile.Profile) error { return nil },
	})
	if err != nil {
		return err
	}
	return u.report(ctx, s, result, earlier.Revision)
}

// undoView is what became of an undo, for -o json and -o yaml.
type undoView struct {
	render.ChangeView
	Undone   int64 `json:"undone"`             // the revision that was the newest
	Restored int64 `json:"restored,omitempty"` // the one that was brought back; none is the time before the creation
}

// report prints which revision is as which other was, and the difference.
func (u *undoing) report(ctx context.Context, s *session, r store.Result, restored int64) error {
	done := edited{name: u.app.flags.profile, result: r, gone: restored == 0}
	c, err := changeOf(ctx, s, u.flags, done)
	if err != nil {
		return err
	}
	if !u.flags.dryRun {
		u.app.out.Saved = "the change was saved, but "
	}
	view := undoView{
		ChangeView: render.ChangeView{EditView: render.Edit(done.name, r), DryRun: u.flags.dryRun, Diff: c.Lines()},
		Undone:     u.undone, Restored: restored,
	}
	if err := u.app.out.Print(u.said(r, restored)+c.Text(u.app.io.color()), view); err != nil {
		return err
	}
	return u.flags.answer(r.Changed)
}

// said says which revision is as which other was.
func (u *undoing) said(r store.Result, restored int64) string {
	name := printable.Text(u.app.flags.profile)
	switch now := r.Profile.Revision; {
	case restored == 0 && u.flags.dryRun:
		return fmt.Sprintf("Profile %s would be removed, as it was not there before revision %d:\n", name, u.undone)
	case restored == 0:
		return fmt.Sprintf("Profile %s is removed at revision %d, as it was not there before revision %d:\n", name, now, u.undone)
	case u.flags.dryRun:
		return fmt.Sprintf("Profile %s would be as it was at revision %d:\n", name, restored)
	default:
		return fmt.Sprintf("Profile %s is at revision %d as it was at revision %d:\n", name, now, restored)
	}
}
