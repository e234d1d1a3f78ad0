package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/spf13/cobra"

	"github.com/calicoctl/calicoctl/internal/brief"
	"github.com/calicoctl/calicoctl/internal/names"
	"github.com/calicoctl/calicoctl/internal/printable"
	"github.com/calicoctl/calicoctl/pkg/fault"
	"github.com/calicoctl/calicoctl/pkg/store"
)

// A safetyCatch is --confirm-within: an edit is taken back unless somebody who can
// still use the terminal confirms it. What may take away the terminal must not take
// away the catch, so that from the beginning of the edit on no signal ends the
// program but the one that cannot be caught.
type safetyCatch struct {
	within  time.Duration // 0 when there is no catch
	signals chan os.Signal
	edits   []caughtEdit // what was saved, or may have been, in this order
}

// A caughtEdit is an edit that is to be confirmed.
type caughtEdit struct {
	name    string // of the profile
	result  store.Result
	unknown *store.UnknownOutcomeError // when it is not known whether it was saved
}

func (c *safetyCatch) addFlags(cmd *cobra.Command) {
	cmd.Flags().DurationVar(&c.within, "confirm-within", 0, "take the edit back unless Enter is pressed within this `TIME`, such as 60s")
}

// arm sets the catch, if it was asked for.
func (c *safetyCatch) arm(cmd *cobra.Command, dry bool) error {
	switch {
	case !cmd.Flags().Changed("confirm-within"):
		return nil
	case dry:
		return usagef("--confirm-within does not go with --dry-run, which saves nothing")
	case c.within < time.Second:
		return usagef("--confirm-within: expected a time of a second or more, such as 60s, got %s", c.within)
	}
	c.signals = make(chan os.Signal, 16)
	signal.Notify(c.signals, os.Interrupt, syscall.SIGTERM, syscall.SIGHUP, syscall.SIGQUIT)
	// A broken terminal or pipe is an error of writing, and not the end.
	signal.Notify(make(chan os.Signal, 1), syscall.SIGPIPE)
	return nil
}

// needsInput refuses a catch where standard input is a document.
func (c *safetyCatch) needsInput(isDocument bool) error {
	if c.within > 0 && isDocument {
		return usagef("--confirm-within reads the answer from standard input; give the document with -f FILE")
	}
	return nil
}

// guard returns a context that also ends by the signals that the program would
// otherwise not survive.
func (c *safetyCatch) guard(ctx context.Context) (context.Context, context.CancelFunc) {
	if c.within == 0 {
		return ctx, func() {}
	}
	return signal.NotifyContext(ctx, syscall.SIGHUP, syscall.SIGQUIT)
}

// forget forgets the signals that were meant for an editor.
func (c *safetyCatch) forget() {
	for len(c.signals) > 0 {
		<-c.signals
	}
}

// note takes note of what became of an edit.
func (c *safetyCatch) note(name string, r store.Result, err error) {
	edit := caughtEdit{name: name, result: r}
	if c.within > 0 && (r.Changed && err == nil || errors.As(err, &edit.unknown)) {
		c.edits = append(c.edits, edit)
	}
}

// update is the store's Update for what a command writes.
func (s *session) update(ctx context.Context, name string, snap *store.Snapshot, e store.Edit) (store.Result, error) {
	e.Reversible = s.app.catch.within > 0
	result, err := s.store.Update(ctx, snap, e)
	if !e.DryRun {
		s.app.catch.note(name, result, err)
	}
	return result, err
}

// updateTags is update for an edit with tags.
func (s *session) updateTags(ctx context.Context, name string, tags *names.Tags, e store.Edit) (store.Result, error) {
	e.Reversible = s.app.catch.within > 0
	result, err := tags.Update(ctx, s.store, e)
	if !e.DryRun {
		s.app.catch.note(name, result, err)
	}
	return result, err
}

