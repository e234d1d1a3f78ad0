//go:build unix

package main

import (
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

// certificates are the files of an etcd with TLS and of its client.
type certificates struct {
	authority, server, serverKey, client, clientKey string
}

// makeCertificates makes an authority and what it signs.
func makeCertificates(dir string) (certificates, error) {
	file := func(name string) string { return filepath.Join(dir, name+".pem") }
	c := certificates{
		authority: file("authority"), server: file("server"), serverKey: file("server-key"),
		client: file("client"), clientKey: file("client-key"),
	}
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return c, err
	}
	parent := template("bench authority")
	parent.IsCA, parent.BasicConstraintsValid, parent.KeyUsage = true, true, x509.KeyUsageCertSign
	der, err := x509.CreateCertificate(rand.Reader, parent, parent, key.Public(), key)
	if err != nil {
		return c, err
	}
	if err := writePEM(c.authority, "CERTIFICATE", der); err != nil {
		return c, err
	}
	s := signer{parent: parent, key: key}
	server := template("bench server")
	server.IPAddresses = []net.IP{net.IPv4(127, 0, 0, 1)}
	if err := s.issue(server, c.server, c.serverKey); err != nil {
		return c, err
	}
	return c, s.issue(template("bench client"), c.client, c.clientKey)
}

type signer struct {
	parent *x509.Certificate
	key    *ecdsa.PrivateKey
}

func template(name string) *x509.Certificate {
	return &x509.Certificate{
		SerialNumber: big.NewInt(time.Now().UnixNano()),
		Subject:      pkix.Name{CommonName: name},
		NotBefore:    time.Now().Add(-time.Hour),
		NotAfter:     time.Now().Add(24 * time.Hour),
		ExtKeyUsage:  []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth},
	}
}

// issue writes a new key and its signed certificate.
func (s signer) issue(template *x509.Certificate, certificate, keyFile string) error {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return err
	}
	der, err := x509.CreateCertificate(rand.Reader, template, s.parent, key.Public(), s.key)
	if err != nil {
		return err
	}
	if err := writePEM(certificate, "CERTIFICATE", der); err != nil {
		return err
	}
	private, err := x509.MarshalECPrivateKey(key)
	if err != nil {
		return err
	}
	return writePEM(keyFile, "EC PRIVATE KEY", private)
}

func writePEM(file, kind string, der []byte) error {
	return os.WriteFile(file, pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der}), 0o600)
}
