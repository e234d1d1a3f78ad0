//go:build !unix

package main

// whenUnread does nothing where pipes cannot be asked.
func (s streams) whenUnread(func()) {}
