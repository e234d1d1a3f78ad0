package store

import (
	"errors"

	"github.com/calicoctl/calicoctl/internal/etcd"
	"github.com/calicoctl/calicoctl/pkg/fault"
)

// An UnknownOutcomeError is about a write that was sent and not answered. It is
// ErrUnknownOutcome.
type UnknownOutcomeError struct {
	Profile string
	Cause   error

	write *write // see RollBackUnknown
}

// Error says that the write may or may not have been saved.
func (e *UnknownOutcomeError) Error() string {
	text := "the change of profile " + e.Profile + " was sent, but the answer was lost: it may or may not have been saved"
	var denied *etcd.DeniedError
	if errors.As(e.Cause, &denied) {
		text += "; it cannot be looked up, because " + denied.Error()
	}
	return text
}

// Unwrap returns ErrUnknownOutcome alone: the cause may be of a kind that says
// that nothing was written, which is just what is not known.
func (e *UnknownOutcomeError) Unwrap() error { return fault.ErrUnknownOutcome }
