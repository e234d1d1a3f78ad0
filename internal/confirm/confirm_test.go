package confirm_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"os"
	"strings"
	"sync"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/calicoctl/calicoctl/internal/confirm"
	"github.com/calicoctl/calicoctl/pkg/fault"
)

// A brokenWriter is a stream that nobody reads any more.
type brokenWriter struct{}

func (brokenWriter) Write([]byte) (int, error) { return 0, io.ErrClosedPipe }

// rolled returns an edit whose attempts to roll back end with these errors, and then at
// revision.
func rolled(name string, saved, revision int64, failures ...error) confirm.Edit {
	return confirm.Edit{Profile: name, Revision: saved, RollBack: func(context.Context) (int64, error) {
		if len(failures) == 0 {
			return revision, nil
		}
		err := failures[0]
		failures = failures[1:]
		return 0, err
	}}
}

// typing is when an answer is typed.
const typing = 900 * time.Millisecond

// A scene is a request in a bubble whose time is simulated.
type scene struct {
	edits  []confirm.Edit
	stdin  string // typed after typing; empty is nothing, EOF closes it
	signal os.Signal
	at     time.Duration // when the signal comes
	print  error
	report string
	tty    bool
	broken bool // nobody reads stderr
}

// play returns what became of the edits, what stderr shows, and how long it took.
func play(t *testing.T, s scene) (result confirm.Result, shown string, took time.Duration) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		var screen bytes.Buffer
		var out io.Writer = &screen
		if s.broken {
			out = brokenWriter{}
		}
		stderr := confirm.NewWriter(out)
		stdin, keys := io.Pipe()
		signals := make(chan os.Signal, 16)
		var timers sync.WaitGroup
		timers.Go(func() {
			time.Sleep(typing)
			if s.stdin == "EOF" {
				_ = keys.Close()
			} else if s.stdin != "" {
				_, _ = io.WriteString(keys, s.stdin)
			}
		})
		timers.Go(func() {
			time.Sleep(s.at)
			if s.signal != nil {
				signals <- s.signal
			}
		})
		r := confirm.Request{
			Edits: s.edits, Within: time.Minute, Attempt: 10 * time.Second, Signals: signals,
			Program: "calicoctl", Stdin: stdin, Stderr: stderr, Terminal: s.tty,
			Print: func() error { return s.print }, Ready: func() {},
		}
		if s.report != "" {
			r.Report = func() { _, _ = io.WriteString(stderr, s.report+"\n") }
		}
		start := time.Now()
		result = confirm.Run(r)
		took = time.Since(start)
		stderr.Drain()
		_ = stdin.Close()
		_ = keys.Close()
		timers.Wait()
		shown = screen.String()
	})
	return result, shown, took
}

const (
	saved   = "calicoctl: profile web was changed at revision 7\n"
	asked   = saved + "calicoctl: press Enter within 1m to keep it; otherwise it is rolled back\n"
	rolled8 = "calicoctl: rolled back: profile web is at revision 8 as it was before revision 7\n"
)

