package names

import (
	"fmt"

	"github.com/calicoctl/calicoctl/internal/printable"
	"github.com/calicoctl/calicoctl/pkg/fault"
)

// Unenforced says why a profile that is created for a target is enforced on no
// Docker network, or nothing if it is, or if that is not known.
func (d Directory) Unenforced(t Target) string {
	switch {
	case d.Networks == nil:
		return ""
	case t.Network == nil && len(d.Networks.OfProfile(t.Name)) > 0:
		return ""
	case t.Network == nil:
		return fmt.Sprintf("Docker here has no network %s; the profile is that of endpoints that name it", printable.Text(t.Name))
	case t.Network.Driver == "", t.Network.IsCalico():
		return ""
	}
	return fmt.Sprintf("nothing enforces this profile on Docker network %s: its driver is %q, not Calico's",
		printable.Text(t.Network.Name), t.Network.Driver)
}

// notDockers rejects a profile of one of the networks that every Docker
// engine has, which Calico cannot run.
func (t Target) notDockers() error {
	name := t.Name
	if t.Network != nil {
		name = t.Network.Name
	}
	if t.literal || name != "bridge" && name != "host" && name != "none" {
		return nil
	}
	return fault.Refusedf("%s is Docker's own network, and nothing enforces a profile on it; "+
		"create a network with Calico's driver, or add --literal for a profile of that name", name)
}
