package profile

import (
	"strings"

	"github.com/calicoctl/calicoctl/internal/printable"
	"github.com/calicoctl/calicoctl/pkg/fault"
)

// DefaultAllow is the profile that is built into Calico. It is not in
// etcd, is shown all the same, and cannot be edited.
const DefaultAllow = "projectcalico-default-allow"

// Editable returns why a profile may not be edited, as an error of the kind
// ErrRefused. Those that Kubernetes' controllers maintain may be with force.
func (p *Profile) Editable(force bool) error {
	switch {
	case p.ID == DefaultAllow:
		return fault.Refusedf("profile %s is built into Calico and cannot be edited", p.ID)
	case p.Layout == V1:
		return fault.Refusedf("profile %s is in the layout of calicoctl 0.x, where no Felix sees an edit; "+
			"\"%s\" makes a v3 profile of it", printable.Text(p.ID), MigrateCommand(p.ID))
	case !force && IsMaintained(p.ID):
		return fault.Refusedf("profile %s is kept in step with Kubernetes by its controllers, which would undo the edit; "+
			"--force edits it all the same", printable.Text(p.ID))
	}
	return nil
}

// MigrateCommand returns the words that migrate a v1 profile.
func MigrateCommand(id string) string {
	command := "calicoctl profile migrate " + printable.Text(id)
	if lower := strings.ToLower(id); lower != id && CheckName(lower) == "" {
		command += " " + lower
	}
	return command
}

// IsMaintained reports whether Kubernetes' controllers keep the profile of that ID
// in step with Kubernetes, so that an edit would not last.
func IsMaintained(id string) bool {
	return strings.HasPrefix(id, "kns.") || strings.HasPrefix(id, "ksa.")
}
