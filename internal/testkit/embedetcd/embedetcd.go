// Package embedetcd runs a real etcd, one member or a whole cluster, inside
// the calling process. The sandbox program gives it to people who want to try
// calicoctl, and the tests use it so that they meet etcd's own transactions,
// elections, certificates and users instead of an imitation of them.
//
// A server listens on free ports of 127.0.0.1 only, which stay reserved for it
// until it is closed, so that any number of servers run beside each other and
// a stopped member finds its ports free when it comes back. It logs nothing,
// unless it is told where to.
//
// Every stop is abrupt: connections are cut without a goodbye and leadership is
// not handed over, as when the machine under a member fails. What etcd had
// acknowledged is kept, what was under way has an unknown outcome. That is the
// case worth testing, and it does not wait for clients that still watch.
package embedetcd

import (
	"context"
	"io"

	"go.etcd.io/etcd/client/pkg/v3/transport"
)

// Options say how a server or each member of a cluster runs. The zero value
// gives a plain etcd over HTTP with its usual timing, its data in a temporary
// directory.
type Options struct {
	// Dir is where the data is kept; it is made if it is not there, and
	// what an earlier server left in it is served again. Empty means a
	// temporary directory that Close removes.
	Dir string

	// ClientTLS makes the server speak TLS to its clients: CertFile and
	// KeyFile (the certificate has to be valid for 127.0.0.1), and, to
	// require a certificate of each client, TrustedCAFile and
	// ClientCertAuth. Members talk to each other without TLS all the same.
	// Nil means plain HTTP.
	ClientTLS *transport.TLSInfo

	// Fast is for tests: elections take a fraction of a second instead of
	// seconds, and nothing is forced to the disk, so that the data survives
	// the end of a server but not that of the machine.
	Fast bool

	// MaxRequestBytes is how long a request may be; 0 is etcd's default.
	MaxRequestBytes uint

	// Log receives etcd's errors, one JSON document a line. Nil means that
	// only what ends the whole process (etcd gives up when its disk is full
	// or its data is damaged) is written, to the standard error.
	Log io.Writer
}

// Server is an etcd of a single member.
type Server struct {
	cluster *Cluster
}

// Start starts an etcd of a single member and returns as soon as it serves.
// When ctx ends before that, nothing is left running.
func Start(ctx context.Context, opts Options) (*Server, error) {
	cluster, err := startCluster(ctx, []string{opts.Dir}, opts)
	if err != nil {
		return nil, err
	}
	return &Server{cluster: cluster}, nil
}

// Endpoint returns the URL to give to a client, http://127.0.0.1:PORT, or
// https when the server speaks TLS.
func (s *Server) Endpoint() string {
	return s.cluster.Endpoints()[0]
}

// Stopped returns a channel that is closed when the server has come to its
// end, by Close or by a failure of its own.
func (s *Server) Stopped() <-chan struct{} {
	return s.cluster.stopped(0)
}

// Close stops the server and removes its data if that is temporary. It may be
// called again, without effect.
func (s *Server) Close() error {
	return s.cluster.Close()
}
