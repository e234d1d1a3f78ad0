//go:build !unix

package tty

// IgnoreJobControl does nothing where there is no such thing.
func IgnoreJobControl() (end func()) { return func() {} }
