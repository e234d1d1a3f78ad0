//go:build unix

package tty

import (
	"os/signal"
	"syscall"
)

// IgnoreJobControl keeps the program from being stopped, until end is called: by
// Ctrl-Z, or because it uses the terminal in the background, where it gets an error
// instead.
func IgnoreJobControl() (end func()) {
	signal.Ignore(syscall.SIGTSTP, syscall.SIGTTIN, syscall.SIGTTOU)
	return func() { signal.Reset(syscall.SIGTSTP, syscall.SIGTTIN, syscall.SIGTTOU) }
}
