//go:build linux

package main

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"

	clientv3 "go.etcd.io/etcd/client/v3"
	"go.uber.org/zap"

	"github.com/calicoctl/calicoctl/internal/testkit/embedetcd"
	"github.com/calicoctl/calicoctl/internal/testkit/etcdtest"
)

const terminalWeb = `{"kind":"Profile","apiVersion":"projectcalico.org/v3","metadata":{"name":"web"},"spec":{"ingress":[{"action":"Allow"},{"action":"Deny"}]}}`

// startWeb starts an etcd with a profile web, and returns what asks for it.
func startWeb(t *testing.T) (ctx context.Context, endpoint string, stored func() string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), safetyNet)
	t.Cleanup(cancel)
	server, err := embedetcd.Start(ctx, embedetcd.Options{Fast: true})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = server.Close() })
	client, err := clientv3.New(clientv3.Config{Endpoints: []string{server.Endpoint()}, Logger: zap.NewNop()})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = client.Close() })
	const key = "/calico/resources/v3/projectcalico.org/profiles/web"
	if _, err := client.Put(ctx, key, terminalWeb); err != nil {
		t.Fatal(err)
	}
	return ctx, server.Endpoint(), func() string {
		answer, err := client.Get(ctx, key)
		if err != nil || len(answer.Kvs) != 1 {
			t.Fatal(answer, err)
		}
		return string(answer.Kvs[0].Value)
	}
}

const (
	plainDiff = "Inbound rules:\n   1   allow\n-  2   deny\n+  2   log\nOutbound rules:\n"
	colorDiff = "Inbound rules:\n   1   allow\n\x1b[31m-  2   deny\x1b[0m\n\x1b[32m+  2   log\x1b[0m\nOutbound rules:\n"
)

// A difference has colour on a terminal, and nowhere else.
func TestColor(t *testing.T) {
	t.Parallel()
	_, endpoint, _ := startWeb(t)
	listing := filepath.Join(t.TempDir(), "listing.txt")
	if err := os.WriteFile(listing, []byte("Inbound rules:\nallow\nlog\nOutbound rules:\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	const replace = "profile web rule replace inbound --at=2 log --dry-run"
	for _, test := range []struct{ name, environment, words, want string }{
		{"terminal", "", replace, colorDiff},
		{"diff", "", "profile web rule diff -f " + listing, colorDiff},
		{"empty NO_COLOR", "NO_COLOR=", replace, colorDiff},
		{"NO_COLOR", "NO_COLOR=1", replace, plainDiff},
		{"dumb", "TERM=dumb", replace, plainDiff},
		{"JSON", "", replace + " -o json", `"change": "-"`},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			ctx, cancel := context.WithTimeout(t.Context(), safetyNet)
			defer cancel()
			code, shown := inTerminal(ctx, t, []string{"ETCD_ENDPOINTS=" + endpoint, test.environment}, nil, test.words).end()
			if code != exitDone || !strings.Contains(shown, test.want) || strings.Contains(shown, "\x1b") != strings.Contains(test.want, "\x1b") {
				t.Errorf("exit code %d, and\n%q\nwant\n%q", code, shown, test.want)
			}
		})
	}
	t.Run("pipe", func(t *testing.T) {
		t.Parallel()
		ctx, cancel := context.WithTimeout(t.Context(), safetyNet)
		defer cancel()
		var piped strings.Builder
		code, shown := inTerminal(ctx, t, []string{"ETCD_ENDPOINTS=" + endpoint}, func(cmd *exec.Cmd) { cmd.Stdout = &piped }, replace).end()
		if code != exitDone || shown != "" || piped.String() != plainDiff {
			t.Errorf("exit code %d, %q and in the pipe\n%q", code, shown, piped.String())
		}
	})
}

// script writes a shell script and returns the command that runs it.
func script(t *testing.T, text string) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), "editor")
	if err := os.WriteFile(file, []byte("#!/bin/sh\n"+text), 0o755); err != nil {
		t.Fatal(err)
	}
	return file
}

