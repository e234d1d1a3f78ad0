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
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"go.etcd.io/etcd/api/v3/v3rpc/rpctypes"
	"go.etcd.io/etcd/client/pkg/v3/transport"

	"github.com/calicoctl/calicoctl/internal/etcd"
	"github.com/calicoctl/calicoctl/internal/testkit/embedetcd"
	"github.com/calicoctl/calicoctl/internal/testkit/etcdtest"
	"github.com/calicoctl/calicoctl/pkg/fault"
	"github.com/calicoctl/calicoctl/pkg/store"
)

func discardLog() *log.Logger { return log.New(io.Discard, "", 0) }

func errNoLeader() error { return rpctypes.ErrGRPCNoLeader }

func expired(c *x509.Certificate)     { c.NotAfter = time.Now().Add(-time.Hour) }
func notYetValid(c *x509.Certificate) { c.NotBefore = time.Now().Add(time.Hour) }

func TestClientCertificates(t *testing.T) {
	t.Parallel()
	ours := newAuthority(t)
	w := secureWorld(t, ours.server(t, nil), ours)
	good := ours.client(t, "client", nil)
	for name, cfg := range map[string]etcd.Config{
		"files":  {CAFile: ours.file(), CertFile: good.cert, KeyFile: good.key},
		"inline": {CA: ours.pem, Cert: read(t, good.cert), Key: read(t, good.key)},
		"mixed":  {CAFile: ours.file(), Cert: read(t, good.cert), KeyFile: good.key},
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
}

// Whatever is wrong with the client's certificate, the error says so, and at
// once: trying again cannot help.
func TestRefusedClientCertificates(t *testing.T) {
	t.Parallel()
	ours, foreign := newNamedAuthority(t, "ours"), newNamedAuthority(t, "foreign")
	w := secureWorld(t, ours.server(t, nil), ours)
	late, early, servers := ours.client(t, "late", expired), ours.client(t, "early", notYetValid),
		ours.client(t, "servers", func(c *x509.Certificate) { c.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth} })
	other, sameName := foreign.client(t, "other", nil), newNamedAuthority(t, "ours").client(t, "same", nil)
	for name, test := range map[string]struct {
		pair   pair
		reason string
	}{
		"none": {pair{}, "the server asks for a client certificate; name one with ETCD_CERT_FILE, and its key with ETCD_KEY_FILE"},
		"expired": {
			late, "the client certificate (" + late.cert + ") has expired: it was valid until " + day(t, late.cert, notAfter),
		},
		"not yet valid": {
			early, "the client certificate (" + early.cert + ") is not yet valid: it will be from " + day(t, early.cert, notBefore) +
				" on; is the clock wrong?",
		},
		"for servers": {servers, "the client certificate (" + servers.cert + ") is not made for clients (its extended key usage)"},
		"foreign":     {other, `the server does not know the authority "foreign", which signed the client certificate (` + other.cert + ")"},
		"foreign, with our name": {
			sameName, `the server does not know the authority "ours", which signed the client certificate (` + sameName.cert + ")",
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			cfg := etcd.Config{Endpoints: []string{w.endpoint}, CA: ours.pem, CertFile: test.pair.cert, KeyFile: test.pair.key}
			start := time.Now()
			err, reason := readOnce(soon(t), cfg), test.reason
			if os.Getenv(embedetcd.ProgramVariable) != "" {
				reason = olderReason(name, test.pair, err, reason)
			}
			wantUnreachable(t, err, cfg.Endpoints, reason)
			if took := time.Since(start); took > 10*time.Second {
				t.Errorf("took %s, though trying again cannot help", took)
			}
		})
	}
}

// olderReason returns what is said of a server that speaks TLS 1.2, such as etcd 3.4
// and 3.5.0, which does not tell why it refuses a certificate, or that there is none.
func olderReason(name string, pair pair, err error, reason string) string {
	text := err.Error()
	switch {
	case strings.HasPrefix(name, "foreign") && strings.Contains(text, "bad certificate"):
		return "the server rejects the client certificate (" + pair.cert + "): bad certificate"
	case (strings.HasPrefix(name, "foreign") || name == "none") && strings.Contains(text, "handshake failure"):
		return "the server rejects the TLS connection: handshake failure"
	}
	return reason
}

