package etcd

import (
	"cmp"
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"slices"
	"strings"

	"github.com/calicoctl/calicoctl/internal/printable"
	"github.com/calicoctl/calicoctl/internal/textfile"
	"github.com/calicoctl/calicoctl/pkg/fault"
)

// Certificates are what a connection proves itself and its server with, and
// what is said of them in errors. None of it is secret but the key in config.
type certificates struct {
	config *tls.Config // nil when nothing is set

	client *x509.Certificate // nil when there is none
	origin string            // where the client's certificate comes from

	authority       []byte // PEM, nil when there is none
	authorityOrigin string
}

// certificates reads the client's key and certificate and the authority's
// certificate. The error is ErrConfig and says which of them is wrong.
func (c Config) certificates(ctx context.Context) (certificates, error) {
	if cmp.Or(c.KeyFile, c.CertFile, c.CAFile, c.Key, c.Cert, c.CA) == "" {
		return certificates{}, nil
	}
	found := certificates{
		config: &tls.Config{MinVersion: tls.VersionTLS12}, origin: origin(c.CertFile), authorityOrigin: origin(c.CAFile),
	}
	var err error
	if found.authority, err = readPEM(ctx, "CA certificate", c.CA, c.CAFile); err != nil {
		return certificates{}, err
	}
	if found.authority != nil {
		found.config.RootCAs = x509.NewCertPool()
		if !found.config.RootCAs.AppendCertsFromPEM(found.authority) {
			return certificates{}, fault.Errorf(fault.ErrConfig, "the CA certificate (%s) holds no certificate in PEM form", found.authorityOrigin)
		}
	}
	pair, err := c.clientPair(ctx)
	if err != nil {
		return certificates{}, err
	}
	if pair != nil {
		found.client, found.config.Certificates = pair.Leaf, []tls.Certificate{*pair}
	}
	return found, nil
}

// clientPair returns the client's certificate with its key, or nil when neither
// is given.
func (c Config) clientPair(ctx context.Context) (*tls.Certificate, error) {
	cert, err := readPEM(ctx, "client certificate", c.Cert, c.CertFile)
	if err != nil {
		return nil, err
	}
	key, err := readPEM(ctx, "client key", c.Key, c.KeyFile)
	switch certFrom, keyFrom := origin(c.CertFile), origin(c.KeyFile); {
	case err != nil:
		return nil, err
	case cert == nil && key == nil:
		return nil, nil
	case key == nil:
		return nil, fault.Errorf(fault.ErrConfig, "there is a client certificate (%s) and no key to it; name that with ETCD_KEY_FILE", certFrom)
	case cert == nil:
		return nil, fault.Errorf(fault.ErrConfig, "there is a client key (%s) and no certificate to it; name that with ETCD_CERT_FILE", keyFrom)
	case certProblem(cert) != "":
		return nil, fault.Errorf(fault.ErrConfig, "the client certificate (%s) %s", certFrom, certProblem(cert))
	case keyProblem(key) != "":
		return nil, fault.Errorf(fault.ErrConfig, "the client key (%s) %s", keyFrom, keyProblem(key))
	}
	pair, err := tls.X509KeyPair(cert, key)
	switch {
	case err == nil:
		return &pair, nil
	case strings.Contains(err.Error(), "match"): // the tls package has no type for it
		return nil, fault.Errorf(fault.ErrConfig, "the client key (%s) is not that of the client certificate (%s)", origin(c.KeyFile), origin(c.CertFile))
	}
	return nil, fault.Errorf(fault.ErrConfig, "the client key (%s) is malformed, or of a kind that is not known", origin(c.KeyFile))
}

const noCertificate = "holds no certificate in PEM form"

// certTrouble says what is wrong with a PEM text that should hold a certificate.
func certProblem(text []byte) string {
	block, others := findPEM(text, func(kind string) bool { return kind == "CERTIFICATE" })
	switch {
	case block == nil && slices.ContainsFunc(others, isKeyKind):
		return noCertificate + ", but a key; were the files mixed up?"
	case block == nil:
		return noCertificate
	}
	if _, err := x509.ParseCertificate(block.Bytes); err != nil {
		return "is malformed"
	}
	return ""
}

// keyTrouble says what is wrong with a PEM text that should hold a key that can
// be used as it is.
func keyProblem(text []byte) string {
	block, others := findPEM(text, isKeyKind)
	switch {
	case block == nil && slices.Contains(others, "CERTIFICATE"):
		return "holds no key in PEM form, but a certificate; were the files mixed up?"
	case block == nil:
		return "holds no key in PEM form"
	case block.Type == "ENCRYPTED PRIVATE KEY", strings.Contains(block.Headers["Proc-Type"], "ENCRYPTED"):
		return "is encrypted, and a passphrase cannot be given; \"openssl pkey\" makes a key without one"
	}
	return ""
}

func isKeyKind(kind string) bool {
	return kind == "PRIVATE KEY" || strings.HasSuffix(kind, " PRIVATE KEY")
}

// findPEM returns the first block of a wanted kind, or the kinds of all blocks
// that there are instead.
func findPEM(text []byte, wanted func(kind string) bool) (found *pem.Block, others []string) {
	for block, rest := pem.Decode(text); block != nil; block, rest = pem.Decode(rest) {
		if wanted(block.Type) {
			return block, nil
		}
		others = append(others, block.Type)
	}
	return nil, others
}

// readPEM returns inline text or the content of a file, nil when neither is
// given.
func readPEM(ctx context.Context, what, inline, file string) ([]byte, error) {
	switch {
	case inline != "":
		return []byte(inline), nil
	case file == "":
		return nil, nil
	case strings.Contains(file, "-----BEGIN"): // the error must not show a key
		return nil, fault.Errorf(fault.ErrConfig, "where the name of the file with the %s should stand, there is the %s itself", what, what)
	}
	content, _, err := textfile.Read(ctx, file, maxFile)
	if err != nil {
		return nil, unreadable(err, "the "+what)
	}
	if content, err = textfile.UTF8(content); err != nil {
		return nil, fault.Errorf(fault.ErrConfig, "the %s (%s) cannot be read: %v", what, printable.Text(file), err)
	}
	return content, nil
}

// origin says where a key or a certificate comes from.
func origin(file string) string {
	if file == "" {
		return "given in the configuration file"
	}
	return printable.Text(file)
}
