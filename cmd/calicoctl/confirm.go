package main

import (
	"context"
	"errors"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/calicoctl/calicoctl/internal/cli"

	"github.com/spf13/cobra"
	"golang.org/x/term"

	"github.com/calicoctl/calicoctl/internal/confirm"
	"github.com/calicoctl/calicoctl/internal/tty"
	"github.com/calicoctl/calicoctl/pkg/store"
)

// A confirmation is --confirm-within: an edit is rolled back unless the user confirms it.
// From the beginning of the edit on, no signal ends the program but the one that cannot
// be caught.
type confirmation struct {
	within  time.Duration // 0 when no edit is to be confirmed
	signals chan os.Signal
	edits   []unconfirmedEdit // what was saved, or may have been, in this order
}

// An unconfirmedEdit is an edit that is to be confirmed.
type unconfirmedEdit struct {
	name    string // of the profile
	result  store.Result
	unknown *store.UnknownOutcomeError // when it is not known whether it was saved
}

func (c *confirmation) addFlags(cmd *cobra.Command) {
	cmd.Flags().DurationVar(&c.within, "confirm-within", 0, "roll back unless Enter is pressed within this `TIME`, such as 60s")
}

// arm catches the signals, if edits are to be confirmed.
func (c *confirmation) arm(cmd *cobra.Command, dry bool) error {
	switch {
	case !cmd.Flags().Changed("confirm-within"):
		return nil
	case dry:
		return cli.Usagef("--confirm-within does not go with --dry-run, which saves nothing")
	case c.within < time.Second:
		return cli.Usagef("--confirm-within: expected a time of a second or more, such as 60s, got %s", c.within)
	}
	c.signals = make(chan os.Signal, 16)
	signal.Notify(c.signals, os.Interrupt, syscall.SIGTERM, syscall.SIGHUP, syscall.SIGQUIT)
	// A broken terminal or pipe is an error of writing, and does not end the program.
	signal.Notify(make(chan os.Signal, 1), syscall.SIGPIPE)
	return nil
}

// needsInput rejects --confirm-within where stdin is a document.
func (c *confirmation) needsInput(isDocument bool) error {
	if c.within > 0 && isDocument {
		return cli.Usagef("--confirm-within reads the answer from stdin; give the document with -f FILE")
	}
	return nil
}

// guard returns a context that also ends by the signals that the program would
// otherwise not survive.
func (c *confirmation) guard(ctx context.Context) (context.Context, context.CancelFunc) {
	if c.within == 0 {
		return ctx, func() {}
	}
	return signal.NotifyContext(ctx, syscall.SIGHUP, syscall.SIGQUIT)
}

// forget drops the signals that were meant for an editor.
func (c *confirmation) forget() {
	confirm.Drain(c.signals)
}

// note notes what became of an edit.
func (c *confirmation) note(name string, r store.Result, err error) {
	edit := unconfirmedEdit{name: name, result: r}
	if c.within > 0 && (r.Changed && err == nil || errors.As(err, &edit.unknown)) {
		c.edits = append(c.edits, edit)
	}
}

// confirm prints the output, lets the edits be confirmed or rolls them back, and returns
// the exit code. failed is why the command did not do all that it should.
func (a *app) confirm(failed error) int {
	file, ok := a.msg.Out.(*os.File)
	stderr := confirm.NewWriter(a.msg.Out)
	a.msg.Out = stderr
	defer stderr.Drain()
	defer tty.IgnoreJobControl()()
	r := confirm.Request{
		Within: a.confirmation.within, Attempt: max(a.flags.timeout, minAttempt), Signals: a.confirmation.signals,
		Program: "calicoctl", Stdin: a.io.stdin, Stderr: stderr, Terminal: ok && term.IsTerminal(int(file.Fd())),
		Print: func() error {
			_, err := a.io.stdout.Write(a.out.Bytes())
			return err
		},
		Ready: func() { tty.DropTypedAhead(a.io.stdin) },
	}
	if failed != nil {
		r.Report = func() { a.explain(failed) }
	}
	for _, e := range a.confirmation.edits {
		r.Edits = append(r.Edits, a.unconfirmed(e))
	}
	switch confirm.Run(r) {
	case confirm.Confirmed:
		if failed == nil {
			return exitDone
		}
		return exitCode(failed)
	case confirm.Interrupted:
		return exitInterrupted
	case confirm.Conflict:
		return exitConflict
	case confirm.GivenUp:
		return exitUnknown
	}
	return exitNo
}

// minAttempt is the least time for one attempt to roll back.
const minAttempt = 10 * time.Second

// unconfirmed returns an edit whose attempts to roll back have a connection of their own.
func (a *app) unconfirmed(e unconfirmedEdit) confirm.Edit {
	edit := confirm.Edit{Profile: e.name, RollBack: func(ctx context.Context) (int64, error) {
		a.flags.literal = true // the edit knows its keys; Docker need not be asked
		s, err := a.connect(ctx)
		if err != nil {
			return 0, err
		}
		defer func() { go func() { _ = s.store.Close() }() }()
		if e.unknown != nil {
			return s.store.RollBackUnknown(ctx, e.unknown)
		}
		return s.store.RollBack(ctx, e.result)
	}}
	if e.unknown == nil {
		edit.Revision = e.result.Profile.Revision
	}
	return edit
}
