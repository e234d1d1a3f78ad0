package main

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/calicoctl/calicoctl/internal/cli"

	"github.com/calicoctl/calicoctl/internal/apply"
	"github.com/calicoctl/calicoctl/internal/brief"
	"github.com/calicoctl/calicoctl/internal/etcd"
	"github.com/calicoctl/calicoctl/internal/names"
	"github.com/calicoctl/calicoctl/internal/printable"
	"github.com/calicoctl/calicoctl/pkg/fault"
	"github.com/calicoctl/calicoctl/pkg/resolve"
	"github.com/calicoctl/calicoctl/pkg/rules"
)

// The exit codes. Scripts rely on them; docs/scripting.md describes them.
const (
	exitDone        = 0
	exitRefused     = 1   // refused, or not found
	exitUsage       = 2   // wrong arguments
	exitUnreachable = 3   // etcd or Docker gave no answer; nothing was changed
	exitConflict    = 4   // another client changed it
	exitUnknown     = 5   // may or may not have been saved
	exitNo          = 10  // the answer to a question is no; a dry run found a difference
	exitDepends     = 11  // the answer to a question is that it depends
	exitInterrupted = 130 // Ctrl-C
)

// isAnswer reports whether an error is no failure but the answer to a question.
func isAnswer(err error) bool {
	return errors.Is(err, errDiffers) || errors.Is(err, errDenied) || errors.Is(err, errDepends) ||
		errors.Is(err, errWatched)
}

// exitCode chooses the exit code for an error.
func exitCode(err error) int {
	var usage *cli.UsageError
	var syntax *rules.ParseError
	var engine *resolve.EngineError
	var partly *partlyError
	var file *fileError
	var twice *apply.TwiceError
	var empty *etcd.EmptySettingError
	switch {
	case errors.Is(err, errDiffers), errors.Is(err, errDenied):
		return exitNo
	case errors.Is(err, errDepends):
		return exitDepends
	case errors.Is(err, errWatched):
		return exitInterrupted
	case errors.As(err, &partly):
		switch code := exitCode(partly.cause); code {
		case exitUnknown, exitInterrupted:
			return code
		}
		return exitRefused // not a code that means that nothing was changed
	case errors.As(err, &usage), errors.As(err, &syntax), errors.As(err, &file), errors.As(err, &twice), errors.As(err, &empty):
		return exitUsage
	case errors.Is(err, fault.ErrUnknownOutcome):
		return exitUnknown
	case errors.Is(err, fault.ErrConflict):
		return exitConflict
	case errors.Is(err, fault.ErrUnreachable):
		return exitUnreachable
	case errors.Is(err, context.Canceled):
		return exitInterrupted
	case errors.Is(err, context.DeadlineExceeded), errors.As(err, &engine), errors.Is(err, resolve.ErrNoEngine):
		return exitUnreachable
	}
	return exitRefused
}

// explain prints an error: what is wrong, and what to do next.
func (a *app) explain(err error) { fmt.Fprint(a.msg.Out, a.explanation(err)) }

// explanation returns what explain prints.
func (a *app) explanation(err error) string { return a.explained("calicoctl: ", err) }

// explained returns an explanation after a prefix.
func (a *app) explained(prefix string, err error) string {
	var syntax *rules.ParseError
	var docker *names.DockerError
	var file *fileError
	if errors.As(err, &syntax) {
		where := prefix
		if errors.As(err, &file) {
			where += file.where() + ": "
		}
		return syntax.Excerpt(where) + "\n"
	}
	text := err.Error() + hint(err)
	switch {
	case errors.Is(err, fault.ErrUnknownOutcome):
		text += "; look at it before trying again"
	case errors.Is(err, fault.ErrUnreachable):
		text += "; nothing was changed"
		if silent := (*etcd.UnreachableError)(nil); !errors.As(err, &silent) || !silent.TLS { // else the address was right
			text += ". Is ETCD_ENDPOINTS right?"
		}
	case errors.Is(err, context.Canceled):
		text = "interrupted; nothing was changed"
	case errors.Is(err, context.DeadlineExceeded) && errors.As(err, &docker):
		text = fmt.Sprintf("the Docker engine did not answer in %s (--timeout); nothing was changed", a.flags.timeout)
	case errors.Is(err, context.DeadlineExceeded):
		text = fmt.Sprintf("not done after %s (--timeout); nothing was changed", a.flags.timeout)
	case errors.Is(err, fault.ErrMalformed) && !errors.Is(err, fault.ErrRefused):
		text += "; etcdctl can show, repair or delete that key"
	}
	return prefix + brief.Message(printable.Text(strings.ReplaceAll(text, "\n", " "))) + "\n"
}
