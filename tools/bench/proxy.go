//go:build unix

package main

import (
	"io"
	"net"
	"net/url"
	"sync"
	"time"
)

// A proxy stands between clients and an etcd that is far away: what either side
// sends arrives half a round trip later. It delays neither the establishment of
// a connection nor its end, and has any bandwidth.
type proxy struct {
	endpoint string
	listener net.Listener
	backend  string
	delay    time.Duration

	wg    sync.WaitGroup
	mu    sync.Mutex
	conns []net.Conn
}

func startProxy(endpoint string, roundTrip time.Duration) (*proxy, error) {
	backend, err := url.Parse(endpoint)
	if err != nil {
		return nil, err
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	p := &proxy{
		endpoint: backend.Scheme + "://" + listener.Addr().String(),
		listener: listener, backend: backend.Host, delay: roundTrip / 2,
	}
	p.wg.Go(p.accept)
	return p, nil
}

func (p *proxy) stop() error {
	if p == nil {
		return nil
	}
	err := p.listener.Close()
	p.mu.Lock()
	for _, c := range p.conns {
		_ = c.Close()
	}
	p.mu.Unlock()
	p.wg.Wait()
	return err
}

func (p *proxy) accept() {
	for {
		client, err := p.listener.Accept()
		if err != nil {
			return
		}
		server, err := net.Dial("tcp", p.backend)
		if err != nil {
			_ = client.Close()
			continue
		}
		p.mu.Lock()
		p.conns = append(p.conns, client, server)
		p.mu.Unlock()
		p.wg.Go(func() { p.carry(client, server) })
		p.wg.Go(func() { p.carry(server, client) })
	}
}

// A parcel is what was read at once, and when it arrives.
type parcel struct {
	bytes []byte
	due   time.Time
}

// carry moves what one side sends to the other, later. The end of either ends
// both.
func (p *proxy) carry(from io.ReadCloser, to io.WriteCloser) {
	way := make(chan parcel, 1000)
	p.wg.Go(func() {
		for parcel := range way {
			time.Sleep(time.Until(parcel.due))
			_, _ = to.Write(parcel.bytes) // if it is gone, so will be the other
		}
		_, _ = to.Close(), from.Close()
	})
	defer close(way)
	for {
		buffer := make([]byte, 32<<10)
		n, err := from.Read(buffer)
		if n > 0 {
			way <- parcel{buffer[:n], time.Now().Add(p.delay)}
		}
		if err != nil {
			return
		}
	}
}
