package etcd

import (
	"bytes"
	"cmp"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"maps"
	"net"
	"os"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"google.golang.org/grpc/credentials"
)

// hopelessAfter is how long connections that are refused everywhere are tried
// again: etcd may be restarting, but a person is waiting.
const hopelessAfter = 2 * time.Second

// A dialLog remembers why the last attempt to connect to each address failed,
// because gRPC reports such errors as text only, and waits for a connection as
// long as the request's context lives.
type dialLog struct {
	addresses int // how many there are
	certs     certificates
	logger    *slog.Logger

	conns   sync.Map     // those that are open, *namedConn by local address
	hangUps atomic.Int64 // how many were closed because they fell silent

	mu      sync.Mutex
	silent  map[string]bool  // addresses hung up on since all had been
	failed  map[string]error // by address; nil after a success
	waiting map[*wait]bool

	learners map[string]time.Time // until when each is left alone, by address
}

// A wait is a request that should end when there is no hope.
type wait struct {
	since  time.Time
	cancel context.CancelCauseFunc
}

var errHopeless = errors.New("no endpoint accepts connections")

func newDialLog(addresses int) *dialLog {
	return &dialLog{addresses: addresses, silent: map[string]bool{}, failed: map[string]error{}, waiting: map[*wait]bool{}, learners: map[string]time.Time{}}
}

// hopeful returns a context that also ends, with the cause errHopeless, when
// every address is refused.
func (l *dialLog) hopeful(ctx context.Context) (context.Context, context.CancelFunc) {
	ctx, cancel := context.WithCancelCause(ctx)
	w := &wait{since: time.Now(), cancel: cancel}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.waiting[w] = true
	return ctx, func() {
		l.mu.Lock()
		defer l.mu.Unlock()
		delete(l.waiting, w)
		cancel(nil)
	}
}

// Hopeful returns a context that also ends when there is no point in waiting any
// longer, because every endpoint refuses connections.
func (s *Conn) Hopeful(ctx context.Context) (context.Context, context.CancelFunc) {
	return s.dials.hopeful(ctx)
}

// note records how an attempt to connect ended. Failed attempts repeat at
// least once a second, which bounds how long a request waits in vain.
func (l *dialLog) note(address string, err error) {
	l.logDial(address, err)
	l.mu.Lock()
	defer l.mu.Unlock()
	l.failed[address] = err
	hopeless, final := len(l.failed) >= l.addresses, len(l.failed) >= l.addresses
	for _, err := range l.failed {
		hopeless = hopeless && err != nil && !isTimeout(err)
		final = final && isFinal(err)
	}
	for w := range l.waiting {
		if final || hopeless && time.Since(w.since) > hopelessAfter {
			w.cancel(errHopeless)
		}
	}
}

// reason says why nothing answered, and whether that is about a certificate. It is
// empty when no address gave a reason.
func (l *dialLog) reason() (reason string, certificate bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	var each, all []string
	for _, address := range slices.Sorted(maps.Keys(l.failed)) {
		if err := l.failed[address]; err != nil && !isTimeout(err) {
			why := l.certs.reason(err)
			certificate = certificate || why != ""
			why = cmp.Or(why, plainReason(err))
			each, all = append(each, address+": "+why), append(all, why)
		}
	}
	switch same := slices.Compact(slices.Clone(all)); {
	case len(all) == 0:
		return "", false
	case len(same) == 1 && len(all) == l.addresses:
		return same[0], certificate
	}
	return strings.Join(each, "; "), certificate
}

// dial connects to an address as gRPC names it.
func (l *dialLog) dial(ctx context.Context, address string) (net.Conn, error) {
	var conn net.Conn
	err := l.shunned(address)
	if err == nil {
		conn, err = (&net.Dialer{}).DialContext(ctx, "tcp", address)
	}
	if err != nil {
		l.note(address, err)
		return nil, err
	}
	named := &namedConn{Conn: conn, dials: l, address: address}
	l.conns.Store(conn.LocalAddr().String(), named)
	return named, nil
}

// hangUp closes a connection that fell silent. Its address is not dialled again
// before all others have fallen silent, too.
func (l *dialLog) hangUp(conn *namedConn) {
	l.hangUps.Add(1)
	l.mu.Lock()
	l.silent[conn.address] = true
	if len(l.silent) >= l.addresses {
		clear(l.silent)
	}
	l.mu.Unlock()
	_ = conn.Close()
}

