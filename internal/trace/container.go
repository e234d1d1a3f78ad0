package trace

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"

	"github.com/calicoctl/calicoctl/internal/printable"
	"github.com/calicoctl/calicoctl/pkg/fault"
	"github.com/calicoctl/calicoctl/pkg/resolve"
)

// ContainerAddrs returns the addresses of a container: those on a network that one of the
// names or IDs means, or else those on the only network where it has any.
func ContainerAddrs(c *resolve.Container, networks ...string) ([]netip.Addr, error) {
	name := printable.Text(c.Name)
	if !c.Running {
		return nil, fault.Refusedf("container %s does not run, so it has no address", name)
	}
	var with []resolve.Attachment
	for _, a := range c.Networks {
		if len(a.Addrs) == 0 {
			continue
		}
		if slices.Contains(networks, a.Network.ID) || slices.Contains(networks, a.Network.Name) {
			return a.Addrs, nil
		}
		with = append(with, a)
	}
	switch len(with) {
	case 0:
		return nil, fault.Refusedf("container %s has no address of its own on any network", name)
	case 1:
		return with[0].Addrs, nil
	}
	var choices []string
	for _, a := range with {
		for _, addr := range a.Addrs {
			choices = append(choices, fmt.Sprintf("%s (%s)", addr, printable.Text(a.Network.Name)))
		}
	}
	return nil, fault.Refusedf("container %s has addresses on several networks: %s; give the address that is meant",
		name, strings.Join(choices, ", "))
}
