//go:build linux

// Package host makes the links between containers and the host: a pair of virtual
// Ethernet devices, the routes to the container's addresses, and the settings with
// which the host answers for the container's gateway. It works in the network
// namespace of the calling process.
//
// A link is ours if its alias says so; no other one is ever changed or removed.
package host
