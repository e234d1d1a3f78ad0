package profile

import (
	"fmt"

	"github.com/calicoctl/calicoctl/internal/printable"
	"github.com/calicoctl/calicoctl/pkg/fault"
)

// A Kind is what a stored document describes.
type Kind string

// The kinds of documents.
const (
	KindProfile    Kind = "profile"
	KindEndpoint   Kind = "endpoint"
	KindNetworkSet Kind = "network set"
)

// A MalformedError says that a stored document cannot be understood. It is
// ErrMalformed.
type MalformedError struct {
	Kind   Kind
	Layout Layout
	ID     string // of a profile
	Key    string // in etcd
	Cause  error
}

// Error names the key and the cause.
func (e *MalformedError) Error() string {
	what := printable.Text(e.Key)
	if e.Kind == KindProfile {
		what = fmt.Sprintf("%s (key %s)", ShownID(e.ID), what)
	}
	return fmt.Sprintf("%s %s cannot be read: %v", e.Kind, what, e.Cause)
}

// Unwrap makes errors.Is find ErrMalformed and the cause.
func (e *MalformedError) Unwrap() []error { return []error{fault.ErrMalformed, e.Cause} }

// ShownID returns the ID of a stored profile, which may be any text, printable.
func ShownID(id string) string {
	if id == "" {
		return printable.Quote(id)
	}
	return printable.Text(id)
}
