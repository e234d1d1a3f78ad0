//go:build unix

package main

import (
	"os/signal"
	"syscall"
)

// ignoreJobControl keeps the program from being stopped, until end is called: by
// Ctrl-Z, or because it uses the terminal in the background, where it gets an error
// instead.
func ignoreJobControl() (end func()) {
	signal.Ignore(syscall.SIGTSTP, syscall.SIGTTIN, syscall.SIGTTOU)
	return func() { signal.Reset(syscall.SIGTSTP, syscall.SIGTTIN, syscall.SIGTTOU) }
}
