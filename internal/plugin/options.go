//go:build linux

package plugin

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/calicoctl/calicoctl/pkg/resolve"
)

const (
	optionGeneric  = "com.docker.network.generic"
	optionInternal = "com.docker.network.internal"
	optionPortmap  = "com.docker.network.portmap"
	optionMAC      = "com.docker.network.endpoint.macaddress"
	optionGateway  = "com.docker.network.gateway"
	optionType     = "RequestAddressType"
	dockersOwn     = "com.docker.network."

	// optionProfile is the one option of a network that the driver knows.
	optionProfile = "profile"
)

// networkOptions reads the options of a network.
func networkOptions(id string, options map[string]any) (Network, error) {
	n := Network{Profile: id, Own: true}
	n.Internal, _ = options[optionInternal].(bool)
	generic, _ := options[optionGeneric].(map[string]any)
	var unknown []string
	for key, value := range generic {
		name, isText := value.(string)
		switch {
		case strings.HasPrefix(key, dockersOwn): // 28 also passes what it has read itself
		case key != optionProfile:
			unknown = append(unknown, key)
		case !isText:
			return n, errors.New("the value of --opt profile is not a text")
		default:
			n.Profile, n.Own = name, false
		}
	}
	if len(unknown) > 0 {
		slices.Sort(unknown)
		return n, fmt.Errorf("unknown option %s; the only one is --opt profile=NAME", strings.Join(unknown, ", "))
	}
	return n, checkProfileName(n)
}

// checkProfileName refuses profiles that are not for a network to have.
func checkProfileName(n Network) error {
	switch name := n.Profile; {
	case n.Own:
		return nil
	case name == "":
		return errors.New("--opt profile= names no profile; is a shell variable empty?")
	case name == "projectcalico-default-allow":
		return fmt.Errorf("--opt profile=%s: this profile is built in and allows everything", name)
	case strings.HasPrefix(name, "kns."), strings.HasPrefix(name, "ksa."):
		return fmt.Errorf("--opt profile=%s: Kubernetes' controllers maintain this profile", name)
	case resolve.IsID(name):
		return fmt.Errorf("--opt profile=%s: a name of 64 digits stands for the profile of the network with this ID", name)
	}
	return nil
}

// checkIPAM refuses a network whose addresses another IPAM driver assigns.
func checkIPAM(data ...networkData) error {
	if len(data) == 0 {
		return errors.New("the network has no addresses; create it with --ipam-driver calico")
	}
	for _, d := range data {
		if d.AddressSpace != addressSpace {
			return errors.New("the driver needs its own IPAM, so that all traffic of a container passes the host's router, " +
				"where policy applies; create the network with --driver calico --ipam-driver calico")
		}
		if len(d.AuxAddresses) > 0 {
			return errors.New("--aux-address is not supported; keep addresses back with an IPReservation")
		}
	}
	return nil
}

// checkEndpointOptions refuses what Calico does not do.
func checkEndpointOptions(options map[string]any) error {
	if ports, _ := options[optionPortmap].([]any); len(ports) > 0 {
		return errors.New("a port cannot be published (-p) on a Calico network, because that needs Docker's NAT; " +
			"the container's address can be reached from every host of Calico's network: allow its port in the " +
			`profile, as in "calicoctl profile NAME rule add inbound allow tcp to ports 80"`)
	}
	var unknown []string
	for key := range options {
		if !strings.HasPrefix(key, "com.docker.") {
			unknown = append(unknown, key)
		}
	}
	if len(unknown) > 0 {
		slices.Sort(unknown)
		return fmt.Errorf("unknown option %s (--driver-opt); endpoints have none", strings.Join(unknown, ", "))
	}
	return nil
}
