package etcdtest

import (
	"cmp"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"time"
)

// An Authority signs certificates, which are written to files of a directory.
type Authority struct {
	Dir  string
	Cert *x509.Certificate
	key  *ecdsa.PrivateKey
}

// A Pair is the files of a certificate and its key.
type Pair struct{ Cert, Key string }

// NewAuthority makes an authority called name. Its certificate is ca.crt.
func NewAuthority(dir, name string) (*Authority, error) {
	a := &Authority{Dir: dir}
	_, err := a.Issue("ca", &x509.Certificate{
		Subject: pkix.Name{CommonName: name}, IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign,
	})
	return a, err
}

// File returns the path of a file of the authority.
func (a *Authority) File(name string) string { return filepath.Join(a.Dir, name) }

// Issue signs a certificate, the authority's own if there is none yet, and
// writes it to NAME.crt and its key to NAME.key. It is valid for a day, unless
// the template says when.
func (a *Authority) Issue(name string, template *x509.Certificate) (Pair, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return Pair{}, err
	}
	template.SerialNumber = big.NewInt(time.Now().UnixNano())
	if template.NotBefore.IsZero() {
		template.NotBefore = time.Now().Add(-2 * time.Hour)
	}
	if template.NotAfter.IsZero() {
		template.NotAfter = time.Now().Add(24 * time.Hour)
	}
	der, err := x509.CreateCertificate(rand.Reader, template, cmp.Or(a.Cert, template), &key.PublicKey, cmp.Or(a.key, key))
	if err != nil {
		return Pair{}, err
	}
	if a.Cert == nil {
		a.key = key
		if a.Cert, err = x509.ParseCertificate(der); err != nil {
			return Pair{}, err
		}
	}
	keyDER, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return Pair{}, err
	}
	pair := Pair{a.File(name + ".crt"), a.File(name + ".key")}
	if err := os.WriteFile(pair.Cert, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}), 0o644); err != nil {
		return Pair{}, err
	}
	return pair, os.WriteFile(pair.Key, pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: keyDER}), 0o600)
}

// Server issues NAME.crt for 127.0.0.1, changed by edit if that is given.
func (a *Authority) Server(name string, edit func(*x509.Certificate)) (Pair, error) {
	template := &x509.Certificate{
		Subject: pkix.Name{CommonName: "etcd"}, IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)},
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
	}
	if edit != nil {
		edit(template)
	}
	return a.Issue(name, template)
}

// Client issues NAME.crt for a client whose name at etcd is user, changed by
// edit if that is given.
func (a *Authority) Client(name, user string, edit func(*x509.Certificate)) (Pair, error) {
	template := &x509.Certificate{Subject: pkix.Name{CommonName: user}, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth}}
	if edit != nil {
		edit(template)
	}
	return a.Issue(name, template)
}