// A server with another idea of the time refuses a certificate that is valid
// here.
func TestServerClock(t *testing.T) {
	t.Parallel()
	ca := newAuthority(t)
	config := ca.server(t, nil).config(t)
	config.ClientAuth, config.ClientCAs = tls.RequireAndVerifyClientCert, x509.NewCertPool()
	config.ClientCAs.AddCert(ca.Cert)
	config.NextProtos = []string{"h2"}
	config.Time = func() time.Time { return time.Now().Add(48 * time.Hour) }
	client := ca.client(t, "client", nil)
	cfg := etcd.Config{Endpoints: []string{"https://" + web(t, config)}, CA: ca.pem, CertFile: client.cert, KeyFile: client.key}
	wantUnreachable(t, readOnce(soon(t), cfg), cfg.Endpoints, "to the server, the client certificate ("+client.cert+
		") has expired or is not yet valid; it is valid from "+day(t, client.cert, notBefore)+" to "+day(t, client.cert, notAfter)+
		"; is a clock wrong?")
}

func notAfter(c *x509.Certificate) time.Time  { return c.NotAfter }
func notBefore(c *x509.Certificate) time.Time { return c.NotBefore }

// day returns a date of a certificate as errors write it.
func day(t *testing.T, file string, of func(*x509.Certificate) time.Time) string {
	t.Helper()
	block, _ := pem.Decode([]byte(read(t, file)))
	cert, err := x509.ParseCertificate(block.Bytes)
	must(t, err)
	return of(cert).UTC().Format("2006-01-02 15:04 UTC")
}

func TestServerCertificates(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		edit   func(*x509.Certificate)
		reason string // DATE is the end, or the beginning, of its time
	}{
		"expired":       {expired, "the server's certificate has expired: it was valid until DATE"},
		"not yet valid": {notYetValid, "the server's certificate is not yet valid: it will be from DATE on; is the clock wrong?"},
		"another name": {
			func(c *x509.Certificate) { c.IPAddresses, c.DNSNames = nil, []string{"etcd.example"} },
			`the server's certificate is for "etcd.example", and not for "127.0.0.1", as the endpoint says`,
		},
		"another address": {
			func(c *x509.Certificate) {
				c.IPAddresses, c.DNSNames = []net.IP{net.IPv4(127, 0, 0, 9), net.IPv6loopback}, []string{"a\x1b[2J"}
			},
			`the server's certificate is for "a\x1b[2J", "127.0.0.9", "::1", and not for "127.0.0.1", as the endpoint says`,
		},
		"many names": {
			func(c *x509.Certificate) {
				c.IPAddresses, c.DNSNames = nil, strings.Split("a.test b.test c.test d.test e.test f.test g.test h.test i.test", " ")
			},
			`the server's certificate is for "a.test", "b.test", "c.test", "d.test", "e.test", "f.test", "g.test", "h.test" and 1 more, ` +
				`and not for "127.0.0.1", as the endpoint says`,
		},
		"no name": {
			func(c *x509.Certificate) { c.IPAddresses = nil },
			`the server's certificate is for no host (it has no subject alternative names), and not for "127.0.0.1", as the endpoint says`,
		},
		"for clients": {
			func(c *x509.Certificate) { c.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth} },
			"the server's certificate is not made for servers (its extended key usage)",
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			ca := newAuthority(t)
			cert := ca.server(t, test.edit)
			cfg := etcd.Config{Endpoints: []string{"https://" + web(t, cert.config(t))}, CA: ca.pem}
			date := notAfter
			if name == "not yet valid" {
				date = notBefore
			}
			reason := strings.ReplaceAll(test.reason, "DATE", day(t, cert.cert, date))
			wantUnreachable(t, readOnce(soon(t), cfg), cfg.Endpoints, reason) // the handshake does not get to what is behind it
		})
	}
}

