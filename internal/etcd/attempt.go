package etcd

import (
	"context"
	"net"
	"sync/atomic"
	"time"

	clientv3 "go.etcd.io/etcd/client/v3"
	"google.golang.org/grpc/stats"
)

// patience is how long a connection may be silent while a request waits for its
// answer, before it is closed for the sake of the other endpoints. It doubles
// with each that was closed, so that slow ones are waited for in the end.
const patience = 2 * time.Second

// An Attempt is one sending of a request.
type Attempt struct {
	sent atomic.Bool               // it was put on the wire, so etcd may have carried it out
	conn atomic.Pointer[namedConn] // by which it goes; nil before there is one
}

type attemptKey struct{}

// Sent reports whether etcd may have carried the request out.
func (a *Attempt) Sent() bool { return a.sent.Load() }

// Context returns the context of a request, such as a watch, whose connection is
// closed by HangUp alone.
func (a *Attempt) Context(ctx context.Context) context.Context {
	return clientv3.WithRequireLeader(context.WithValue(ctx, attemptKey{}, a))
}

// HangUp closes the connection of a request that has fallen silent.
func (s *Conn) HangUp(a *Attempt) {
	if conn := a.conn.Load(); conn != nil {
		s.dials.hangUp(conn)
	}
}

// Attempt returns the context of one sending of a request. A member without a
// leader, which may be cut off from the others, will say so at once. Where there
// are several endpoints, one that falls silent costs patience and no more: its
// connection is closed, the request fails, and another endpoint is taken.
func (s *Conn) Attempt(ctx context.Context) (context.Context, *Attempt, context.CancelFunc) {
	a := new(Attempt)
	ctx, cancel := context.WithCancel(a.Context(ctx))
	if len(s.endpoints) > 1 {
		go s.hangUpWhenSilent(ctx, a)
	}
	return ctx, a, cancel
}

func (s *Conn) hangUpWhenSilent(ctx context.Context, a *Attempt) {
	const ticks = 8 // how often to look in the time of patience
	var last way
	for quiet := 0; Sleep(ctx, patience/ticks<<min(s.dials.hangUps.Load(), 8)); quiet++ {
		conn := a.conn.Load()
		if conn == nil {
			continue
		}
		if now := (way{conn, conn.received.Load()}); now != last {
			last, quiet = now, 0
		}
		if quiet >= ticks {
			s.dials.hangUp(conn)
			return
		}
	}
}

// A way is a connection, and what had come by it at some time.
type way struct {
	conn     *namedConn
	received int64
}

// An attemptWatcher is gRPC's view of a request's way.
type attemptWatcher struct{ dials *dialLog }

func (attemptWatcher) TagRPC(ctx context.Context, _ *stats.RPCTagInfo) context.Context { return ctx }

func (w attemptWatcher) HandleRPC(ctx context.Context, event stats.RPCStats) {
	a, ok := ctx.Value(attemptKey{}).(*Attempt)
	if !ok {
		return
	}
	switch event := event.(type) {
	case *stats.OutHeader:
		a.conn.Store(w.dials.conn(event.LocalAddr))
	case *stats.OutPayload:
		a.sent.Store(true)
	}
}

func (attemptWatcher) TagConn(ctx context.Context, _ *stats.ConnTagInfo) context.Context { return ctx }

func (attemptWatcher) HandleConn(context.Context, stats.ConnStats) {}

// A namedConn knows the address that it was dialled by, and what came by it.
type namedConn struct {
	net.Conn
	dials    *dialLog
	address  string
	received atomic.Int64 // bytes
}

func (c *namedConn) Read(buffer []byte) (int, error) {
	n, err := c.Conn.Read(buffer)
	c.received.Add(int64(n))
	return n, err
}

// Close may be called several times.
func (c *namedConn) Close() error {
	c.dials.conns.Delete(c.LocalAddr().String())
	return c.Conn.Close()
}
