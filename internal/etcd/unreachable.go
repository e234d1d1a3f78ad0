package etcd

import (
	"fmt"
	"strings"
	"time"

	"github.com/calicoctl/calicoctl/pkg/fault"
)

// An UnreachableError says which endpoints did not answer, how long they were
// waited for, and why. It is ErrUnreachable.
type UnreachableError struct {
	Endpoints []string
	Waited    time.Duration
	Reason    string // such as "connection refused"
	TLS       bool   // the server answered, but a certificate is not accepted
	Cause     error
}

// Error names the endpoints, the reason, and how long they were waited for.
func (e *UnreachableError) Error() string {
	return fmt.Sprintf("etcd at %s: %s (waited %s)",
		strings.Join(e.Endpoints, ", "), e.Reason, e.Waited.Round(100*time.Millisecond))
}

// Unwrap makes errors.Is find ErrUnreachable and the cause.
func (e *UnreachableError) Unwrap() []error { return []error{fault.ErrUnreachable, e.Cause} }