func TestUnknownAuthority(t *testing.T) {
	t.Parallel()
	ours, other, twin := newNamedAuthority(t, "ours"), newNamedAuthority(t, "other"), newNamedAuthority(t, "ours")
	address := "https://" + web(t, ours.server(t, nil).config(t))
	for name, test := range map[string]struct {
		cfg    etcd.Config
		reason string
	}{
		"none": {etcd.Config{}, `the server's certificate is signed by an unknown authority, "ours"; name it with ETCD_CA_CERT_FILE`},
		"another": {
			etcd.Config{CAFile: other.file()},
			`the server's certificate is signed by an unknown authority, "ours", which is not in the CA certificate (` + other.file() + ")",
		},
		"another of the same name": {
			etcd.Config{CA: other.pem + twin.pem},
			`the server's certificate is signed by another authority than the one of the same name, "ours", ` +
				"in the CA certificate (given in the configuration file)",
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			test.cfg.Endpoints = []string{address}
			wantUnreachable(t, readOnce(soon(t), test.cfg), test.cfg.Endpoints, test.reason)
		})
	}
	t.Run("expired", func(t *testing.T) {
		t.Parallel()
		old := &authority{Authority: &etcdtest.Authority{Dir: t.TempDir()}}
		_, err := old.Issue("ca", &x509.Certificate{
			Subject: pkix.Name{CommonName: "old"}, IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign,
			NotAfter: time.Now().Add(-time.Hour),
		})
		must(t, err)
		cfg := etcd.Config{Endpoints: []string{"https://" + web(t, old.server(t, nil).config(t))}, CAFile: old.file()}
		wantUnreachable(t, readOnce(soon(t), cfg), cfg.Endpoints,
			"the CA certificate ("+old.file()+") has expired: it was valid until "+day(t, old.file(), notAfter))
	})
}

// The name to check is that of the endpoint that is dialled, whichever that is
// of several.
func TestServerNames(t *testing.T) {
	t.Parallel()
	ca := newAuthority(t)
	cert := ca.server(t, func(c *x509.Certificate) { c.IPAddresses, c.DNSNames = nil, []string{"etcd.test"} })
	w := newWorldWith(t, embedetcd.Options{ClientTLS: &transport.TLSInfo{CertFile: cert.cert, KeyFile: cert.key}})
	named := strings.Replace(w.endpoint, "127.0.0.1", "etcd.test", 1)
	for name, endpoints := range map[string][]string{
		"by name":            {named},
		"address, then name": {w.endpoint, named},
		"name, then address": {named, w.endpoint},
		"refused, then name": {"https://" + closedPort(t), named},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			must(t, readOnce(soon(t), etcd.Config{Endpoints: endpoints, CA: ca.pem}))
		})
	}
	late, err := ca.Server("late", func(c *x509.Certificate) { c.NotAfter = time.Unix(1e9, 0) })
	must(t, err)
	other := "https://" + web(t, pair{late.Cert, late.Key}.config(t))
	endpoints := []string{w.endpoint, other}
	err = readOnce(soon(t), etcd.Config{Endpoints: endpoints, CA: ca.pem})
	wantError(t, err, fault.ErrUnreachable, "")
	wantIn(t, err,
		"etcd at "+strings.Join(endpoints, ", ")+": ",
		strings.TrimPrefix(w.endpoint, "https://")+`: the server's certificate is for "etcd.test", and not for "127.0.0.1", as the endpoint says`,
		strings.TrimPrefix(other, "https://")+": the server's certificate has expired: it was valid until 2001-09-09 01:46 UTC")
}

