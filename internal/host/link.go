//go:build linux

package host

import (
	"net/netip"
	"strings"
)

// idDigits is how many digits of an endpoint's ID are in the names of its devices,
// which have at most 15 characters.
const idDigits = 11

// aliasPrefix begins the alias of each of our devices.
const aliasPrefix = "calico-docker endpoint="

// A Link is the pair of devices of one endpoint.
type Link struct {
	Endpoint  string // Docker's ID
	Sandbox   string // Docker's key of the container's network namespace
	Addresses []netip.Addr
	MTU       int  // 0 is the kernel's default
	Held      bool // closed: no packet passes in either direction

	// PeerDown leaves the container's end down, until Docker has moved it and brings
	// it up. Otherwise Felix may see a link that is up before the move, and report an
	// endpoint whose routes it withdraws a moment later, for the time of the move.
	PeerDown bool
}

// Name returns the name of the device on the host.
func Name(endpoint string) string { return "cali" + endpoint[:min(idDigits, len(endpoint))] }

// PeerName returns the name of the container's device before Docker moves it.
func PeerName(endpoint string) string { return "temp" + endpoint[:min(idDigits, len(endpoint))] }

// alias returns what a device says of itself.
func (l Link) alias() string {
	text := aliasPrefix + l.Endpoint + " sandbox=" + l.Sandbox
	if l.Held {
		text += " held"
	}
	return text
}

// parseAlias reads the alias of a device; ok is false if it is not one of ours.
func parseAlias(alias string) (l Link, ok bool) {
	rest, ok := strings.CutPrefix(alias, aliasPrefix)
	if !ok {
		return Link{}, false
	}
	l.Endpoint, rest, ok = strings.Cut(rest, " sandbox=")
	l.Sandbox, l.Held = strings.CutSuffix(rest, " held")
	return l, ok && l.Endpoint != ""
}
