package embedetcd

import "syscall"

// endsWithParent lets a process end when this one does, however that ends.
func endsWithParent() *syscall.SysProcAttr { return &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL} }
