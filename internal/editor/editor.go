// Package editor lets the user edit a text in an editor.
package editor

import (
	"cmp"
	"context"
	"errors"
	"io"
	"os"
	"os/exec"
	"os/signal"
	"strings"
	"syscall"

	"golang.org/x/term"
)

// An Editor is the user's editor, and the streams that it gets.
type Editor struct {
	Command        string
	Stdin          io.Reader
	Stdout, Stderr io.Writer
}

// ErrNoTerminal says that the user has chosen no editor, and that vi would have no
// terminal.
var ErrNoTerminal = errors.New("there is no terminal for vi")

// Choose returns the command of the user's editor. The error is ErrNoTerminal.
func Choose(getenv func(string) string, stdin io.Reader) (string, error) {
	chosen := cmp.Or(getenv("VISUAL"), getenv("EDITOR"))
	if f, ok := stdin.(*os.File); chosen == "" && (!ok || !term.IsTerminal(int(f.Fd()))) {
		return "", ErrNoTerminal
	}
	return cmp.Or(chosen, "vi"), nil
}

// CatchSignals catches the signals that are meant for the editor but reach every program
// of the terminal, until end is called.
func CatchSignals() (end func()) {
	caught := make(chan os.Signal, 1)
	signal.Notify(caught, os.Interrupt, syscall.SIGQUIT, syscall.SIGTERM)
	return func() { signal.Stop(caught) }
}

// open runs the editor on a file until it ends, and passes SIGTERM on to it.
func (e Editor) open(file string) error {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM)
	defer stop()
	args := arguments(e.Command, file)
	cmd := exec.CommandContext(ctx, args[0], args[1:]...)
	cmd.Cancel = func() error { return cmd.Process.Signal(syscall.SIGTERM) }
	cmd.Stdin, cmd.Stdout, cmd.Stderr = e.Stdin, e.Stdout, e.Stderr
	err := cmd.Run()
	if ctx.Err() != nil {
		return ctx.Err()
	}
	return err
}

// arguments returns the command that opens an editor on a file. A shell runs it only
// where it has shell syntax: the keys that are meant for the editor would end a shell.
func arguments(editor, file string) []string {
	if args := strings.Fields(editor); len(args) > 0 && !strings.ContainsAny(editor, "|&;<>()$`\\\"'*?[#~=%") {
		return append(args, file)
	}
	return []string{"sh", "-c", "trap : INT QUIT\n" + editor + ` "$1"`, "sh", file}
}