// shunned returns an error for an address that fell silent, or is a learner's.
func (l *dialLog) shunned(address string) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if time.Now().Before(l.learners[address]) {
		return errLearner
	}
	if l.silent[address] {
		return fmt.Errorf("%s fell silent: %w", address, os.ErrDeadlineExceeded)
	}
	return nil
}

// conn returns the open connection that has a local address, or nil.
func (l *dialLog) conn(local net.Addr) *namedConn {
	conn, _ := l.conns.Load(local.String())
	named, _ := conn.(*namedConn)
	return named
}

// loggedHandshake notes failed handshakes, and what is wrong with the first
// bytes after them: a server may refuse a client's certificate only there,
// and one that is no etcd speaks another protocol.
type loggedHandshake struct {
	credentials.TransportCredentials
	log *dialLog
}

func (h loggedHandshake) ClientHandshake(ctx context.Context, authority string, conn net.Conn) (net.Conn, credentials.AuthInfo, error) {
	address := conn.RemoteAddr().String()
	if named, ok := conn.(*namedConn); ok {
		address = named.address
	}
	secured, info, err := h.TransportCredentials.ClientHandshake(ctx, authority, conn)
	if err != nil {
		h.log.note(address, err)
		return nil, nil, err
	}
	h.log.logTLS(address, authority, info)
	return &firstRead{Conn: secured, note: func(err error) { h.log.note(address, err) }}, info, nil
}

func (h loggedHandshake) Clone() credentials.TransportCredentials {
	return loggedHandshake{TransportCredentials: h.TransportCredentials.Clone(), log: h.log}
}

// firstRead notes how the first read went. gRPC reads in one goroutine.
type firstRead struct {
	net.Conn
	note func(error)
	done bool
}

// errHangsUp: so does a TLS server that is spoken to without TLS, and a load
// balancer whose etcd is away.
var errHangsUp = errors.New("the connection is closed before etcd says anything; does it run there, and is it http or https?")

var errNotEtcd = errors.New("something answers, but not as etcd does; is it the right port, and http or https?")

func (c *firstRead) Read(buffer []byte) (int, error) {
	n, err := c.Conn.Read(buffer)
	if c.done {
		return n, err
	}
	c.done = true
	// HTTP/2 begins with a frame of settings: three bytes of length, then 4.
	switch settings := n >= 4 && buffer[3] == 4 && !bytes.HasPrefix(buffer, []byte("HTTP")); {
	case errors.Is(err, net.ErrClosed): // by ourselves
	case n == 0 && (errors.Is(err, io.EOF) || errors.Is(err, syscall.ECONNRESET)):
		c.note(errHangsUp)
	case n > 0 && !settings:
		c.note(errNotEtcd)
	case n == 0:
		c.note(err)
	default:
		c.note(nil)
	}
	return n, err
}

func isTimeout(err error) bool {
	var timeout interface{ Timeout() bool }
	return errors.As(err, &timeout) && timeout.Timeout() || errors.Is(err, context.DeadlineExceeded)
}

// isFinal reports whether trying again cannot help: certificates and protocols
// do not change within seconds.
func isFinal(err error) bool {
	var certificate *tls.CertificateVerificationError
	var record tls.RecordHeaderError
	return errors.As(err, &certificate) || alert(err) != "" || errors.As(err, &record)
}

// alert returns what a TLS server has said when it ended the connection, if it
// has. The tls package does not export the type of that error.
func alert(err error) string {
	var op *net.OpError
	if errors.As(err, &op) && op.Op == "remote error" {
		return strings.TrimPrefix(op.Err.Error(), "tls: ")
	}
	return ""
}

// plainReason returns an error of the net and tls packages as a plain text.
func plainReason(err error) string {
	var dns *net.DNSError
	var record tls.RecordHeaderError
	var op *net.OpError
	switch said := alert(err); {
	case errors.As(err, &dns) && dns.IsNotFound:
		return fmt.Sprintf("there is no host called %s", dns.Name)
	case errors.As(err, &record), errors.Is(err, io.EOF):
		return "the server does not speak TLS; is the endpoint http instead of https?"
	case said != "":
		return "the server rejects the TLS connection: " + said
	case strings.Contains(err.Error(), "missing selected ALPN property"):
		return errNotEtcd.Error() // gRPC's text for TLS without HTTP/2
	case errors.As(err, &op) && op.Err != nil:
		return strings.TrimPrefix(strings.TrimPrefix(op.Err.Error(), "connect: "), "read: ")
	}
	return err.Error()
}