func TestCertificateSettings(t *testing.T) {
	t.Parallel()
	ca := newAuthority(t)
	one, two := ca.client(t, "one", nil), ca.client(t, "two", nil)
	missing := filepath.Join(ca.Dir, "missing.pem")
	empty, junk := write(t, ""), write(t, "-----BEGIN PRIVATE KEY-----\nsecret\n-----END PRIVATE KEY-----\n")
	malformed := func(kind string) string {
		return write(t, string(pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: []byte("secret")})))
	}
	encrypted, cert, key := malformed("ENCRYPTED PRIVATE KEY"), malformed("CERTIFICATE"), malformed("PRIVATE KEY")
	old := write(t, "-----BEGIN RSA PRIVATE KEY-----\nProc-Type: 4,ENCRYPTED\nDEK-Info: AES-128-CBC,00\n\nc2VjcmV0\n-----END RSA PRIVATE KEY-----\n")
	const encryptedText = ") is encrypted, and a passphrase cannot be given; \"openssl pkey\" makes a key without one"
	for _, test := range []struct {
		cfg  etcd.Config
		text string
	}{
		{etcd.Config{KeyFile: one.key}, "there is a client key (" + one.key + ") and no certificate to it; name that with ETCD_CERT_FILE"},
		{etcd.Config{CertFile: one.cert}, "there is a client certificate (" + one.cert + ") and no key to it; name that with ETCD_KEY_FILE"},
		{
			etcd.Config{Key: read(t, one.key)},
			"there is a client key (given in the configuration file) and no certificate to it; name that with ETCD_CERT_FILE",
		},
		{etcd.Config{CAFile: missing}, "the CA certificate cannot be read: open " + missing + ": no such file or directory"},
		{etcd.Config{CertFile: missing, KeyFile: one.key}, "the client certificate cannot be read: open " + missing + ": no such file or directory"},
		{etcd.Config{CertFile: one.cert, KeyFile: missing}, "the client key cannot be read: open " + missing + ": no such file or directory"},
		{etcd.Config{CAFile: one.key}, "the CA certificate (" + one.key + ") holds no certificate in PEM form"},
		{etcd.Config{CAFile: empty}, "the CA certificate (" + empty + ") holds no certificate in PEM form"},
		{etcd.Config{CA: "secret"}, "the CA certificate (given in the configuration file) holds no certificate in PEM form"},
		{etcd.Config{CAFile: cert}, "the CA certificate (" + cert + ") holds no certificate in PEM form"},
		{
			etcd.Config{CertFile: one.cert, KeyFile: two.key},
			"the client key (" + two.key + ") is not that of the client certificate (" + one.cert + ")",
		},
		{etcd.Config{Cert: "x", Key: "secret"}, "the client certificate (given in the configuration file) holds no certificate in PEM form"},
		{
			etcd.Config{CertFile: one.key, KeyFile: one.cert},
			"the client certificate (" + one.key + ") holds no certificate in PEM form, but a key; were the files mixed up?",
		},
		{
			etcd.Config{CertFile: one.cert, KeyFile: one.cert},
			"the client key (" + one.cert + ") holds no key in PEM form, but a certificate; were the files mixed up?",
		},
		{etcd.Config{CertFile: cert, KeyFile: one.key}, "the client certificate (" + cert + ") is malformed"},
		{etcd.Config{CertFile: one.cert, KeyFile: key}, "the client key (" + key + ") is malformed, or of a kind that is not known"},
		{etcd.Config{CertFile: one.cert, KeyFile: empty}, "the client key (" + empty + ") holds no key in PEM form"},
		{etcd.Config{CertFile: one.cert, KeyFile: junk}, "the client key (" + junk + ") holds no key in PEM form"},
		{etcd.Config{CertFile: one.cert, KeyFile: encrypted}, "the client key (" + encrypted + encryptedText},
		{etcd.Config{CertFile: one.cert, KeyFile: old}, "the client key (" + old + encryptedText},
		// Somebody puts the key itself where the name of its file should stand.
		{
			etcd.Config{CertFile: one.cert, KeyFile: read(t, one.key)},
			"where the name of the file with the client key should stand, there is the client key itself",
		},
	} {
		test.cfg.Endpoints = []string{"https://127.0.0.1:1"}
		_, err := store.Open(t.Context(), test.cfg)
		wantError(t, err, fault.ErrConfig, test.text)
	}
}

// Keys stand in PEM blocks of several kinds, and others may stand in front.
func TestKindsOfKeys(t *testing.T) {
	t.Parallel()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	must(t, err)
	der, err := x509.MarshalECPrivateKey(key)
	must(t, err)
	template := &x509.Certificate{SerialNumber: key.X, NotAfter: time.Now().Add(time.Hour)}
	cert, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	must(t, err)
	s, err := store.Open(t.Context(), etcd.Config{
		Endpoints: []string{"https://127.0.0.1:1"},
		Cert:      "some text\n" + string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: cert})),
		Key: "-----BEGIN EC PARAMETERS-----\nBggqhkjOPQMBBw==\n-----END EC PARAMETERS-----\n" +
			string(pem.EncodeToMemory(&pem.Block{Type: "EC PRIVATE KEY", Bytes: der})),
	})
	must(t, err)
	closeStore(t, s)
}
