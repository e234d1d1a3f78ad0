package store_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"io"
	"log"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"go.etcd.io/etcd/api/v3/v3rpc/rpctypes"
	"go.etcd.io/etcd/client/pkg/v3/transport"

	"github.com/calicoctl/calicoctl/internal/embedetcd"
	"github.com/calicoctl/calicoctl/pkg/store"
)

func discardLog() *log.Logger { return log.New(io.Discard, "", 0) }

func errNoLeader() error { return rpctypes.ErrGRPCNoLeader }

// An authority signs the certificates of one test.
type authority struct {
	dir  string
	pem  string
	cert *x509.Certificate
	key  *ecdsa.PrivateKey
}

// A pair is the files of a certificate and its key.
type pair struct{ cert, key string }

func newAuthority(t *testing.T) *authority {
	t.Helper()
	a := &authority{dir: t.TempDir()}
	p := a.issue(t, "ca", &x509.Certificate{
		Subject: pkix.Name{CommonName: "test authority"}, IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign,
	})
	a.pem = read(t, p.cert)
	return a
}

// issue signs a certificate, the authority's own if there is none yet.
func (a *authority) issue(t *testing.T, name string, template *x509.Certificate) pair {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	must(t, err)
	template.SerialNumber = big.NewInt(time.Now().UnixNano())
	template.NotBefore = time.Now().Add(-2 * time.Hour)
	if template.NotAfter.IsZero() {
		template.NotAfter = time.Now().Add(24 * time.Hour)
	}
	parent, parentKey := a.cert, a.key
	if parent == nil {
		parent, parentKey = template, key
	}
	der, err := x509.CreateCertificate(rand.Reader, template, parent, &key.PublicKey, parentKey)
	must(t, err)
	cert, err := x509.ParseCertificate(der)
	must(t, err)
	if a.cert == nil {
		a.cert, a.key = cert, key
	}
	keyDER, err := x509.MarshalECPrivateKey(key)
	must(t, err)
	return pair{a.write(t, name+".crt", "CERTIFICATE", der), a.write(t, name+".key", "EC PRIVATE KEY", keyDER)}
}

func (a *authority) write(t *testing.T, name, kind string, der []byte) (path string) {
	t.Helper()
	path = filepath.Join(a.dir, name)
	must(t, os.WriteFile(path, pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der}), 0o600))
	return path
}

// server issues a certificate for 127.0.0.1, changed by edit if that is given.
func (a *authority) server(t *testing.T, edit func(*x509.Certificate)) pair {
	t.Helper()
	template := &x509.Certificate{
		Subject: pkix.Name{CommonName: "etcd"}, IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)},
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
	}
	if edit != nil {
		edit(template)
	}
	return a.issue(t, "server", template)
}

func (a *authority) client(t *testing.T) pair {
	t.Helper()
	return a.issue(t, "client", &x509.Certificate{
		Subject: pkix.Name{CommonName: "tester"}, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth},
	})
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

// secureWorld is an etcd that asks its clients for certificates of an authority.
func secureWorld(t *testing.T, server pair, clients *authority) *world {
	t.Helper()
	return newWorldWith(t, embedetcd.Options{ClientTLS: &transport.TLSInfo{
		CertFile: server.cert, KeyFile: server.key,
		TrustedCAFile: filepath.Join(clients.dir, "ca.crt"), ClientCertAuth: true,
	}})
}

