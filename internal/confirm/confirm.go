// Package confirm keeps edits only if the user confirms them in time, and rolls them back
// otherwise (commit-confirm). An edit of firewall policy may take away the terminal of the
// user who made it. So what can take away the terminal never keeps an edit: a signal, a
// lost stream and a terminal that accepts no output all end in the roll-back.
//
// The package knows neither etcd nor the process: streams, signals and the way to roll an
// edit back are passed to it.
package confirm

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"time"

	"github.com/calicoctl/calicoctl/internal/brief"
	"github.com/calicoctl/calicoctl/internal/printable"
	"github.com/calicoctl/calicoctl/pkg/fault"
)

// An Edit is to be confirmed.
type Edit struct {
	Profile  string // its name
	Revision int64  // at which the edit was saved; 0 when it is unknown whether it was

	// RollBack makes one attempt to roll the edit back. It returns the revision at which
	// that was saved, and 0 when nothing had to be done. It is not retried after
	// fault.ErrConflict, which says that another client has edited the profile since.
	RollBack func(context.Context) (revision int64, err error)
}

// A Request is what is to be confirmed, and how.
type Request struct {
	Edits   []Edit        // in the order in which they were saved
	Within  time.Duration // from the call of Run
	Attempt time.Duration // how long one attempt to roll back may take
	Signals <-chan os.Signal

	Program  string // begins each line on Stderr
	Stdin    io.Reader
	Stderr   *Writer
	Terminal bool // whether Stderr is a terminal, on which the time counts down

	Print  func() error // prints the output of the command; it may block
	Report func()       // prints why the command failed; nil when it has not
	Ready  func()       // is called before the answer is read
}

// A Result is what became of the edits.
type Result int

// The results.
const (
	Confirmed   Result = iota
	RolledBack         // because they were not confirmed
	Interrupted        // rolled back because of a signal
	Conflict           // not confirmed, and not all rolled back: another client has edited a profile since
	GivenUp            // not confirmed, and not all rolled back: the user did not wait for it
)

// Run asks for the confirmation, and rolls the edits back, the last one first, unless it
// gets one.
func Run(r Request) Result {
	a := r.ask()
	if a.confirmed {
		r.say("confirmed")
		return Confirmed
	}
	r.say("%s; rolling the change back", a.why)
	result := RolledBack
	if a.signaled {
		result = Interrupted
	}
	for i := len(r.Edits) - 1; i >= 0; i-- {
		switch err := r.rollBack(r.Edits[i]); {
		case errors.Is(err, errGivenUp):
			result = GivenUp
		case err != nil && result != GivenUp:
			result = Conflict
		}
	}
	return result
}

// say prints a line to stderr.
func (r *Request) say(format string, args ...any) {
	fmt.Fprintln(r.Stderr, r.Program+": "+brief.Message(printable.Text(fmt.Sprintf(format, args...))))
}

// errGivenUp says that the user did not want to wait for a roll-back any more.
var errGivenUp = errors.New("given up")

// rollBack rolls an edit back, and retries until its outcome is known. After the first
// attempt that failed, Ctrl-C gives up; other signals do not.
func (r *Request) rollBack(e Edit) error {
	ctx, giveUp := context.WithCancelCause(context.Background())
	defer giveUp(nil)
	before, at := "", ", or maybe not"
	if e.Revision != 0 {
		before, at = fmt.Sprintf(" before revision %d", e.Revision), fmt.Sprintf(" at revision %d", e.Revision)
	}
	for attempt, told := 0, ""; ; attempt++ {
		revision, err := r.attempt(ctx, e)
		switch {
		case errors.Is(err, fault.ErrConflict):
			r.say("%v; it is left as it is", err)
			return err
		case err == nil && revision == 0:
			r.say("profile %s is as it was%s", e.Profile, before)
			return nil
		case err == nil:
			r.say("rolled back: profile %s is at revision %d as it was%s", e.Profile, revision, before)
			return nil
		case ctx.Err() != nil:
			r.say("given up; look at profile %s, which was changed%s", e.Profile, at)
			return errGivenUp
		case told != err.Error():
			told = err.Error()
			r.say("warning: the change of profile %s could not be rolled back yet: %v; retrying until it is, Ctrl-C gives up", e.Profile, err)
		}
		if attempt == 0 {
			Drain(r.Signals) // those from before this message
			go untilInterrupted(ctx, r.Signals, func() { giveUp(errGivenUp) })
		}
		pause(ctx, attempt)
	}
}

func (r *Request) attempt(ctx context.Context, e Edit) (revision int64, err error) {
	ctx, cancel := context.WithTimeout(ctx, r.Attempt)
	defer cancel()
	return e.RollBack(ctx)
}

// Drain drops the signals that have come.
func Drain(signals <-chan os.Signal) {
	for len(signals) > 0 {
		<-signals
	}
}

// untilInterrupted calls interrupted at Ctrl-C.
func untilInterrupted(ctx context.Context, signals <-chan os.Signal, interrupted func()) {
	for {
		select {
		case <-ctx.Done():
			return
		case s := <-signals:
			if s == os.Interrupt {
				interrupted()
				return
			}
		}
	}
}

// pause waits between two attempts, longer each time, up to a second.
func pause(ctx context.Context, attempt int) {
	timer := time.NewTimer(min(50*time.Millisecond<<min(attempt, 5), time.Second))
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-ctx.Done():
	}
}
