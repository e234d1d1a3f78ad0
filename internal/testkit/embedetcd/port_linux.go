package embedetcd

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"sync"

	"golang.org/x/sys/unix"
)

// reusePort tells etcd to share its ports with the sockets that reserve them.
const reusePort = true

// port is a TCP port of 127.0.0.1 that nobody else can get. It is held by a
// socket that is bound to it but does not listen, which leaves connecting
// clients to whoever listens, or refused when nobody does. As both sockets are
// of those that agree to share their port, etcd comes and goes on it while the
// kernel gives it to no other.
type port struct {
	number  int
	release func() error // may be called again
}

// reservePort takes a free port, with bind.
func reservePort(bind func(fd int) (int, error)) (*port, error) {
	fd, err := unix.Socket(unix.AF_INET, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return nil, fmt.Errorf("reserve a port: %w", os.NewSyscallError("socket", err))
	}
	number, err := bind(fd)
	if err != nil {
		return nil, errors.Join(fmt.Errorf("reserve a port: %w", err), unix.Close(fd))
	}
	return &port{
		number: number,
		release: sync.OnceValue(func() error {
			return os.NewSyscallError("close", unix.Close(fd))
		}),
	}, nil
}

// The ports of processes are below those that Linux gives to clients, and to servers
// that take any.
const lowestPort, highestPort = 10000, 30000

// bindForProcess binds a socket to a free port of those that the kernel gives to
// nobody. An etcd process cannot share its port, so the port has to be given up
// before each launch.
func bindForProcess(fd int) (int, error) {
	for {
		number := lowestPort + rand.N(highestPort-lowestPort)
		err := unix.Bind(fd, &unix.SockaddrInet4{Addr: [4]byte{127, 0, 0, 1}, Port: number})
		if !errors.Is(err, unix.EADDRINUSE) {
			return number, os.NewSyscallError("bind", err)
		}
	}
}

// bindAny binds a socket to any free port and returns which. The kernel
// never picks a port that is bound, however willing to share the other is.
func bindAny(fd int) (int, error) {
	if err := unix.SetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_REUSEPORT, 1); err != nil {
		return 0, os.NewSyscallError("setsockopt", err)
	}
	if err := unix.Bind(fd, &unix.SockaddrInet4{Addr: [4]byte{127, 0, 0, 1}}); err != nil {
		return 0, os.NewSyscallError("bind", err)
	}
	addr, err := unix.Getsockname(fd)
	if err != nil {
		return 0, os.NewSyscallError("getsockname", err)
	}
	inet, ok := addr.(*unix.SockaddrInet4)
	if !ok {
		return 0, fmt.Errorf("bound to %T instead of an IPv4 address", addr)
	}
	return inet.Port, nil
}

// yield is called before etcd listens on the port. There is nothing to do.
func (p *port) yield() {}