func TestClientCertificates(t *testing.T) {
	t.Parallel()
	ours, foreign := newAuthority(t), newAuthority(t)
	w := secureWorld(t, ours.server(t, nil), ours)
	good, other := ours.client(t), foreign.client(t)
	caFile := filepath.Join(ours.dir, "ca.crt")

	for name, cfg := range map[string]store.Config{
		"files":  {CAFile: caFile, CertFile: good.cert, KeyFile: good.key},
		"inline": {CA: ours.pem, Cert: read(t, good.cert), Key: read(t, good.key)},
		"mixed":  {CAFile: caFile, Cert: read(t, good.cert), KeyFile: good.key},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			cfg.Endpoints = []string{w.endpoint}
			s := open(t, cfg)
			id := "tls-" + name
			_, err := s.Update(soon(t), nil, creating(id))
			must(t, err)
			result, err := s.Edit(soon(t), id, appending(t, "allow tcp"))
			wantDone(t, result, err, 1)
		})
	}

	const refused = "the server refuses the client's certificate, or the lack of one ("
	for name, test := range map[string]struct {
		cfg    store.Config
		reason string
	}{
		"unknown authority": {
			store.Config{CA: foreign.pem, CertFile: good.cert, KeyFile: good.key},
			"the server's certificate is signed by an unknown authority; name it with ETCD_CA_CERT_FILE",
		},
		"no authority": {
			store.Config{CertFile: good.cert, KeyFile: good.key},
			"the server's certificate is signed by an unknown authority; name it with ETCD_CA_CERT_FILE",
		},
		"no certificate":      {store.Config{CA: ours.pem}, refused},
		"foreign certificate": {store.Config{CA: ours.pem, CertFile: other.cert, KeyFile: other.key}, refused},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			test.cfg.Endpoints = []string{w.endpoint}
			start := time.Now()
			err := readOnce(soon(t), test.cfg)
			wantError(t, err, store.ErrUnreachable, "")
			wantIn(t, err, "etcd at "+w.endpoint+": "+test.reason)
			if strings.HasPrefix(test.reason, refused) {
				wantIn(t, err, "see ETCD_CERT_FILE and ETCD_KEY_FILE")
			}
			if took := time.Since(start); took > 10*time.Second {
				t.Errorf("took %s, though trying again cannot help", took)
			}
		})
	}
}

func TestServerCertificates(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		edit   func(*x509.Certificate)
		reason string
	}{
		"expired": {
			func(c *x509.Certificate) { c.NotAfter = time.Now().Add(-time.Hour) },
			"the server's certificate is not good: certificate has expired or is not yet valid: ",
		},
		"another name": {
			func(c *x509.Certificate) { c.IPAddresses, c.DNSNames = nil, []string{"etcd.example"} },
			"the server's certificate is not good: cannot validate certificate for 127.0.0.1 because it doesn't contain any IP SANs",
		},
		"another address": {
			func(c *x509.Certificate) { c.IPAddresses = []net.IP{net.IPv4(127, 0, 0, 9)} },
			"the server's certificate is not good: certificate is valid for 127.0.0.9, not 127.0.0.1",
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			ca := newAuthority(t)
			cert := ca.server(t, test.edit)
			address := web(t, cert.config(t)) // the handshake does not get to what is behind it
			err := readOnce(soon(t), store.Config{Endpoints: []string{"https://" + address}, CA: ca.pem})
			wantError(t, err, store.ErrUnreachable, "")
			wantIn(t, err, "etcd at https://"+address+": "+test.reason)
		})
	}
}

func TestCertificateSettings(t *testing.T) {
	t.Parallel()
	ca := newAuthority(t)
	one, two := ca.client(t), ca.issue(t, "two", &x509.Certificate{Subject: pkix.Name{CommonName: "two"}})
	missing := filepath.Join(ca.dir, "missing.pem")
	for _, test := range []struct {
		cfg  store.Config
		text string
	}{
		{store.Config{KeyFile: one.key}, "a client certificate needs both ETCD_CERT_FILE and ETCD_KEY_FILE"},
		{store.Config{CertFile: one.cert}, "a client certificate needs both ETCD_CERT_FILE and ETCD_KEY_FILE"},
		{store.Config{Key: read(t, one.key)}, "a client certificate needs both ETCD_CERT_FILE and ETCD_KEY_FILE"},
		{store.Config{CAFile: missing}, "the CA certificate cannot be read: open " + missing + ": no such file or directory"},
		{store.Config{CertFile: missing, KeyFile: one.key}, "the client certificate cannot be read: open " + missing + ": no such file or directory"},
		{store.Config{CertFile: one.cert, KeyFile: missing}, "the client key cannot be read: open " + missing + ": no such file or directory"},
		{store.Config{CAFile: one.key}, "the CA certificate (" + one.key + ") holds no certificate in PEM form"},
		{store.Config{CA: "secret"}, "the CA certificate (given in the configuration file) holds no certificate in PEM form"},
		{
			store.Config{CertFile: one.cert, KeyFile: two.key},
			"the client certificate (" + one.cert + ") and key (" + two.key + ") cannot be used: private key does not match public key",
		},
		{store.Config{Cert: "x", Key: "secret"}, "the client certificate (given in the configuration file) and key " +
			"(given in the configuration file) cannot be used: failed to find any PEM data in certificate input"},
	} {
		test.cfg.Endpoints = []string{"https://127.0.0.1:1"}
		_, err := store.Open(t.Context(), test.cfg)
		wantError(t, err, store.ErrConfig, test.text)
	}
}