func TestRun(t *testing.T) {
	t.Parallel()
	web := func(failures ...error) []confirm.Edit { return []confirm.Edit{rolled("web", 7, 8, failures...)} }
	down, conflict := errors.New("etcd is down"), fault.Conflictf("profile web was changed since")
	const notYet = "calicoctl: warning: the change of profile web could not be rolled back yet: etcd is down; retrying until it is, Ctrl-C gives up\n"
	for _, c := range []struct {
		name   string
		scene  scene
		result confirm.Result
		shown  string
		took   time.Duration // 0 is not checked
	}{
		{"Enter", scene{edits: web(), stdin: "\n"}, confirm.Confirmed, asked + "calicoctl: confirmed\n", typing},
		{"yes", scene{edits: web(), stdin: " YES\n"}, confirm.Confirmed, asked + "calicoctl: confirmed\n", typing},
		{
			"another answer",
			scene{edits: web(), stdin: "no\n"},
			confirm.RolledBack,
			asked + "calicoctl: not confirmed (the answer was \"no\"); rolling the change back\n" + rolled8, typing,
		},
		{
			"a long answer",
			scene{edits: web(), stdin: strings.Repeat("y", 5000)},
			confirm.RolledBack,
			asked + "calicoctl: not confirmed (the answer was \"" + strings.Repeat("y", 1000) + "\"); rolling the change back\n" + rolled8, typing,
		},
		{
			"closed stdin",
			scene{edits: web(), stdin: "EOF"},
			confirm.RolledBack,
			asked + "calicoctl: not confirmed (stdin is closed); rolling the change back\n" + rolled8, typing,
		},
		{
			"no answer",
			scene{edits: web()},
			confirm.RolledBack,
			asked + "calicoctl: not confirmed within 1m; rolling the change back\n" + rolled8, time.Minute,
		},
		{
			"a signal",
			scene{edits: web(), signal: syscall.SIGHUP, at: 5 * time.Second},
			confirm.Interrupted,
			asked + "calicoctl: not confirmed (hangup); rolling the change back\n" + rolled8, 5 * time.Second,
		},
		{
			"stdout is closed",
			scene{edits: web(), print: io.ErrClosedPipe},
			confirm.RolledBack,
			"calicoctl: not confirmed (the output could not be written: io: read/write on closed pipe); rolling the change back\n" + rolled8, 0,
		},
		{"stderr is closed", scene{edits: web(), broken: true}, confirm.RolledBack, "", 0},
		{
			"the command failed after the edit",
			scene{edits: web(), stdin: "\n", report: "calicoctl: no more"},
			confirm.Confirmed,
			"calicoctl: no more\n" + asked + "calicoctl: confirmed\n", 0,
		},
		{
			"an unknown outcome",
			scene{edits: []confirm.Edit{rolled("web", 0, 8)}, report: "calicoctl: no answer"},
			confirm.RolledBack,
			"calicoctl: no answer\ncalicoctl: it is not known whether the change was saved; rolling the change back\n" +
				"calicoctl: rolled back: profile web is at revision 8 as it was\n", 0,
		},
		{
			"nothing had to be done",
			scene{edits: []confirm.Edit{rolled("web", 7, 0)}, stdin: "EOF"},
			confirm.RolledBack,
			asked + "calicoctl: not confirmed (stdin is closed); rolling the change back\ncalicoctl: profile web is as it was before revision 7\n", 0,
		},
		{
			"another client has edited it",
			scene{edits: web(conflict), stdin: "EOF"},
			confirm.Conflict,
			asked + "calicoctl: not confirmed (stdin is closed); rolling the change back\ncalicoctl: profile web was changed since; it is left as it is\n", 0,
		},
		{
			"an attempt fails, and the third succeeds",
			scene{edits: web(down, down), stdin: "EOF"},
			confirm.RolledBack,
			asked + "calicoctl: not confirmed (stdin is closed); rolling the change back\n" + notYet + rolled8, typing + 150*time.Millisecond,
		},
		{
			"given up",
			scene{edits: web(down, down, down, down, down, down, down, down, down), stdin: "EOF", signal: os.Interrupt, at: 2 * time.Second},
			confirm.GivenUp,
			asked + "calicoctl: not confirmed (stdin is closed); rolling the change back\n" + notYet +
				"calicoctl: given up; look at profile web, which was changed at revision 7\n", 2 * time.Second,
		},
		{
			"several, the last one first",
			scene{edits: []confirm.Edit{rolled("a", 5, 9), rolled("b\x1b", 6, 8)}, stdin: "EOF"},
			confirm.RolledBack,
			"calicoctl: profile a was changed at revision 5\ncalicoctl: profile b\\x1b was changed at revision 6\n" +
				"calicoctl: press Enter within 1m to keep it; otherwise it is rolled back\n" +
				"calicoctl: not confirmed (stdin is closed); rolling the change back\n" +
				"calicoctl: rolled back: profile b\\x1b is at revision 8 as it was before revision 6\n" +
				"calicoctl: rolled back: profile a is at revision 9 as it was before revision 5\n", 0,
		},
		{
			"a terminal",
			scene{edits: web(), stdin: "\n", tty: true},
			confirm.Confirmed,
			saved + "\rcalicoctl: press Enter within 1m to keep it; otherwise it is rolled back \x1b[K\r\x1b[Kcalicoctl: confirmed\n", 0,
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			result, shown, took := play(t, c.scene)
			if result != c.result || c.took != 0 && took != c.took {
				t.Errorf("result %d after %s, want %d after %s", result, took, c.result, c.took)
			}
			if diff := cmp.Diff(c.shown, shown); diff != "" {
				t.Errorf("stderr (-want +got):\n%s", diff)
			}
		})
	}
}

// The line of a terminal counts down.
func TestCountdown(t *testing.T) {
	t.Parallel()
	_, shown, _ := play(t, scene{edits: []confirm.Edit{rolled("web", 7, 8)}, tty: true})
	for _, want := range []string{"\rcalicoctl: press Enter within 59s to keep it", "\rcalicoctl: press Enter within 1s to keep it"} {
		if !strings.Contains(shown, want) {
			t.Errorf("%q is missing in %q", want, shown)
		}
	}
}

// A terminal that accepts no output delays nothing.
func TestHeldUpTerminal(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		screen, held := io.Pipe() // nobody reads it
		stderr := confirm.NewWriter(held)
		stdin, keys := io.Pipe()
		result := confirm.Run(confirm.Request{
			Edits: []confirm.Edit{rolled("web", 7, 8)}, Within: time.Minute, Attempt: time.Second,
			Stdin: stdin, Stderr: stderr, Print: func() error { return nil }, Ready: func() {},
		})
		if result != confirm.RolledBack {
			t.Errorf("result %d", result)
		}
		stderr.Drain()
		_, _, _ = screen.Close(), stdin.Close(), keys.Close()
		stderr.Drain() // its goroutine ends
	})
}
