package store_test

import (
	"errors"
	"testing"

	"github.com/calicoctl/calicoctl/pkg/store"
)

// An unknown outcome must not pass for an error after which nothing was
// written, whatever it was caused by.
func TestUnknownOutcomeIsNothingElse(t *testing.T) {
	t.Parallel()
	for _, cause := range []error{store.ErrUnreachable, store.ErrRefused, store.ErrConflict, &store.UnreachableError{Cause: store.ErrDenied}} {
		err := error(&store.UnknownOutcomeError{Profile: "web", Cause: cause})
		if !errors.Is(err, store.ErrUnknownOutcome) || errors.Is(err, cause) || errors.Is(err, store.ErrUnreachable) {
			t.Errorf("with the cause %v it is taken for that", cause)
		}
	}
}
