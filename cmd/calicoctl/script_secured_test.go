package main

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"net"
	"net/url"
	"os"
	"path/filepath"
	"time"

	"github.com/rogpeppe/go-internal/testscript"
	"go.etcd.io/etcd/client/pkg/v3/transport"
	clientv3 "go.etcd.io/etcd/client/v3"
	"go.uber.org/zap"

	"github.com/calicoctl/calicoctl/internal/testkit/embedetcd"
	"github.com/calicoctl/calicoctl/internal/testkit/etcdtest"
)

// The commands of scripts about a secured etcd:
//
//	certificates DIR           make what issueAll says
//	secure-etcd DIR [clients]  start an etcd with TLS and DIR/server.crt, which
//	                           may ask its clients for certificates
//	tls-server VAR DIR NAME    a TLS server with DIR/NAME.crt, and no etcd behind it
//	etcd-users FILE            make users and roles, see etcdtest.Users

func scriptCertificates(ts *testscript.TestScript, _ bool, args []string) {
	dir := ts.MkAbs(args[0])
	ts.Check(os.MkdirAll(filepath.Join(dir, "foreign"), 0o755))
	ours, err := etcdtest.NewAuthority(dir, "our authority")
	ts.Check(err)
	foreign, err := etcdtest.NewAuthority(filepath.Join(dir, "foreign"), "another authority")
	ts.Check(err)
	ts.Check(issueAll(ours))
	_, err = foreign.Client("client", "tester", nil)
	ts.Check(err)
}

func expired(c *x509.Certificate)     { c.NotAfter = time.Now().Add(-time.Hour) }
func notYetValid(c *x509.Certificate) { c.NotBefore = time.Now().Add(time.Hour) }

// issueAll issues, for servers, the certificates server (127.0.0.1 and
// localhost), server-late, server-early, server-other (other names) and
// server-clients (not for servers); for clients, those of the users tester,
// reader and root, and late, early and servers (not for clients). foreign/ has
// an authority and a client of its own.
func issueAll(a *etcdtest.Authority) error {
	for name, edit := range map[string]func(*x509.Certificate){
		"server":       func(c *x509.Certificate) { c.DNSNames = []string{"localhost"} },
		"server-late":  expired,
		"server-early": notYetValid,
		"server-other": func(c *x509.Certificate) {
			c.IPAddresses, c.DNSNames = []net.IP{{192, 0, 2, 1}}, []string{"etcd.example"}
		},
		"server-clients": func(c *x509.Certificate) { c.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth} },
	} {
		if _, err := a.Server(name, edit); err != nil {
			return err
		}
	}
	for name, edit := range map[string]func(*x509.Certificate){
		"tester": nil, "reader": nil, "root": nil, "late": expired, "early": notYetValid,
		"servers": func(c *x509.Certificate) { c.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth} },
	} {
		if _, err := a.Client(name, name, edit); err != nil {
			return err
		}
	}
	return nil
}

func scriptSecureEtcd(ts *testscript.TestScript, _ bool, args []string) {
	dir := ts.MkAbs(args[0])
	file := func(name string) string { return filepath.Join(dir, name) }
	options := embedetcd.Options{Fast: true, ClientTLS: &transport.TLSInfo{CertFile: file("server.crt"), KeyFile: file("server.key")}}
	if len(args) > 1 {
		options.ClientTLS.TrustedCAFile, options.ClientTLS.ClientCertAuth = file("ca.crt"), true
	}
	root, err := tls.LoadX509KeyPair(file("root.crt"), file("root.key"))
	ts.Check(err)
	pool := x509.NewCertPool()
	pool.AppendCertsFromPEM([]byte(ts.ReadFile(filepath.Join(args[0], "ca.crt"))))
	startEtcd(ts, options, &tls.Config{RootCAs: pool, Certificates: []tls.Certificate{root}})
}

// startEtcd starts the etcd of a script.
func startEtcd(ts *testscript.TestScript, options embedetcd.Options, config *tls.Config) {
	w := worldOf(ts)
	ctx, cancel := context.WithTimeout(context.Background(), safetyNet)
	defer cancel()
	var err error
	w.etcd, err = embedetcd.Start(ctx, options)
	ts.Check(err)
	ts.Defer(func() { _ = w.etcd.Close() })
	w.connect(ts, clientv3.Config{TLS: config})
	ts.Setenv("ETCD_ENDPOINTS", w.etcd.Endpoint())
	endpoint, err := url.Parse(w.etcd.Endpoint())
	ts.Check(err)
	ts.Setenv("PORT", endpoint.Port())
}

// connect gives the script a client of its own.
func (w *world) connect(ts *testscript.TestScript, config clientv3.Config) {
	config.Endpoints, config.Logger = []string{w.etcd.Endpoint()}, zap.NewNop()
	var err error
	w.client, err = clientv3.New(config)
	ts.Check(err)
	client := w.client
	ts.Defer(func() { _ = client.Close() })
}

func scriptTLSServer(ts *testscript.TestScript, _ bool, args []string) {
	dir := ts.MkAbs(args[1])
	pair, err := tls.LoadX509KeyPair(filepath.Join(dir, args[2]+".crt"), filepath.Join(dir, args[2]+".key"))
	ts.Check(err)
	listener, err := tls.Listen("tcp", "127.0.0.1:0", &tls.Config{Certificates: []tls.Certificate{pair}, NextProtos: []string{"h2"}})
	ts.Check(err)
	ts.Defer(func() { _ = listener.Close() })
	go func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			go func() {
				_ = conn.(*tls.Conn).Handshake()
				_ = conn.Close()
			}()
		}
	}()
	ts.Setenv(args[0], listener.Addr().String())
}

func scriptUsers(ts *testscript.TestScript, _ bool, args []string) {
	w := worldOf(ts)
	ctx, cancel := context.WithTimeout(context.Background(), safetyNet)
	defer cancel()
	ts.Check(etcdtest.Users(ctx, w.client, ts.ReadFile(args[0])))
	if w.etcd.Endpoint()[:5] == "http:" { // else the client's certificate says who it is
		w.connect(ts, clientv3.Config{Username: "root", Password: etcdtest.RootPassword})
	}
}
