//go:build !unix

package main

// ignoreJobControl does nothing where there is no such thing.
func ignoreJobControl() (end func()) { return func() {} }
