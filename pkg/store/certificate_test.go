package store_test

import (
	"crypto/tls"
	"crypto/x509"
	"os"
	"path/filepath"
	"testing"

	"go.etcd.io/etcd/client/pkg/v3/transport"

	"github.com/calicoctl/calicoctl/internal/testkit/embedetcd"
	"github.com/calicoctl/calicoctl/internal/testkit/etcdtest"
)

// An authority signs the certificates of one test.
type authority struct {
	*etcdtest.Authority
	pem string
}

// A pair is the files of a certificate and its key.
type pair struct{ cert, key string }

func newAuthority(t *testing.T) *authority { return newNamedAuthority(t, "test authority") }

func newNamedAuthority(t *testing.T, name string) *authority {
	t.Helper()
	a, err := etcdtest.NewAuthority(t.TempDir(), name)
	must(t, err)
	return &authority{a, read(t, a.File("ca.crt"))}
}

func (a *authority) file() string { return a.File("ca.crt") }

// server issues a certificate for 127.0.0.1, changed by edit if that is given.
func (a *authority) server(t *testing.T, edit func(*x509.Certificate)) pair {
	t.Helper()
	p, err := a.Server("server", edit)
	must(t, err)
	return pair{p.Cert, p.Key}
}

// client issues a certificate for the user tester.
func (a *authority) client(t *testing.T, name string, edit func(*x509.Certificate)) pair {
	t.Helper()
	p, err := a.Client(name, "tester", edit)
	must(t, err)
	return pair{p.Cert, p.Key}
}

func (p pair) config(t *testing.T) *tls.Config {
	t.Helper()
	loaded, err := tls.LoadX509KeyPair(p.cert, p.key)
	must(t, err)
	return &tls.Config{Certificates: []tls.Certificate{loaded}}
}

func read(t *testing.T, file string) string {
	t.Helper()
	content, err := os.ReadFile(file)
	must(t, err)
	return string(content)
}

// write makes a file that only its owner may read.
func write(t *testing.T, content string) (name string) {
	t.Helper()
	name = filepath.Join(t.TempDir(), "file.pem")
	must(t, os.WriteFile(name, []byte(content), 0o600))
	return name
}

// secureWorld is an etcd that asks its clients for certificates of an authority.
func secureWorld(t *testing.T, server pair, clients *authority) *world {
	t.Helper()
	return newWorldWith(t, embedetcd.Options{ClientTLS: &transport.TLSInfo{
		CertFile: server.cert, KeyFile: server.key, TrustedCAFile: clients.file(), ClientCertAuth: true,
	}})
}
