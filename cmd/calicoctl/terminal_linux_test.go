package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// The keys of a terminal that become signals.
const (
	ctrlC         = "\x03"
	ctrlBackslash = "\x1c"
)

// A terminal is a program that runs in a terminal of its own, and the keyboard
// and screen of that.
type terminal struct {
	t    *testing.T
	keys *os.File
	cmd  *exec.Cmd

	mu     sync.Mutex
	screen bytes.Buffer
	fresh  chan struct{} // gets something when there is more on the screen
	done   chan struct{} // closed when nothing more will come
}

// openTerminal returns both ends of a new terminal.
func openTerminal(t *testing.T) (keys, screen *os.File) {
	t.Helper()
	keys, err := os.OpenFile("/dev/ptmx", os.O_RDWR|syscall.O_NOCTTY, 0)
	if err != nil {
		t.Skip("there are no terminals here: ", err)
	}
	t.Cleanup(func() { _ = keys.Close() })
	raw, err := keys.SyscallConn()
	if err != nil {
		t.Fatal(err)
	}
	var number int
	var failed error
	err = raw.Control(func(fd uintptr) {
		if failed = unix.IoctlSetPointerInt(int(fd), unix.TIOCSPTLCK, 0); failed == nil {
			number, failed = unix.IoctlGetInt(int(fd), unix.TIOCGPTN)
		}
	})
	if err = errors.Join(err, failed); err != nil {
		t.Fatal(err)
	}
	screen, err = os.OpenFile(fmt.Sprintf("/dev/pts/%d", number), os.O_RDWR|syscall.O_NOCTTY, 0)
	if err != nil {
		t.Fatal(err)
	}
	return keys, screen
}

// inTerminal starts a program whose standard streams are a terminal. Changes may
// set others.
func inTerminal(ctx context.Context, t *testing.T, environment []string, change func(*exec.Cmd), words string) *terminal {
	t.Helper()
	keys, screen := openTerminal(t)
	term := &terminal{t: t, keys: keys, fresh: make(chan struct{}, 1), done: make(chan struct{})}
	term.cmd = exec.CommandContext(ctx, "calicoctl", strings.Fields(words)...)
	term.cmd.Env = append(term.cmd.Environ(), "CALICOCTL_LITERAL=1", "TERM=xterm", "NO_COLOR=", "VISUAL=", "EDITOR=", "TMPDIR="+t.TempDir(), raceOptions)
	term.cmd.Env = append(term.cmd.Env, environment...)
	term.cmd.Stdin, term.cmd.Stdout, term.cmd.Stderr = screen, screen, screen
	term.cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true, Setctty: true}
	if change != nil {
		change(term.cmd)
	}
	if err := errors.Join(term.cmd.Start(), screen.Close()); err != nil {
		t.Fatal(err)
	}
	go term.watch()
	return term
}

// watch takes over what comes on the screen, until the last program has left it.
func (term *terminal) watch() {
	defer close(term.done)
	buffer := make([]byte, 4096)
	for {
		n, err := term.keys.Read(buffer)
		term.mu.Lock()
		term.screen.Write(buffer[:n])
		term.mu.Unlock()
		select {
		case term.fresh <- struct{}{}:
		default:
		}
		if err != nil {
			return
		}
	}
}

// shown returns what is on the screen, with plain ends of lines.
func (term *terminal) shown() string {
	term.mu.Lock()
	defer term.mu.Unlock()
	return strings.ReplaceAll(term.screen.String(), "\r\n", "\n")
}

// waitFor waits until a text is on the screen.
func (term *terminal) waitFor(text string) {
	term.t.Helper()
	patience := time.NewTimer(time.Minute)
	defer patience.Stop()
	for !strings.Contains(term.shown(), text) {
		select {
		case <-term.fresh:
		case <-term.done:
			if !strings.Contains(term.shown(), text) {
				term.t.Fatalf("it ended without %q; the screen shows\n%s", text, term.shown())
			}
		case <-patience.C:
			term.t.Fatalf("%q does not come; the screen shows\n%s", text, term.shown())
		}
	}
}

func (term *terminal) press(keys string) {
	term.t.Helper()
	if _, err := term.keys.WriteString(keys); err != nil {
		term.t.Fatal(err)
	}
}

// end waits for the end of the program and returns its exit code and the screen.
func (term *terminal) end() (code int, shown string) {
	term.t.Helper()
	var exit *exec.ExitError
	if err := term.cmd.Wait(); err != nil && !errors.As(err, &exit) {
		term.t.Fatal(err)
	}
	<-term.done
	return term.cmd.ProcessState.ExitCode(), term.shown()
}
