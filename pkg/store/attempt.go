package store

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

// An attempt is one sending of a request.
type attempt struct {
	sent atomic.Bool               // it was put on the wire, so etcd may have carried it out
	conn atomic.Pointer[namedConn] // by which it goes; nil before there is one
}

type attemptKey struct{}

// attempt returns the context of one sending of a request. A member without a
// leader, which may be cut off from the others, will say so at once. Where there
// are several endpoints, one that falls silent costs patience and no more: its
// connection is closed, the request fails, and another endpoint is taken.
func (s *Store) attempt(ctx context.Context) (context.Context, *attempt, context.CancelFunc) {
	a := new(attempt)
	ctx, cancel := context.WithCancel(clientv3.WithRequireLeader(context.WithValue(ctx, attemptKey{}, a)))
	if len(s.endpoints) > 1 {
		go s.hangUpWhenSilent(ctx, a)
	}
	return ctx, a, cancel
}

func (s *Store) hangUpWhenSilent(ctx context.Context, a *attempt) {
	const ticks = 8 // how often to look in the time of patience
	var last way
	for quiet := 0; sleep(ctx, patience/ticks<<min(s.dials.hangUps.Load(), 8)); quiet++ {
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
	a, ok := ctx.Value(attemptKey{}).(*attempt)
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
