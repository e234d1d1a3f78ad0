package embedetcd_test

import (
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"go.etcd.io/etcd/client/pkg/v3/transport"
	clientv3 "go.etcd.io/etcd/client/v3"

	"github.com/calicoctl/calicoctl/internal/testkit/embedetcd"
)

// authority signs the certificates of one test.
type authority struct {
	dir  string
	cert *x509.Certificate
	key  *ecdsa.PrivateKey
}

func newAuthority(t *testing.T) *authority {
	t.Helper()
	a := &authority{dir: t.TempDir()}
	a.cert, a.key = a.issue(t, "ca", &x509.Certificate{
		Subject:               pkix.Name{CommonName: "test authority"},
		IsCA:                  true,
		BasicConstraintsValid: true,
		KeyUsage:              x509.KeyUsageCertSign,
	})
	return a
}

// issue signs a certificate and writes it to NAME.crt and NAME.key.
func (a *authority) issue(t *testing.T, name string, template *x509.Certificate) (*x509.Certificate, *ecdsa.PrivateKey) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template.SerialNumber = big.NewInt(time.Now().UnixNano())
	template.NotBefore = time.Now().Add(-time.Hour)
	template.NotAfter = time.Now().Add(24 * time.Hour)
	parent, parentKey := a.cert, a.key
	if parent == nil {
		parent, parentKey = template, key
	}
	der, err := x509.CreateCertificate(rand.Reader, template, parent, &key.PublicKey, parentKey)
	if err != nil {
		t.Fatal(err)
	}
	cert, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	keyDER, err := x509.MarshalECPrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	a.write(t, name+".crt", "CERTIFICATE", der)
	a.write(t, name+".key", "EC PRIVATE KEY", keyDER)
	return cert, key
}

func (a *authority) write(t *testing.T, name, kind string, der []byte) {
	t.Helper()
	text := pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der})
	if err := os.WriteFile(a.path(name), text, 0o600); err != nil {
		t.Fatal(err)
	}
}

func (a *authority) path(name string) string { return filepath.Join(a.dir, name) }

func (a *authority) issueServer(t *testing.T) {
	a.issue(t, "server", &x509.Certificate{
		Subject:     pkix.Name{CommonName: "etcd"},
		IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)},
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
	})
}

func (a *authority) issueClient(t *testing.T) tls.Certificate {
	t.Helper()
	a.issue(t, "client", &x509.Certificate{
		Subject:     pkix.Name{CommonName: "tester"},
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth},
	})
	pair, err := tls.LoadX509KeyPair(a.path("client.crt"), a.path("client.key"))
	if err != nil {
		t.Fatal(err)
	}
	return pair
}

func (a *authority) pool() *x509.CertPool {
	pool := x509.NewCertPool()
	pool.AddCert(a.cert)
	return pool
}

func TestClientCertificates(t *testing.T) {
	t.Parallel()
	ours, foreign := newAuthority(t), newAuthority(t)
	ours.issueServer(t)
	server := start(t, embedetcd.Options{Fast: true, ClientTLS: &transport.TLSInfo{
		CertFile:       ours.path("server.crt"),
		KeyFile:        ours.path("server.key"),
		TrustedCAFile:  ours.path("ca.crt"),
		ClientCertAuth: true,
	}})
	if !strings.HasPrefix(server.Endpoint(), "https://127.0.0.1:") {
		t.Fatalf("endpoint %s", server.Endpoint())
	}

	known := connect(t, clientv3.Config{
		Endpoints: []string{server.Endpoint()},
		TLS:       &tls.Config{RootCAs: ours.pool(), Certificates: []tls.Certificate{ours.issueClient(t)}},
	})
	put(t, known, "colour", "green")
	wantValue(t, known, "colour", "green")

	for name, config := range map[string]*tls.Config{
		"without certificate": {RootCAs: ours.pool()},
		"foreign certificate": {RootCAs: ours.pool(), Certificates: []tls.Certificate{foreign.issueClient(t)}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			client := connect(t, clientv3.Config{Endpoints: []string{server.Endpoint()}, TLS: config})
			wantRefusal(t, client)
		})
	}
	t.Run("without TLS", func(t *testing.T) {
		t.Parallel()
		wantRefusal(t, dial(t, "http://"+host(t, server.Endpoint())))
	})
}

// wantRefusal expects that a client cannot write. A client does not give up on
// a server that refuses its certificate, so it gets a second.
func wantRefusal(t *testing.T, client *clientv3.Client) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Second)
	defer cancel()
	if _, err := client.Put(ctx, "colour", "red"); err == nil {
		t.Error("a stranger has written")
	}
}

func TestClusterWithTLS(t *testing.T) {
	t.Parallel()
	ours := newAuthority(t)
	ours.issueServer(t)
	cluster, err := embedetcd.StartCluster(testContext(t), 3, embedetcd.Options{Fast: true, ClientTLS: &transport.TLSInfo{
		CertFile: ours.path("server.crt"),
		KeyFile:  ours.path("server.key"),
	}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { closeServer(t, cluster) })
	client := connect(t, clientv3.Config{Endpoints: cluster.Endpoints(), TLS: &tls.Config{RootCAs: ours.pool()}})
	put(t, client, "colour", "green")
	if err := cluster.Stop(cluster.Leader()); err != nil {
		t.Fatal(err)
	}
	wantValue(t, client, "colour", "green")
}

// A server that cannot speak TLS as it should says so instead of never serving,
// and etcd's own words about it are in the log.
func TestStartWithoutCertificate(t *testing.T) {
	t.Parallel()
	missing := filepath.Join(t.TempDir(), "missing.crt")
	var log bytes.Buffer
	server, err := embedetcd.Start(testContext(t), embedetcd.Options{
		Fast:      true,
		ClientTLS: &transport.TLSInfo{CertFile: missing, KeyFile: missing},
		Log:       &log,
	})
	if err == nil {
		closeServer(t, server)
		t.Fatal("serves TLS without a certificate")
	}
	if !strings.Contains(err.Error(), missing) {
		t.Errorf("error does not name the file: %v", err)
	}
	if !strings.Contains(log.String(), `"level":"error"`) || strings.Contains(log.String(), `"level":"info"`) {
		t.Errorf("the log is not one of errors:\n%s", &log)
	}
}
