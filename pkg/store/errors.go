package store

import (
	"errors"
	"fmt"
	"strings"

	"github.com/calicoctl/calicoctl/internal/etcd"
	"github.com/calicoctl/calicoctl/internal/printable"
	"github.com/calicoctl/calicoctl/pkg/fault"
	"github.com/calicoctl/calicoctl/pkg/profile"
)

// A MalformedError says that a stored document cannot be understood. It is
// ErrMalformed.
type MalformedError struct {
	Layout profile.Layout
	Key    string // in etcd
	What   string // the profile or endpoint, printable
	Cause  error
}

// Error names the key and the cause.
func (e *MalformedError) Error() string {
	if strings.HasPrefix(e.What, "endpoint ") {
		return e.What + " cannot be read: " + e.Cause.Error()
	}
	return fmt.Sprintf("%s (key %s) cannot be read: %v", e.What, printable.Text(e.Key), e.Cause)
}

// Unwrap makes errors.Is find ErrMalformed and the cause.
func (e *MalformedError) Unwrap() []error { return []error{fault.ErrMalformed, e.Cause} }

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
