package store

import (
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/calicoctl/calicoctl/internal/printable"
)

// What an error of this package is about; test for it with errors.Is.
var (
	// ErrNotFound: there is no such profile.
	ErrNotFound = errors.New("profile not found")
	// ErrConflict: somebody else changed what the edit was based on, and the
	// edit must not be repeated blindly. Nothing was written.
	ErrConflict = errors.New("conflict")
	// ErrLocked: the datastore is locked for migration. Nothing was written.
	ErrLocked = errors.New("datastore locked")
	// ErrRefused: the edit breaks a rule of Calico's or of this package's.
	// Nothing was written.
	ErrRefused = errors.New("refused")
	// ErrUnreachable: etcd cannot be reached or did not answer in time, and
	// nothing was written.
	ErrUnreachable = errors.New("etcd unreachable")
	// ErrUnknownOutcome: the write may or may not have been saved.
	ErrUnknownOutcome = errors.New("outcome unknown")
	// ErrDamaged: a stored document cannot be understood.
	ErrDamaged = errors.New("damaged document")
	// ErrDenied: etcd refuses the user, the password or the permission.
	ErrDenied = errors.New("permission denied")
	// ErrConfig: the configuration is wrong.
	ErrConfig = errors.New("wrong configuration")
)

// An Error has a text for people and one of the kinds above.
type Error struct {
	Kind  error
	Text  string
	Cause error // may be nil
}

// Error returns the text, one line.
func (e *Error) Error() string { return e.Text }

// Unwrap makes errors.Is find the kind and the cause.
func (e *Error) Unwrap() []error {
	if e.Cause == nil {
		return []error{e.Kind}
	}
	return []error{e.Kind, e.Cause}
}

func errorf(kind error, format string, args ...any) *Error {
	return &Error{Kind: kind, Text: fmt.Sprintf(format, args...)}
}

// A DamagedError says that a stored document cannot be understood. It is
// ErrDamaged.
type DamagedError struct {
	Layout Layout
	Key    string // in etcd
	What   string // the profile or endpoint, printable
	Cause  error
}

// Error names the key and the cause.
func (e *DamagedError) Error() string {
	if strings.HasPrefix(e.What, "endpoint ") {
		return e.What + " cannot be read: " + e.Cause.Error()
	}
	return fmt.Sprintf("%s (key %s) cannot be read: %v", e.What, printable.Text(e.Key), e.Cause)
}

// Unwrap makes errors.Is find ErrDamaged and the cause.
func (e *DamagedError) Unwrap() []error { return []error{ErrDamaged, e.Cause} }

// Conflictf returns an error of the kind ErrConflict.
func Conflictf(format string, args ...any) error { return errorf(ErrConflict, format, args...) }

// Refusedf returns an error of the kind ErrRefused.
func Refusedf(format string, args ...any) error { return errorf(ErrRefused, format, args...) }

// An UnreachableError says which endpoints did not answer, how long they were
// waited for, and why. It is ErrUnreachable.
type UnreachableError struct {
	Endpoints []string
	Waited    time.Duration
	Reason    string // such as "connection refused"
	Cause     error
}

// Error names the endpoints, the reason, and how long they were waited for.
func (e *UnreachableError) Error() string {
	return fmt.Sprintf("etcd at %s: %s (waited %s)",
		strings.Join(e.Endpoints, ", "), e.Reason, e.Waited.Round(100*time.Millisecond))
}

// Unwrap makes errors.Is find ErrUnreachable and the cause.
func (e *UnreachableError) Unwrap() []error { return []error{ErrUnreachable, e.Cause} }

// An UnknownOutcomeError is about a write that was sent and not answered. It is
// ErrUnknownOutcome.
type UnknownOutcomeError struct {
	Profile string
	Cause   error

	write *write // see Prevent
}

// Error says that the write may or may not have been saved.
func (e *UnknownOutcomeError) Error() string {
	text := "the change of profile " + e.Profile + " was sent, but the answer was lost: it may or may not have been saved"
	var denied *DeniedError
	if errors.As(e.Cause, &denied) {
		text += "; it cannot be looked up, because " + denied.Error()
	}
	return text
}

// Unwrap returns ErrUnknownOutcome alone: the cause may be of a kind that says
// that nothing was written, which is just what is not known.
func (e *UnknownOutcomeError) Unwrap() error { return ErrUnknownOutcome }
