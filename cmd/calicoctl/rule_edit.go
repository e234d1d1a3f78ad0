package main

import (
	"context"
	"errors"
	"maps"
	"os"
	"os/signal"
	"syscall"

	"github.com/calicoctl/calicoctl/internal/cli"
	"github.com/calicoctl/calicoctl/internal/editor"

	"github.com/spf13/cobra"

	"github.com/calicoctl/calicoctl/internal/names"
	"github.com/calicoctl/calicoctl/internal/printable"
	"github.com/calicoctl/calicoctl/internal/render"
	"github.com/calicoctl/calicoctl/pkg/fault"
	"github.com/calicoctl/calicoctl/pkg/profile"
	"github.com/calicoctl/calicoctl/pkg/rules"
	"github.com/calicoctl/calicoctl/pkg/store"
)

func ruleEditCommand(a *app) *cobra.Command {
	e := &ruleEdit{app: a, seen: map[int64]*profile.Profile{}}
	cmd := &cobra.Command{
		Use:         "edit",
		Short:       "Edit rules and tags in an editor",
		Annotations: map[string]string{"usage": "calicoctl profile NAME rule edit [flags]"},
		Long: `Opens an editor ($VISUAL, else $EDITOR, else vi) with the text of "profile export",
and applies the text that you save. If the text has an error, or another client has
changed the profile, the editor opens again with the reason at the top. Quit without
a change to change nothing.`,
		Example: "  EDITOR=nano calicoctl profile databases rule edit",
		Args:    cli.NoArguments,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := e.flags.check(cmd, a); err != nil {
				return err
			}
			return e.run(cmd.Context())
		},
	}
	e.flags.add(cmd, a)
	return cmd
}

// A ruleEdit is a use of rule edit.
type ruleEdit struct {
	app      *app
	flags    editFlags
	editor   editor.Editor
	file     *editor.File
	name     string                     // of the profile in the text
	first    string                     // the text as it was first opened
	opened   *profile.Profile           // as it was then
	networks map[string]string          // that are named in it
	seen     map[int64]*profile.Profile // as it was at revisions that the user has seen
}

// run edits until the text is applied or left as it is. It keeps a text that could not
// be applied.
func (e *ruleEdit) run(ctx context.Context) error {
	command, err := editor.Choose(e.app.io.getenv, e.app.io.stdin)
	if err != nil {
		return cli.Usagef("%v; set EDITOR to an editor, or use rule show and rule apply", err)
	}
	e.editor = editor.Editor{Command: command, Stdin: e.app.io.stdin, Stdout: e.app.io.stdout, Stderr: e.app.msg.Out}
	if err := inSession(ctx, e.app, e.read); err != nil {
		return err
	}
	defer editor.CatchSignals()()
	if e.file, err = editor.Create(); err != nil {
		return err
	}
	return e.untilApplied(context.WithoutCancel(ctx)) // see inTime
}

// maxTries bounds how often a text is opened: an editor that is a program may make the
// same mistake each time.
const maxTries = 20

func (e *ruleEdit) untilApplied(ctx context.Context) error {
	text, reason := e.first, error(nil)
	for try := 1; ; try++ {
		saved, err := e.file.Edit(e.editor, text, e.reasonText(reason))
		switch {
		case err != nil:
			return e.keep(saved, err)
		case saved == text && reason == nil:
			return errors.Join(e.leave(), e.unchanged())
		case saved == text:
			return e.keep(saved, reason)
		}
		var differs bool
		differs, reason = e.apply(ctx, saved)
		text = saved
		switch {
		case differs && e.flags.dryRun:
			return e.keep(saved, reason)
		case reason == nil:
			return e.file.Remove()
		}
		if !correctable(reason) || try == maxTries {
			return e.keep(saved, reason)
		}
	}
}

// unchanged prints that the profile stays as it is.
func (e *ruleEdit) unchanged() error {
	done := edited{name: e.app.flags.profile, text: "Nothing was changed.\n", result: store.Result{Profile: e.opened}}
	return printChange(e.app, e.flags, done, nil)
}

// correctable reports whether another text may be applied where this one was not.
func correctable(reason error) bool {
	switch exitCode(reason) {
	case exitUsage, exitConflict:
		return true
	case exitRefused:
		return !errors.Is(reason, fault.ErrLocked) && !errors.Is(reason, fault.ErrDenied)
	}
	return false
}

// keep keeps a text that was not applied, and says where.
func (e *ruleEdit) keep(text string, err error) error {
	if text == e.first {
		_ = e.file.Remove() // the editor may have done so
		return err
	}
	if kerr := e.file.Keep(text); kerr != nil {
		return errors.Join(err, kerr)
	}
	var wrong *fileError
	if errors.As(err, &wrong) {
		wrong.file = e.file.Path
	}
	e.app.msg.Printf("the text is kept in %s", e.file.Path)
	return err
}

