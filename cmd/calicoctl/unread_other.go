//go:build !unix

package main

// whenUnread does nothing where pipes cannot be asked.
func (a *app) whenUnread(func()) {}
