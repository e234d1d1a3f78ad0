package store_test

import (
	"context"
	"crypto/tls"
	"errors"
	"io"
	"net"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"go.etcd.io/etcd/client/pkg/v3/transport"

	"github.com/calicoctl/calicoctl/internal/etcd"
	"github.com/calicoctl/calicoctl/internal/testkit/embedetcd"
	"github.com/calicoctl/calicoctl/pkg/fault"
	"github.com/calicoctl/calicoctl/pkg/store"
)

// closedPort returns an address that refuses connections. It is of a loopback
// address that nothing else uses, so that no other test gets the port.
func closedPort(t *testing.T) string {
	t.Helper()
	listener, err := net.Listen("tcp", "127.66.0.1:0")
	if err != nil {
		listener = listen(t) // not all systems have all of 127.0.0.0/8
	}
	defer listener.Close()
	return listener.Addr().String()
}

func listen(t *testing.T) net.Listener {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	must(t, err)
	t.Cleanup(func() { _ = listener.Close() })
	return listener
}

// blackHole returns an address that accepts connections and says nothing.
func blackHole(t *testing.T) string {
	t.Helper()
	return serve(t, func(conn net.Conn) { _, _ = io.Copy(io.Discard, conn) })
}

// serve returns an address where every connection is given to answer.
func serve(t *testing.T, answer func(net.Conn)) string {
	t.Helper()
	listener := listen(t)
	go func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			go func() {
				defer conn.Close()
				answer(conn)
			}()
		}
	}()
	return listener.Addr().String()
}

// web returns the address of an HTTP/1 server.
func web(t *testing.T, config *tls.Config) string {
	t.Helper()
	listener := listen(t)
	if config != nil {
		listener = tls.NewListener(listener, config)
	}
	server := &http.Server{Handler: http.NotFoundHandler(), ErrorLog: nil}
	server.ErrorLog = discardLog()
	go func() { _ = server.Serve(listener) }()
	t.Cleanup(func() { _ = server.Close() })
	return listener.Addr().String()
}

const (
	notEtcd = "something answers, but not as etcd does; is it the right port, and http or https?"
	hangUp  = "the connection is closed before etcd says anything; does it run there, and is it http or https?"
	notTLS  = "the server does not speak TLS; is the endpoint http instead of https?"
)

func TestUnreachable(t *testing.T) {
	t.Parallel()
	ca := newAuthority(t)
	serverCert := ca.server(t, nil)
	secure := newWorldWith(t, embedetcd.Options{ClientTLS: &transport.TLSInfo{CertFile: serverCert.cert, KeyFile: serverCert.key}})
	plain := newWorld(t)
	port := func(endpoint string) string { return endpoint[strings.LastIndex(endpoint, ":"):] }
	refused, silent := closedPort(t), blackHole(t)
	hangsUp := serve(t, func(conn net.Conn) {
		_ = conn.(*net.TCPConn).CloseWrite() // and what comes is read, so that it is no reset
		_, _ = io.Copy(io.Discard, conn)
	})
	tests := map[string]struct {
		endpoints []string
		reason    string
		user      string
	}{
		"refused with TLS":          {[]string{"https://" + refused}, "connection refused", ""},
		"no answer":                 {[]string{"http://" + silent}, "no answer", ""},
		"no answer with a user":     {[]string{"http://" + silent}, "no answer", "u"},
		"no answer with TLS":        {[]string{"https://" + silent}, "no answer", ""},
		"refused or no answer":      {[]string{"http://" + refused, "http://" + silent}, refused + ": connection refused", ""},
		"DNS does not answer":       {[]string{"http://silent.test:2379"}, "no answer", ""},
		"no such host":              {[]string{"http://nosuch.invalid:2379"}, "there is no host called nosuch.invalid", ""},
		"HTTP/1":                    {[]string{"http://" + web(t, nil)}, notEtcd, ""},
		"HTTP/1 spoken to with TLS": {[]string{"https://" + web(t, nil)}, notTLS, ""},
		"HTTP/1 behind TLS":         {[]string{"https://" + web(t, serverCert.config(t))}, notEtcd, ""},
		"hangs up":                  {[]string{"http://" + hangsUp}, hangUp, ""},
		"hangs up on TLS":           {[]string{"https://" + hangsUp}, notTLS, ""},
		"TLS spoken to without":     {[]string{"http://127.0.0.1" + port(secure.endpoint)}, hangUp, ""},
		"no TLS spoken to with it":  {[]string{"https://127.0.0.1" + port(plain.endpoint)}, notTLS, ""},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			timeout := 10 * time.Second
			if test.reason == "no answer" || len(test.endpoints) > 1 {
				timeout = time.Second // there always is hope of an answer
			}
			ctx, cancel := context.WithTimeout(t.Context(), timeout)
			defer cancel()
			start := time.Now()
			cfg := etcd.Config{Endpoints: test.endpoints, Username: test.user, Password: test.user, CA: ca.pem}
			err := readOnce(ctx, cfg)
			wantUnreachable(t, err, test.endpoints, test.reason)
			if took := time.Since(start); took > timeout+time.Second {
				t.Errorf("took %s", took)
			}
		})
	}
}

// readOnce opens a Store, reads a profile, and closes it.
func readOnce(ctx context.Context, cfg etcd.Config) error {
	s, err := store.Open(ctx, cfg)
	if err != nil {
		return err
	}
	_, err = s.Read(ctx, store.Query{Profiles: []string{"web"}, Lock: true})
	return errors.Join(err, s.Close())
}

