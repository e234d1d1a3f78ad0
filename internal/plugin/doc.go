//go:build linux

// Package plugin is the conversation with Docker: the network driver and the IPAM
// driver of a legacy plugin, HTTP and JSON on a unix socket.
//
// Docker repeats a request whose answer it did not get, so that each of them may
// come twice; it has no bound for an answer of its own, so that each of them has
// one here; and it replays nothing when it starts again.
package plugin
