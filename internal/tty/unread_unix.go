//go:build unix

package tty

import (
	"errors"
	"io"
	"os"

	"golang.org/x/sys/unix"
)

// WhenUnread calls a function when stdout is a pipe whose reader is gone,
// which a program otherwise notices only when it writes.
func WhenUnread(stdout io.Writer, call func()) {
	f, ok := stdout.(*os.File)
	if !ok {
		return
	}
	if info, err := f.Stat(); err != nil || info.Mode()&(os.ModeNamedPipe|os.ModeSocket) == 0 {
		return
	}
	fds := []unix.PollFd{{Fd: int32(f.Fd())}}
	go func() {
		for {
			n, err := unix.Poll(fds, -1)
			switch {
			case errors.Is(err, unix.EINTR):
				continue
			case err == nil && n > 0 && fds[0].Revents&(unix.POLLERR|unix.POLLHUP) != 0:
				call()
			}
			return
		}
	}()
}
