package embedetcd

import (
	"context"
	"errors"
	"fmt"
	"time"

	"go.etcd.io/etcd/server/v3/embed"
	"google.golang.org/grpc"
)

// abandonAfter is how long a launch that is no longer wanted waits for etcd to come
// up, so as to stop it before its directory goes away.
const abandonAfter = 5 * time.Second

// embedded is a server inside this process.
type embedded struct {
	name    string
	etcd    *embed.Etcd
	serving chan struct{} // closed when clients are answered
	rpc     *grpc.Server  // what answers them; set before serving is closed
	closed  chan struct{} // closed when nothing is left of it
}

func startEmbedded(ctx context.Context, cfg *embed.Config) (server, error) {
	r := &embedded{name: cfg.Name, serving: make(chan struct{}), closed: make(chan struct{})}
	cfg.ServiceRegister = func(rpc *grpc.Server) {
		r.rpc = rpc
		close(r.serving)
	}
	var err error
	if r.etcd, err = startEtcd(ctx, cfg); err != nil {
		return nil, err
	}
	return r, nil
}

func (r *embedded) vote() (leader, own uint64) {
	return r.etcd.Server.Lead(), uint64(r.etcd.Server.MemberID())
}

func (r *embedded) ended() <-chan struct{} { return r.etcd.Server.StopNotify() }

func (r *embedded) waitGone() { <-r.closed }

// startEtcd is embed.StartEtcd, given up when ctx ends. It does not return
// while etcd is between nothing and running, unless etcd hangs there.
func startEtcd(ctx context.Context, cfg *embed.Config) (*embed.Etcd, error) {
	type result struct {
		etcd *embed.Etcd
		err  error
	}
	done := make(chan result, 1)
	go func() {
		e, err := embed.StartEtcd(cfg)
		done <- result{e, err}
	}()
	select {
	case r := <-done:
		return r.etcd, r.err
	case <-ctx.Done():
	}
	select {
	case r := <-done:
		if r.err == nil {
			r.etcd.Server.HardStop()
			r.etcd.Close()
		}
	case <-time.After(abandonAfter):
	}
	return nil, ctx.Err()
}

// waitServing returns when the server answers its clients.
func (r *embedded) waitServing(ctx context.Context) error {
	select {
	case <-r.serving:
		return nil
	case err := <-r.etcd.Err():
		if err == nil {
			err = errors.New("stopped before it served")
		}
		return fmt.Errorf("%s: %w", r.name, err)
	case <-ctx.Done():
		return fmt.Errorf("%s does not serve yet: %w", r.name, ctx.Err())
	}
}

// kill ends the server. First the clients are cut off, in the middle of a
// request, then raft ends without a word to the other members. etcd's own Close
// would wait for open requests, then hand over the leadership. What remains of
// it (it takes a second for connections of other members that never carried
// anything) goes on in the background until closed.
func (r *embedded) kill() {
	select {
	case <-r.serving:
		r.rpc.Stop()
	default:
	}
	for _, listener := range r.etcd.Clients {
		_ = listener.Close()
	}
	for _, peer := range r.etcd.Peers {
		_ = peer.Listener.Close()
	}
	r.etcd.Server.HardStop()
	go func() {
		r.etcd.Close()
		close(r.closed)
	}()
}