// finish prints what is to be printed, lets the edits be confirmed or takes them
// back, and returns the exit code. failed is why the command did not do all that it
// should.
func (a *app) finish(failed error) int {
	err := &patientWriter{out: a.stderr, queue: make(chan []byte, 64), broken: make(chan error, 1)}
	go err.run()
	a.stderr = err
	defer err.drain()
	defer ignoreJobControl()()
	answer := a.ask(failed, err.broken)
	code := exitNo
	switch {
	case answer.kept && failed == nil:
		a.say("confirmed")
		return exitDone
	case answer.kept:
		a.say("confirmed")
		return exitCode(failed)
	case answer.signalled:
		code = exitInterrupted
	}
	a.say("%s; taking the change back", answer.why)
	var worst error
	for i := len(a.catch.edits) - 1; i >= 0; i-- {
		if err := a.takeBack(a.catch.edits[i]); err != nil {
			worst = err
		}
	}
	switch {
	case errors.Is(worst, errGivenUp):
		return exitUnknown
	case worst != nil:
		return exitConflict
	}
	return code
}

// say prints a line about the catch to standard error.
func (a *app) say(format string, args ...any) {
	fmt.Fprintln(a.stderr, "calicoctl: "+brief.Message(printable.Text(fmt.Sprintf(format, args...))))
}

// errGivenUp says that an edit was not taken back because the user did not want
// to wait for it any more.
var errGivenUp = errors.New("given up")

// takeBack takes an edit back, trying until it is certain what has become of it.
// When a try has failed, Ctrl-C gives up; all other signals are what the catch is
// for.
func (a *app) takeBack(edit caughtEdit) error {
	ctx, giveUp := context.WithCancelCause(context.Background())
	defer giveUp(nil)
	name, stood := printable.Text(edit.name), ""
	if edit.unknown == nil {
		stood = fmt.Sprintf(" before revision %d", edit.result.Profile.Revision)
	}
	for number, told := 0, ""; ; number++ {
		revision, err := a.tryToTakeBack(ctx, edit)
		switch {
		case errors.Is(err, fault.ErrConflict):
			a.say("%v; it is left as it is", err)
			return err
		case err == nil && revision == 0:
			a.say("profile %s is as it was%s", name, stood)
			return nil
		case err == nil:
			a.say("taken back: profile %s is at revision %d as it was%s", name, revision, stood)
			return nil
		case ctx.Err() != nil:
			a.say("given up; look at profile %s, which was changed%s", name, edit.at())
			return errGivenUp
		case told != err.Error():
			told = err.Error()
			a.warn("the change of profile %s could not be taken back yet: %v; trying again until it can, Ctrl-C gives up", name, err)
		}
		if number == 0 {
			a.catch.forget() // what was pressed before this was said
			go a.catch.untilInterrupted(ctx, func() { giveUp(errGivenUp) })
		}
		rest(ctx, number)
	}
}

// at says at which revision an edit was saved, as far as that is known.
func (e caughtEdit) at() string {
	if e.unknown != nil {
		return ", or maybe not"
	}
	return fmt.Sprintf(" at revision %d", e.result.Profile.Revision)
}

// tryTime is how long one try may last at least.
const tryTime = 10 * time.Second

// tryToTakeBack makes one try, on a connection of its own.
func (a *app) tryToTakeBack(ctx context.Context, edit caughtEdit) (revision int64, err error) {
	a.literal = true // the edit knows its keys; Docker need not be asked
	ctx, cancel := context.WithTimeout(ctx, max(a.timeout, tryTime))
	defer cancel()
	s, err := a.connect(ctx)
	if err != nil {
		return 0, err
	}
	defer func() { go func() { _ = s.store.Close() }() }()
	if edit.unknown != nil {
		return s.store.Prevent(ctx, edit.unknown)
	}
	return s.store.TakeBack(ctx, edit.result)
}

// untilInterrupted waits for Ctrl-C.
func (c *safetyCatch) untilInterrupted(ctx context.Context, interrupted func()) {
	for {
		select {
		case <-ctx.Done():
			return
		case s := <-c.signals:
			if s == os.Interrupt {
				interrupted()
				return
			}
		}
	}
}

// rest waits between two tries, longer each time, up to a second.
func rest(ctx context.Context, number int) {
	timer := time.NewTimer(min(50*time.Millisecond<<min(number, 5), time.Second))
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-ctx.Done():
	}
}
