package main

import (
	"context"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"

	"github.com/calicoctl/calicoctl/internal/testkit/etcdtest"
)

const (
	ctrlZ = "\x1a"
	ctrlS = "\x13"
)

const caught = "profile web rule add inbound log --confirm-within "

// On a terminal the time is counted down in one line, and Enter confirms.
func TestCountdown(t *testing.T) {
	t.Parallel()
	ctx, endpoint, stored := startWeb(t)
	term := inTerminal(ctx, t, []string{"ETCD_ENDPOINTS=" + endpoint}, nil, caught+"30m")
	term.waitFor("calicoctl: profile web was changed at revision 3\n\rcalicoctl: press Enter within 30m to keep it; otherwise it is rolled back \x1b[K\r")
	term.waitFor("\rcalicoctl: press Enter within 29m59s to keep it; otherwise it is rolled back \x1b[K\r")
	term.press("\r")
	code, shown := term.end()
	if code != exitDone || !strings.HasSuffix(shown, "\r\x1b[Kcalicoctl: confirmed\n") || !strings.Contains(stored(), "Log") {
		t.Errorf("exit code %d, %s, and the screen shows\n%q", code, stored(), shown)
	}
}

// The keys that end a program roll the edit back, and those that stop it or hold its
// output up do not keep it from being rolled back.
func TestKeysWhileCaught(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		within, key string
		code        int
	}{
		"Ctrl-C":       {"30m", ctrlC, exitInterrupted},
		"Ctrl-\\":      {"30m", ctrlBackslash, exitInterrupted},
		"Ctrl-D":       {"30m", "\x04", exitNo},
		"Ctrl-S":       {"2s", ctrlS, exitNo},
		"another word": {"30m", "keep\r", exitNo},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			ctx, endpoint, stored := startWeb(t)
			term := inTerminal(ctx, t, []string{"ETCD_ENDPOINTS=" + endpoint}, nil, caught+test.within)
			term.waitFor("press Enter")
			term.press(test.key)
			code, shown := term.end()
			if code != test.code || stored() != terminalWeb || strings.Contains(shown, "goroutine") {
				t.Errorf("exit code %d, %s, and the screen shows\n%q", code, stored(), shown)
			}
			if name != "Ctrl-S" && !strings.HasSuffix(shown, "calicoctl: rolled back: profile web is at revision 4 as it was before revision 3\n") {
				t.Errorf("the screen shows\n%q", shown)
			}
		})
	}
}

// Ctrl-Z would give the shell its terminal back, and leave the edit as it is.
func TestCtrlZWhileCaught(t *testing.T) {
	t.Parallel()
	ctx, endpoint, stored := startWeb(t)
	term := inTerminal(ctx, t, []string{"ETCD_ENDPOINTS=" + endpoint}, func(cmd *exec.Cmd) {
		shell, err := exec.LookPath("sh")
		if err != nil {
			t.Fatal(err)
		}
		cmd.Path, cmd.Args = shell, []string{"sh", "-mc", "calicoctl " + caught + "2s; echo code $?"}
	}, "")
	term.waitFor("press Enter")
	term.press(ctrlZ)
	_, shown := term.end()
	if !strings.HasSuffix(shown, "\ncode 10\n") || stored() != terminalWeb {
		t.Errorf("%s, and the screen shows\n%q", stored(), shown)
	}
}

// When the session is lost, all at once: the terminal, standard input and output,
// and a signal for the program.
func TestLostTerminal(t *testing.T) {
	t.Parallel()
	for name, change := range map[string]func(*exec.Cmd){
		"with a signal": nil,
		"without one":   func(cmd *exec.Cmd) { cmd.SysProcAttr.Setctty = false }, // not its terminal
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			ctx, endpoint, stored := startWeb(t)
			term := inTerminal(ctx, t, []string{"ETCD_ENDPOINTS=" + endpoint}, change, caught+"30m")
			term.waitFor("press Enter")
			if err := term.keys.Close(); err != nil {
				t.Fatal(err)
			}
			code, _ := term.end()
			if code != exitInterrupted && code != exitNo || stored() != terminalWeb {
				t.Errorf("exit code %d, %s", code, stored())
			}
		})
	}
}

// The session may be lost at the very moment when the edit is saved.
func TestLostWhileSaving(t *testing.T) {
	t.Parallel()
	ctx, endpoint, stored := startWeb(t)
	var term *terminal
	started := make(chan struct{})
	between := &etcdtest.Interposer{After: func(_ context.Context, method string, number int) error {
		if method != etcdtest.Commit || number != 2 {
			return nil
		}
		<-started
		if !strings.Contains(stored(), "Log") {
			t.Error("it is not saved")
		}
		return term.cmd.Process.Signal(syscall.SIGHUP)
	}}
	if err := between.Start(endpoint); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = between.Close() })
	term = inTerminal(ctx, t, []string{"ETCD_ENDPOINTS=" + between.Endpoint()}, nil, caught+"30m")
	close(started)
	code, shown := term.end()
	if code != exitInterrupted && code != exitNo || stored() != terminalWeb {
		t.Errorf("exit code %d, %s, and the screen shows\n%q", code, stored(), shown)
	}
}

// Enter that was pressed before there was anything to confirm confirms nothing.
func TestTypedAhead(t *testing.T) {
	t.Parallel()
	ctx, endpoint, stored := startWeb(t)
	pressed := make(chan struct{})
	between := &etcdtest.Interposer{Before: func(_ context.Context, method string, number int) error {
		if method == etcdtest.Commit && number == 2 {
			<-pressed
		}
		return nil
	}}
	if err := between.Start(endpoint); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = between.Close() })
	term := inTerminal(ctx, t, []string{"ETCD_ENDPOINTS=" + between.Endpoint()}, nil, caught+"2s")
	term.press("\r")
	close(pressed)
	code, shown := term.end()
	if code != exitNo || stored() != terminalWeb {
		t.Errorf("exit code %d, %s, and the screen shows\n%q", code, stored(), shown)
	}
}

// A pipe that is not read any more is no way to confirm, either.
func TestCaughtIntoClosedPipe(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"stdout", "stderr"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			ctx, endpoint, stored := startWeb(t)
			reader, writer, err := os.Pipe()
			if err != nil {
				t.Fatal(err)
			}
			_ = reader.Close()
			defer writer.Close()
			term := inTerminal(ctx, t, []string{"ETCD_ENDPOINTS=" + endpoint}, func(cmd *exec.Cmd) {
				if name == "stdout" {
					cmd.Stdout = writer
				} else {
					cmd.Stderr = writer
				}
			}, caught+"30m")
			code, shown := term.end()
			if code != exitNo || stored() != terminalWeb {
				t.Errorf("exit code %d, %s, and the screen shows\n%q", code, stored(), shown)
			}
		})
	}
}
