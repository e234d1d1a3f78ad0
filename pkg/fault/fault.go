// Package fault names what an error of pkg/profile and pkg/store is about, for
// errors.Is, and makes errors of these kinds.
package fault

import (
	"errors"
	"fmt"
)

// The kinds of errors.
var (
	// ErrNotFound: there is no such profile.
	ErrNotFound = errors.New("profile not found")
	// ErrConflict: another client changed what the edit was based on. The edit
	// must not be retried without a new look. Nothing was written.
	ErrConflict = errors.New("conflict")
	// ErrLocked: the datastore is locked for migration. Nothing was written.
	ErrLocked = errors.New("datastore locked")
	// ErrRefused: the edit is invalid for Felix or breaks another rule of
	// Calico's. Nothing was written.
	ErrRefused = errors.New("refused")
	// ErrUnreachable: etcd cannot be reached or did not answer in time, and
	// nothing was written.
	ErrUnreachable = errors.New("etcd unreachable")
	// ErrUnknownOutcome: the write may or may not have been saved.
	ErrUnknownOutcome = errors.New("outcome unknown")
	// ErrMalformed: a stored document does not parse.
	ErrMalformed = errors.New("malformed document")
	// ErrDenied: etcd rejects the user or the password, or the user lacks a permission.
	ErrDenied = errors.New("permission denied")
	// ErrConfig: the configuration is not valid.
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

// Errorf returns an error of a kind.
func Errorf(kind error, format string, args ...any) *Error {
	return &Error{Kind: kind, Text: fmt.Sprintf(format, args...)}
}

// Conflictf returns an error of the kind ErrConflict.
func Conflictf(format string, args ...any) error { return Errorf(ErrConflict, format, args...) }

// Refusedf returns an error of the kind ErrRefused.
func Refusedf(format string, args ...any) error { return Errorf(ErrRefused, format, args...) }
