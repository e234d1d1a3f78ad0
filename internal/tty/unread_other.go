//go:build !unix

package tty

import "io"

// WhenUnread does nothing where pipes cannot be asked.
func WhenUnread(io.Writer, func()) {}