func wantUnreachable(t *testing.T, err error, endpoints []string, reason string) {
	t.Helper()
	wantError(t, err, fault.ErrUnreachable, "")
	var unreachable *etcd.UnreachableError
	if !errors.As(err, &unreachable) {
		t.Fatalf("error %v (%T), want an UnreachableError", err, err)
	}
	if unreachable.Reason != reason || !slices.Equal(unreachable.Endpoints, endpoints) {
		t.Errorf("reason %q of %q, want %q of %q", unreachable.Reason, unreachable.Endpoints, reason, endpoints)
	}
	if certificate := strings.Contains(reason, "certificate"); unreachable.TLS != certificate {
		t.Errorf("TLS %v: %s", unreachable.TLS, reason)
	}
	wantIn(t, err, "etcd at "+strings.Join(endpoints, ", ")+": "+reason+" (waited ")
}

// A person who is waiting is not kept until the deadline when every endpoint
// refuses.
func TestRefusedEndsEarly(t *testing.T) {
	t.Parallel()
	for name, user := range map[string]string{"without user": "", "with user": "u"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			start := time.Now()
			cfg := etcd.Config{Endpoints: []string{"http://" + closedPort(t)}, Username: user, Password: user}
			wantUnreachable(t, readOnce(soon(t), cfg), cfg.Endpoints, "connection refused")
			if took := time.Since(start); took > 15*time.Second {
				t.Errorf("took %s", took)
			}
		})
	}
}

// Without a deadline Ctrl-C alone ends the waiting, also that for a token.
func TestCancelWhileWaiting(t *testing.T) {
	t.Parallel()
	for name, user := range map[string]string{"without user": "", "with user": "u"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			ctx, cancel := context.WithCancel(t.Context())
			connected := make(chan struct{}, 100)
			address := serve(t, func(conn net.Conn) {
				connected <- struct{}{}
				_, _ = io.Copy(io.Discard, conn)
			})
			done := make(chan error, 1)
			go func() {
				done <- readOnce(ctx, etcd.Config{Endpoints: []string{"http://" + address}, Username: user, Password: user})
			}()
			<-connected
			cancel()
			select {
			case err := <-done:
				if !errors.Is(err, context.Canceled) || errors.Is(err, fault.ErrUnreachable) {
					t.Errorf("error %v (%T)", err, err)
				}
			case <-time.After(10 * time.Second):
				t.Error("does not end")
			}
		})
	}
}

// An edit whose time is over before it begins has changed nothing, and does not
// say of etcd, which was not asked, that it gave no answer.
func TestContextIsOver(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.putProfile("web", document(t, "web"))
	s := w.direct()
	over, cancel := context.WithDeadline(t.Context(), time.Now())
	defer cancel()
	_, err := s.Edit(over, "web", appending(t, "allow"))
	if !errors.Is(err, context.DeadlineExceeded) || errors.Is(err, fault.ErrUnreachable) {
		t.Errorf("error %v (%T)", err, err)
	}
	cancelled, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := s.Edit(cancelled, "web", appending(t, "allow")); !errors.Is(err, context.Canceled) {
		t.Errorf("error %v", err)
	}
	w.wantVersions("web", 1)
}

func TestOneOfThreeEndpointsLives(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.putProfile("web", document(t, "web"))
	dead := []string{"http://" + closedPort(t), "http://" + blackHole(t)}
	for i := range 3 {
		s := open(t, etcd.Config{Endpoints: slices.Insert(slices.Clone(dead), i, w.endpoint)})
		result, err := s.Edit(soon(t), "web", appending(t, []string{"allow", "allow tcp", "allow udp"}[i]))
		wantDone(t, result, err, 1)
	}
	w.wantInbound("web", "allow", "allow tcp", "allow udp")
}

func TestDiscovery(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.putProfile("web", document(t, "web", "allow"))
	_, port, _ := net.SplitHostPort(strings.TrimPrefix(w.endpoint, "http://"))
	s := open(t, etcd.Config{DiscoverySRV: "p" + port + ".test"})
	if want := []string{"http://etcd.test:" + port}; !slices.Equal(trimDots(s.Endpoints()), want) {
		t.Errorf("endpoints %q, want %q", s.Endpoints(), want)
	}
	snap, err := s.Read(soon(t), store.Query{Profiles: []string{"web"}})
	must(t, err)
	if _, err := snap.Profile("web"); err != nil {
		t.Error(err)
	}
	_, err = store.Open(soon(t), etcd.Config{DiscoverySRV: "nosuch.test"})
	wantUnreachable(t, err, []string{"the SRV records of nosuch.test"}, "there are none, or DNS does not answer")
}

// trimDots takes the dot of a full DNS name off.
func trimDots(endpoints []string) []string {
	for i, e := range endpoints {
		endpoints[i] = strings.Replace(e, ".:", ":", 1)
	}
	return endpoints
}

// An etcd that answers with its own kind of no is not out of reach.
func TestMissingLeaderIsNamed(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	s, _ := w.behind(func(context.Context, string, int) error { return errNoLeader() }, nil)
	ctx, cancel := context.WithTimeout(t.Context(), time.Second)
	defer cancel()
	_, err := s.Read(ctx, store.Query{Profiles: []string{"web"}})
	wantUnreachable(t, err, s.Endpoints(), "no leader")
}
