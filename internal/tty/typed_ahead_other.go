//go:build !linux

package tty

import "io"

// DropTypedAhead is for Linux only.
func DropTypedAhead(io.Reader) {}
