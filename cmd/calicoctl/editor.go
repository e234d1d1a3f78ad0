package main

import (
	"cmp"
	"context"
	"os"
	"os/exec"
	"os/signal"
	"strings"
	"syscall"

	"github.com/calicoctl/calicoctl/internal/cli"

	"golang.org/x/term"
)

// editor returns the command of the user's editor.
func (s streams) editor() (string, error) {
	chosen := cmp.Or(s.getenv("VISUAL"), s.getenv("EDITOR"))
	if f, ok := s.stdin.(*os.File); chosen == "" && (!ok || !term.IsTerminal(int(f.Fd()))) {
		return "", cli.Usagef("there is no terminal for vi; name an editor in EDITOR, or use rule show and rule apply")
	}
	return cmp.Or(chosen, "vi"), nil
}

// patiently keeps this program going, until end is called, when keys are pressed
// that are meant for the editor but reach every program of the terminal.
func patiently() (end func()) {
	ignored := make(chan os.Signal, 1)
	signal.Notify(ignored, os.Interrupt, syscall.SIGQUIT, syscall.SIGTERM)
	return func() { signal.Stop(ignored) }
}

// open runs the editor on a file until it ends. A request to end is passed on to
// it.
func (a *app) open(editor, file string) error {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM)
	defer stop()
	words := editorWords(editor, file)
	cmd := exec.CommandContext(ctx, words[0], words[1:]...)
	cmd.Cancel = func() error { return cmd.Process.Signal(syscall.SIGTERM) }
	cmd.Stdin, cmd.Stdout, cmd.Stderr = a.io.stdin, a.io.stdout, a.msg.Out
	err := cmd.Run()
	if ctx.Err() != nil {
		return ctx.Err()
	}
	return err
}

// editorWords returns the command that opens the editor on a file. It may hold
// whatever a shell understands, but without need there is no shell in between,
// which would end by the keys that are meant for the editor.
func editorWords(editor, file string) []string {
	if words := strings.Fields(editor); len(words) > 0 && !strings.ContainsAny(editor, "|&;<>()$`\\\"'*?[#~=%") {
		return append(words, file)
	}
	return []string{"sh", "-c", "trap : INT QUIT\n" + editor + ` "$1"`, "sh", file}
}
