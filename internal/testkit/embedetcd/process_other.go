//go:build !linux

package embedetcd

import "syscall"

// endsWithParent lets a process end when this one does, where that can be had.
func endsWithParent() *syscall.SysProcAttr { return nil }
