package tty

import (
	"io"
	"os"

	"golang.org/x/sys/unix"
)

// DropTypedAhead drops what was typed on a terminal before the question was printed.
func DropTypedAhead(stdin io.Reader) {
	if f, ok := stdin.(*os.File); ok {
		_ = unix.IoctlSetInt(int(f.Fd()), unix.TCFLSH, unix.TCIFLUSH) // an error says that it is no terminal
	}
}
