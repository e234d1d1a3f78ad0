package profile

import (
	"strings"

	"github.com/calicoctl/calicoctl/internal/printable"
	"github.com/calicoctl/calicoctl/pkg/fault"
)

// DefaultAllow is the profile that is built into Calico. It is not in
// etcd, is shown all the same, and cannot be edited.
const DefaultAllow = "projectcalico-default-allow"

// A Protection is why a profile may not be edited.
type Protection uint8

// The protections.
const (
	ProtectedBuiltIn    Protection = iota // it is built into Calico
	ProtectedV1                           // no Felix sees an edit in the layout V1
	ProtectedMaintained                   // Kubernetes' controllers would undo an edit
)

// A ProtectedError says why a profile may not be edited. It is ErrRefused.
type ProtectedError struct {
	ID  string
	Why Protection
}

// Error names the profile and the reason.
func (e *ProtectedError) Error() string {
	return "profile " + printable.Text(e.ID) + [...]string{
		" is built into Calico and cannot be edited",
		" is in the layout of calicoctl 0.x, where no Felix sees an edit",
		" is kept in step with Kubernetes by its controllers, which would undo the edit",
	}[e.Why]
}

// Unwrap returns ErrRefused.
func (e *ProtectedError) Unwrap() error { return fault.ErrRefused }

// Editable returns a *ProtectedError if the profile may not be edited. Those that
// Kubernetes' controllers maintain may be with force.
func (p *Profile) Editable(force bool) error {
	switch {
	case p.ID == DefaultAllow:
		return &ProtectedError{ID: p.ID, Why: ProtectedBuiltIn}
	case p.Layout == V1:
		return &ProtectedError{ID: p.ID, Why: ProtectedV1}
	case !force && IsMaintained(p.ID):
		return &ProtectedError{ID: p.ID, Why: ProtectedMaintained}
	}
	return nil
}

// IsMaintained reports whether Kubernetes' controllers keep the profile of that ID
// in step with Kubernetes, so that an edit would not last.
func IsMaintained(id string) bool {
	return strings.HasPrefix(id, "kns.") || strings.HasPrefix(id, "ksa.")
}
