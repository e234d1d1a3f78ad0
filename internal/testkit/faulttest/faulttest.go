// Package faulttest checks errors in tests.
package faulttest

import (
	"errors"
	"testing"

	"github.com/calicoctl/calicoctl/pkg/fault"
)

// None fails the test at once if there is an error.
func None(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// Want checks the kind of an error, that it is of no other kind, and its text, unless the
// text is empty.
func Want(t *testing.T, err, kind error, text string) {
	t.Helper()
	if !errors.Is(err, kind) {
		t.Fatalf("error %v (%T), want one of the kind %q", err, err, kind)
	}
	for _, other := range []error{
		fault.ErrNotFound, fault.ErrConflict, fault.ErrLocked, fault.ErrRefused, fault.ErrUnreachable,
		fault.ErrUnknownOutcome, fault.ErrMalformed, fault.ErrDenied, fault.ErrConfig,
	} {
		if !errors.Is(kind, other) && errors.Is(err, other) {
			t.Errorf("error %q is of the kind %q and of the kind %q", err, kind, other)
		}
	}
	if text != "" && err.Error() != text {
		t.Errorf("error\n%s\nwant\n%s", err, text)
	}
}
