package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/calicoctl/calicoctl/internal/cli"

	"golang.org/x/term"

	"github.com/calicoctl/calicoctl/internal/printable"
	"github.com/calicoctl/calicoctl/internal/textfile"
)

// streams are the streams and the environment of a run. stdout is only for lists too
// long for the printer; stderr is that of messages.
type streams struct {
	stdin     io.Reader
	stdout    io.Writer
	lookupEnv func(string) (string, bool)
}

// getenv returns the value of a variable, empty when it is not set.
func (s streams) getenv(name string) string {
	value, _ := s.lookupEnv(name)
	return value
}

// color reports whether stdout is a terminal whose user has not asked
// for plain text (see no-color.org).
func (s streams) color() bool {
	f, ok := s.stdout.(*os.File)
	return ok && s.getenv("NO_COLOR") == "" && s.getenv("TERM") != "dumb" && term.IsTerminal(int(f.Fd()))
}

// maxInput is more than any profile can hold.
const maxInput = 16 << 20

// readInput is readFile, but ends with the context, however long the other end
// of a pipe is silent.
func (s streams) readInput(ctx context.Context, name string) ([]byte, error) {
	type result struct {
		content []byte
		err     error
	}
	read := make(chan result, 1)
	go func() {
		content, err := s.readFile(name)
		read <- result{content, err}
	}()
	select {
	case r := <-read:
		return r.content, r.err
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// readFile reads a file, or stdin when it is "-", in whichever encoding
// it is, and returns it in UTF-8.
func (s streams) readFile(name string) ([]byte, error) {
	source := s.stdin
	if name != "-" {
		f, err := os.Open(name)
		if err != nil {
			return nil, errors.New(printable.Text(err.Error()))
		}
		defer f.Close()
		source = f
	}
	content, err := io.ReadAll(io.LimitReader(source, maxInput+1))
	switch {
	case err != nil:
		return nil, err
	case len(content) > maxInput:
		return nil, fmt.Errorf("%s is longer than %d bytes", inputName(name), maxInput)
	}
	if content, err = textfile.UTF8(content); err != nil {
		return nil, cli.Usagef("%s cannot be read: %v", inputName(name), err)
	}
	return content, nil
}

// inputName is the name of a file, or of stdin, in messages.
func inputName(name string) string {
	if name == "-" {
		return "stdin"
	}
	return printable.Text(name)
}
