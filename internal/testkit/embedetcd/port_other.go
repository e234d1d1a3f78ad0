//go:build !linux

package embedetcd

import (
	"fmt"
	"net"
	"sync"
)

// reusePort stays off where sharing a port means something else.
const reusePort = false

// port is a TCP port of 127.0.0.1 that was free when it was picked. It is held
// by a listener until etcd first takes it; between two runs of a member nothing
// holds it.
type port struct {
	number  int
	release func() error // may be called again
}

// bindAny and bindForProcess differ only on Linux.
func bindAny() {}

func bindForProcess() {}

// reservePort takes a free port.
func reservePort(func()) (*port, error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, fmt.Errorf("reserve a port: %w", err)
	}
	return &port{
		number:  listener.Addr().(*net.TCPAddr).Port,
		release: sync.OnceValue(listener.Close),
	}, nil
}

// yield frees the port for etcd to listen on.
func (p *port) yield() { _ = p.release() }
