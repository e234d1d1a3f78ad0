package embedetcd

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/url"
	"path/filepath"
	"strconv"
	"time"

	bolt "go.etcd.io/bbolt"
	bolterrors "go.etcd.io/bbolt/errors"
	"go.etcd.io/etcd/server/v3/embed"
	"google.golang.org/grpc"
)

const (
	// lockPatience is how long a launch waits for another process to let go
	// of the data directory.
	lockPatience = 200 * time.Millisecond

	// abandonAfter is how long a launch that is no longer wanted waits for
	// etcd to come up, so as to stop it before its directory goes away.
	abandonAfter = 5 * time.Second
)

// member is what an etcd server keeps while it does not run: its name, its
// directory and its ports.
type member struct {
	name         string
	dir          string
	secure       bool // speaks TLS to its clients
	client, peer *port

	run  *run // nil while it does not run
	last *run // the one that was killed last
}

// run is one run of a member, from its launch to its end.
type run struct {
	name    string
	etcd    *embed.Etcd
	serving chan struct{} // closed when clients are answered
	rpc     *grpc.Server  // what answers them; set before serving is closed
	closed  chan struct{} // closed when nothing is left of it
}

// newMember reserves the ports of a member.
func newMember(name, dir string, opts Options) (*member, error) {
	client, err := reservePort()
	if err != nil {
		return nil, err
	}
	peer, err := reservePort()
	if err != nil {
		return nil, errors.Join(err, client.release())
	}
	return &member{name: name, dir: dir, secure: opts.ClientTLS != nil, client: client, peer: peer}, nil
}

func (m *member) clientURL() *url.URL {
	if m.secure {
		return loopbackURL("https", m.client.number)
	}
	return loopbackURL("http", m.client.number)
}

func (m *member) peerURL() *url.URL { return loopbackURL("http", m.peer.number) }

func loopbackURL(scheme string, port int) *url.URL {
	return &url.URL{Scheme: scheme, Host: net.JoinHostPort("127.0.0.1", strconv.Itoa(port))}
}

// launch starts the server as cfg says, without waiting until it serves: the
// first members of a cluster cannot serve before the others are there.
func (m *member) launch(ctx context.Context, cfg *embed.Config) error {
	m.waitGone()
	if err := checkUnused(m.dir); err != nil {
		return err
	}
	m.client.yield()
	m.peer.yield()
	r := &run{name: m.name, serving: make(chan struct{}), closed: make(chan struct{})}
	cfg.ServiceRegister = func(rpc *grpc.Server) {
		r.rpc = rpc
		close(r.serving)
	}
	var err error
	if r.etcd, err = startEtcd(ctx, cfg); err != nil {
		return fmt.Errorf("%s: %w", m.name, err)
	}
	m.run = r
	return nil
}

// kill ends what runs, if anything does.
func (m *member) kill() {
	if m.run != nil {
		m.run.kill()
		m.run, m.last = nil, m.run
	}
}

// waitGone returns when nothing is left of what ran.
func (m *member) waitGone() {
	if m.last != nil {
		<-m.last.closed
	}
}

// checkUnused refuses a data directory that another etcd serves. etcd itself
// would wait, without a word, until the other ends.
func checkUnused(dir string) error {
	path := filepath.Join(dir, "member", "snap", "db")
	db, err := bolt.Open(path, 0o600, &bolt.Options{ReadOnly: true, Timeout: lockPatience})
	if errors.Is(err, bolterrors.ErrTimeout) {
		return fmt.Errorf("data directory %s is in use by another etcd", dir)
	}
	if err != nil {
		return nil // not there yet; or damaged, which etcd explains better
	}
	return db.Close()
}

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
func (r *run) waitServing(ctx context.Context) error {
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
func (r *run) kill() {
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
