package store_test

import (
	"errors"
	"testing"

	"github.com/calicoctl/calicoctl/internal/etcd"
	"github.com/calicoctl/calicoctl/pkg/fault"
	"github.com/calicoctl/calicoctl/pkg/store"
)

// An unknown outcome must not pass for an error after which nothing was
// written, whatever it was caused by.
func TestUnknownOutcomeIsNothingElse(t *testing.T) {
	t.Parallel()
	for _, cause := range []error{fault.ErrUnreachable, fault.ErrRefused, fault.ErrConflict, &etcd.UnreachableError{Cause: fault.ErrDenied}} {
		err := error(&store.UnknownOutcomeError{Profile: "web", Cause: cause})
		if !errors.Is(err, fault.ErrUnknownOutcome) || errors.Is(err, cause) || errors.Is(err, fault.ErrUnreachable) {
			t.Errorf("with the cause %v it is taken for that", cause)
		}
	}
}