// keptText returns the text that was kept.
func keptText(t *testing.T, shown string) string {
	t.Helper()
	kept := regexp.MustCompile(`the text is kept in (\S+)`).FindStringSubmatch(shown)
	if kept == nil {
		t.Fatalf("no text was kept:\n%s", shown)
	}
	text, err := os.ReadFile(kept[1])
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// While the editor is open, Ctrl-C and Ctrl-\ are the editor's: they reach
// calicoctl, too, which goes on.
func TestKeysInEditor(t *testing.T) {
	t.Parallel()
	for name, key := range map[string]string{"INT": ctrlC, "QUIT": ctrlBackslash} {
		for _, shell := range []string{"", "A=b "} { // with which a shell is needed
			t.Run(shell+name+" handled", func(t *testing.T) {
				t.Parallel()
				ctx, endpoint, stored := startWeb(t)
				editor := script(t, `trap 'echo log >>"$1"; exit 0' `+name+"\necho the editor is open\nread line\n")
				term := inTerminal(ctx, t, []string{"ETCD_ENDPOINTS=" + endpoint, "EDITOR=" + shell + editor}, nil, "profile web rule edit")
				term.waitFor("the editor is open")
				term.press(key)
				code, shown := term.end()
				if code != exitDone || !strings.Contains(shown, "+  1   log") || !strings.Contains(stored(), "Log") {
					t.Errorf("exit code %d, %s, and the screen shows\n%s", code, stored(), shown)
				}
			})
		}
		t.Run(name+" not handled", func(t *testing.T) {
			t.Parallel()
			ctx, endpoint, stored := startWeb(t)
			editor := script(t, "echo log >>\"$1\"\necho the editor is open\nexec sleep 60\n")
			term := inTerminal(ctx, t, []string{"ETCD_ENDPOINTS=" + endpoint, "EDITOR=" + editor}, nil, "profile web rule edit")
			term.waitFor("the editor is open")
			term.press(key)
			code, shown := term.end()
			if code != exitRefused || stored() != terminalWeb || !strings.Contains(shown, "nothing was changed") || strings.Contains(shown, "goroutine") {
				t.Errorf("exit code %d, %s, and the screen shows\n%s", code, stored(), shown)
			}
			if text := keptText(t, shown); !strings.HasSuffix(text, "\nlog\n") {
				t.Errorf("kept is\n%s", text)
			}
		})
	}
}

// A request to end is passed on to the editor; then the text is kept.
func TestTerminatedInEditor(t *testing.T) {
	t.Parallel()
	ctx, endpoint, stored := startWeb(t)
	editor := script(t, "echo log >>\"$1\"\necho the editor is open\nexec sleep 60\n")
	term := inTerminal(ctx, t, []string{"ETCD_ENDPOINTS=" + endpoint, "EDITOR=" + editor}, nil, "profile web rule edit")
	term.waitFor("the editor is open")
	if err := term.cmd.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	code, shown := term.end()
	if code != exitInterrupted || stored() != terminalWeb || !strings.HasSuffix(shown, "calicoctl: interrupted; nothing was changed\n") {
		t.Errorf("exit code %d, %s, and the screen shows\n%s", code, stored(), shown)
	}
	if text := keptText(t, shown); !strings.HasSuffix(text, "\nlog\n") {
		t.Errorf("kept is\n%s", text)
	}
}

// Outside of the editor, Ctrl-C ends the command: before it was opened, and,
// pressed a second time, when the text is being applied, which is kept then.
func TestInterruptedEdit(t *testing.T) {
	t.Parallel()
	for name, request := range map[string]int{"opening": 1, "applying": 2} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			ctx, endpoint, stored := startWeb(t)
			waiting := make(chan struct{})
			between := &etcdtest.Interposer{Before: func(ctx context.Context, method string, number int) error {
				if method == etcdtest.Commit && number == request {
					close(waiting)
					<-ctx.Done()
				}
				return nil
			}}
			if err := between.Start(endpoint); err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { _ = between.Close() })
			editor := script(t, "trap : INT\necho the editor is open\nread answer\necho log >>\"$1\"\n")
			term := inTerminal(ctx, t, []string{"ETCD_ENDPOINTS=" + between.Endpoint(), "EDITOR=" + editor}, nil, "profile web rule edit")
			if request == 2 {
				term.waitFor("the editor is open")
				term.press(ctrlC + "\n")
			}
			<-waiting
			term.press(ctrlC)
			code, shown := term.end()
			if code != exitInterrupted || stored() != terminalWeb || !strings.HasSuffix(shown, "calicoctl: interrupted; nothing was changed\n") {
				t.Errorf("exit code %d, %s, and the screen shows\n%s", code, stored(), shown)
			}
			if request == 2 && !strings.HasSuffix(keptText(t, shown), "\nlog\n") {
				t.Errorf("kept is\n%s", keptText(t, shown))
			}
		})
	}
}

// Without a word about an editor it is vi, which has the terminal.
func TestUsualEditor(t *testing.T) {
	t.Parallel()
	ctx, endpoint, stored := startWeb(t)
	vi := script(t, "test -t 0 && test -t 1 && sed -i 's/ deny$/ log/' \"$1\"\n")
	if err := os.Rename(vi, filepath.Join(filepath.Dir(vi), "vi")); err != nil {
		t.Fatal(err)
	}
	path := "PATH=" + filepath.Dir(vi) + string(filepath.ListSeparator) + os.Getenv("PATH")
	code, shown := inTerminal(ctx, t, []string{"ETCD_ENDPOINTS=" + endpoint, path}, nil, "profile web rule edit").end()
	if code != exitDone || shown != colorDiff || !strings.Contains(stored(), "Log") {
		t.Errorf("exit code %d, %s, and the screen shows\n%q", code, stored(), shown)
	}
}
