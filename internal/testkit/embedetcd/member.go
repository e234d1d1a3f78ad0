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
)

const (
	// lockPatience is how long a launch waits for another process to let go
	// of the data directory.
	lockPatience = 200 * time.Millisecond
)

// member is what an etcd server keeps while it does not run: its name, its
// directory and its ports.
type member struct {
	name         string
	dir          string
	secure       bool // speaks TLS to its clients
	client, peer *port

	run  server // nil while it does not run
	last server // the one that was killed last
}

// A server is one run of a member, from its launch to its end.
type server interface {
	// waitServing returns when the server answers its clients.
	waitServing(ctx context.Context) error

	// vote returns the IDs of the member that it holds to be the leader, and its
	// own; 0 while it does not know.
	vote() (leader, own uint64)

	// ended returns a channel that is closed when the server has come to its end.
	ended() <-chan struct{}

	// kill ends the server abruptly: clients are cut off in the middle of a
	// request, and the leadership is not handed over.
	kill()

	// waitGone returns when nothing is left of a server that was killed.
	waitGone()
}

// newMember reserves the ports of a member, which a process or this one will serve.
func newMember(name, dir string, opts Options, isProcess bool) (*member, error) {
	bind := bindAny
	if isProcess {
		bind = bindForProcess
	}
	client, err := reservePort(bind)
	if err != nil {
		return nil, err
	}
	peer, err := reservePort(bind)
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

// launch starts the server, without waiting until it serves: the first members of
// a cluster cannot serve before the others are there.
func (m *member) launch(start func() (server, error)) error {
	m.waitGone()
	if err := checkUnused(m.dir); err != nil {
		return err
	}
	m.client.yield()
	m.peer.yield()
	run, err := start()
	if err != nil {
		return fmt.Errorf("%s: %w", m.name, err)
	}
	m.run = run
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
		m.last.waitGone()
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
