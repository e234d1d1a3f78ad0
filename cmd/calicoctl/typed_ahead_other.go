//go:build !linux

package main

import "io"

// dropTypedAhead is for Linux only.
func dropTypedAhead(io.Reader) {}
