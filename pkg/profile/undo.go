package profile

import (
	"strings"

	"github.com/calicoctl/calicoctl/internal/printable"
	"github.com/calicoctl/calicoctl/pkg/fault"
	"github.com/calicoctl/calicoctl/pkg/rules"
)

// Restore gives a profile the rules of another version, each with the bytes
// that it had, and its tags. Labels with a value, and all else in the document,
// stay as they are. The error is ErrRefused when a label with a value stands where
// a tag would.
func Restore(p, version *Profile) error {
	for _, d := range []rules.Direction{rules.Inbound, rules.Outbound} {
		*p.Rules(d) = *version.Rules(d)
	}
	wanted := map[string]bool{}
	for _, tag := range version.Tags() {
		wanted[tag] = true
	}
	for _, tag := range p.Tags() {
		if !wanted[tag] {
			RemoveTag(p, tag)
		}
	}
	for _, tag := range version.Tags() {
		if _, err := AddTag(p, tag); err != nil {
			return err
		}
	}
	return nil
}

// Recreate returns a version of a profile as one that is not stored yet, whose
// document will be that of the version, byte for byte. The error is ErrRefused
// when it is invalid for Felix, so that it must not be written again.
func Recreate(version *Profile) (*Profile, error) {
	if invalid := version.Invalid(); len(invalid) > 0 {
		return nil, fault.Refusedf("profile %s at revision %d is invalid for Felix: %s",
			printable.Text(version.ID), version.Revision, strings.Join(invalid, "; "))
	}
	p := version.Clone()
	p.Revision = 0
	return p, nil
}
