package main

import (
	"context"
	"errors"

	"github.com/calicoctl/calicoctl/pkg/fault"
)

// A partlyError says that a command on many profiles ended early, and how much is done.
type partlyError struct {
	text  string
	cause error
}

func (e *partlyError) Error() string { return e.text }

// endedBy says why a command on many profiles ended early, without saying
// that nothing was changed.
func endedBy(ctx context.Context, cause error) string {
	switch {
	case errors.Is(cause, context.Canceled):
		return "interrupted"
	case errors.Is(cause, context.DeadlineExceeded),
		errors.Is(cause, fault.ErrUnreachable) && errors.Is(ctx.Err(), context.DeadlineExceeded):
		return "the time was over (--timeout)"
	}
	return cause.Error()
}