// leave ends an edit that changes nothing. The file stays if the editor may still have
// it open, because the user may save it there.
func (e *ruleEdit) leave() error {
	if !e.file.ReturnedAtOnce() {
		return e.file.Remove()
	}
	e.app.msg.Printf("the editor %q returned at once; if it goes on in the background, give it the option that makes it wait, "+
		"such as --wait. What you save is not applied, but kept in %s; \"calicoctl profile apply -f FILE\" applies it",
		e.editor.Command, e.file.Path)
	return nil
}

// read reads the profile, and makes a text of it.
func (e *ruleEdit) read(ctx context.Context, s *session) error {
	if err := s.names.Need(e.app.flags.profile); err != nil {
		return err
	}
	profiles, err := s.named(ctx, []string{e.app.flags.profile})
	if err != nil {
		return err
	}
	shown, err := s.names.ShownIn(ctx, s.store, nil, profiles...)
	if err != nil {
		return err
	}
	shown.Portable = true
	p := profiles[0]
	if err := p.Editable(e.flags.force); err != nil {
		return err
	}
	if known := e.flags.ifRevision; known != 0 && known != p.Revision {
		return fault.Conflictf("profile %s is at revision %d, not %d; look at it again", printable.Text(p.ID), p.Revision, known)
	}
	if err := s.names.Need(names.TagsIn(p)...); err != nil {
		return err
	}
	s.app.msg.Invalid(p)
	e.flags.ifRevision = 0 // from here on the text says the revision
	e.name, e.opened, e.seen[p.Revision] = shown.Name(p.ID), p, p
	e.first, e.networks = editingHelp()+render.Export(p, shown), shown.NetworksIn(p)
	return shown.Unambiguous(p)
}

// inTime is inSession after the user has edited: the command's time starts anew, and
// Ctrl-C ends the command.
func (e *ruleEdit) inTime(ctx context.Context, work func(context.Context, *session) error) error {
	e.app.confirmation.forget() // the signals were for the editor
	ctx, stop := signal.NotifyContext(ctx, os.Interrupt, syscall.SIGTERM)
	defer stop()
	return inSession(ctx, e.app, work)
}

// apply makes the profile what a text says. It reports whether that makes a
// difference.
func (e *ruleEdit) apply(ctx context.Context, text string) (differs bool, err error) {
	list, err := rules.ParseProfiles(text, rules.AsStored)
	if err != nil {
		return false, (&listingFile{app: e.app}).wrong(err)
	}
	if len(list) != 1 || list[0].Name != e.name {
		return false, cli.Usagef("the text must be about profile %s alone", printable.Text(e.name))
	}
	listing := list[0]
	listing.Name = e.app.flags.profile
	if listing.Revision == 0 {
		listing.Revision = e.opened.Revision
	}
	listing.Networks = e.stillMeant(listing.Networks)
	err = e.inTime(ctx, func(ctx context.Context, s *session) error {
		result, err := applyListing(ctx, s, e.flags, listing, applyOptions(e.app, e.flags))
		if errors.Is(err, fault.ErrConflict) {
			return e.overtaken(ctx, s, listing.Revision, err)
		}
		if err != nil {
			return err
		}
		differs = result.Changed
		return printDifference(ctx, s, e.flags, edited{name: listing.Name, result: result})
	})
	return differs, err
}

// stillMeant adds to the networks that a text names those whose lines the user has
// removed, perhaps with other comments.
func (e *ruleEdit) stillMeant(named map[string]string) map[string]string {
	networks := maps.Clone(e.networks)
	maps.Copy(networks, named)
	return networks
}

// An overtakenError says what another client has made of the profile since a
// revision that the text is based on.
type overtakenError struct {
	conflict error
	others   string // the difference
	revision int64  // now
}

func (e *overtakenError) Error() string { return e.conflict.Error() }

func (e *overtakenError) Unwrap() error { return e.conflict }

// overtaken finds out what another client has changed.
func (e *ruleEdit) overtaken(ctx context.Context, s *session, based int64, conflict error) error {
	now, err := s.named(ctx, []string{e.app.flags.profile})
	if err != nil || now[0].Revision == based {
		return conflict // it is about something else
	}
	base := e.seen[based]
	if base == nil {
		base = e.opened
	}
	c, err := s.difference(ctx, e.name, base, now[0])
	if err != nil {
		return conflict
	}
	e.seen[now[0].Revision] = now[0]
	return &overtakenError{conflict: conflict, others: c.Text(false), revision: now[0].Revision}
}
