package torture

import (
	"net"
	"sync"
	"time"
)

// connectTimeout is how long a proxy tries to reach its member, which either
// listens or does not.
const connectTimeout = 2 * time.Second

// A proxy stands between one client and one member, and does harm to the
// connections.
type proxy struct {
	target   string
	listener net.Listener
	faults   *faults
	giveUp   func() // lets the client end what it is at
	running  sync.WaitGroup

	mu           sync.Mutex
	closed       bool
	links        map[*link]bool
	refusedUntil time.Time
}

// newProxy returns a proxy of a member at HOST:PORT. giveUp is called now and
// then when the client waits because of a fault.
func newProxy(target string, f *faults, giveUp func()) (*proxy, error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	p := &proxy{target: target, listener: listener, faults: f, giveUp: giveUp, links: map[*link]bool{}}
	p.running.Go(p.serve)
	return p, nil
}

func (p *proxy) endpoint() string { return "http://" + p.listener.Addr().String() }

// close ends everything, and returns when nothing is left.
func (p *proxy) close() {
	_ = p.listener.Close()
	p.mu.Lock()
	p.closed = true
	p.mu.Unlock()
	p.cut()
	p.running.Wait()
}

// cut ends all connections.
func (p *proxy) cut() {
	p.mu.Lock()
	defer p.mu.Unlock()
	for l := range p.links {
		l.reset()
	}
}

func (p *proxy) serve() {
	for {
		client, err := p.listener.Accept()
		if err != nil {
			return
		}
		if p.refuses() {
			reset(client)
			continue
		}
		p.running.Go(func() { p.link(client) })
	}
}

func (p *proxy) refuses() bool {
	begins := p.faults.refuse()
	p.mu.Lock()
	defer p.mu.Unlock()
	if begins {
		p.faults.happened(NoConnects)
		p.refusedUntil = time.Now().Add(p.faults.between(50*time.Millisecond, time.Second))
	}
	return time.Now().Before(p.refusedUntil) && !p.faults.ended()
}

// link connects a client with the member, until either ends the connection.
func (p *proxy) link(client net.Conn) {
	server, err := net.DialTimeout("tcp", p.target, connectTimeout)
	if err != nil {
		reset(client)
		return
	}
	l := &link{faults: p.faults, giveUp: p.giveUp, client: client, server: server, gone: make(chan struct{})}
	p.add(l)
	p.running.Go(l.answers)
	l.requests()
	p.mu.Lock()
	delete(p.links, l)
	p.mu.Unlock()
}

// add makes a connection known, so that it can be cut.
func (p *proxy) add(l *link) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.links[l] = true
	if p.closed {
		l.reset()
	}
}

// reset ends a connection as a machine does that knows nothing of it.
func reset(c net.Conn) {
	if tcp, ok := c.(*net.TCPConn); ok {
		_ = tcp.SetLinger(0)
	}
	_ = c.Close()
}
