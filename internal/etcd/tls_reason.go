package etcd

import (
	"bytes"
	"cmp"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/calicoctl/calicoctl/internal/printable"
)

// reason says which certificate is the reason for a failed connection, and what
// is wrong with it; empty when none is.
func (c certificates) reason(err error) string {
	var unknown x509.UnknownAuthorityError
	var host x509.HostnameError
	var invalid x509.CertificateInvalidError
	var verification *tls.CertificateVerificationError
	switch said := alert(err); {
	case errors.As(err, &unknown):
		return c.unknownAuthority(unknown.Cert)
	case errors.As(err, &host):
		return fmt.Sprintf("the server's certificate is %s, and not for %s, as the endpoint says", madeFor(host.Certificate), printable.Quote(host.Host))
	case errors.As(err, &invalid) && outdated(invalid.Cert) != "":
		return c.named(invalid.Cert) + " " + outdated(invalid.Cert)
	case errors.As(err, &invalid) && invalid.Reason == x509.IncompatibleUsage:
		return serverCertificate(invalid.Cert) + " is not made for servers (its extended key usage)"
	case errors.As(err, &verification):
		return "the server's certificate is not good: " + strings.TrimPrefix(verification.Err.Error(), "x509: ")
	case strings.Contains(said, "certificate"):
		return c.refused(said)
	}
	return ""
}

// refused says what a server that said no may have against the client's
// certificate. It does not tell which certificate, and hardly why.
func (c certificates) refused(said string) string {
	if c.client == nil {
		return "the server asks for a client certificate; name one with ETCD_CERT_FILE, and its key with ETCD_KEY_FILE"
	}
	ours := "the client certificate (" + c.origin + ")"
	usage := c.client.ExtKeyUsage
	switch {
	case outdated(c.client) != "":
		return ours + " " + outdated(c.client)
	case len(usage) > 0 && !slices.Contains(usage, x509.ExtKeyUsageClientAuth) && !slices.Contains(usage, x509.ExtKeyUsageAny):
		return ours + " is not made for clients (its extended key usage)"
	case said == "expired certificate":
		return fmt.Sprintf("to the server, %s has expired or is not yet valid; it is valid from %s to %s; is a clock wrong?",
			ours, day(c.client.NotBefore), day(c.client.NotAfter))
	case said == "unknown certificate authority", said == "certificate required": // not sent to who does not know its authority
		return fmt.Sprintf("the server does not know the authority %s, which signed %s", called(c.client.Issuer), ours)
	}
	return fmt.Sprintf("the server rejects %s: %s", ours, said)
}

// unknownAuthority is about a certificate that no known authority has signed.
func (c certificates) unknownAuthority(cert *x509.Certificate) string {
	if cert == nil {
		return "the server's certificate is signed by an unknown authority; name it with ETCD_CA_CERT_FILE"
	}
	text := fmt.Sprintf("%s is signed by an unknown authority, %s; name it with ETCD_CA_CERT_FILE", serverCertificate(cert), called(cert.Issuer))
	if c.authority == nil {
		return text
	}
	if c.known(func(known *x509.Certificate) bool { return bytes.Equal(known.RawSubject, cert.RawIssuer) }) {
		return fmt.Sprintf("%s is signed by another authority than the one of the same name, %s, in the CA certificate (%s)",
			serverCertificate(cert), called(cert.Issuer), c.authorityOrigin)
	}
	return fmt.Sprintf("%s is signed by an unknown authority, %s, which is not in the CA certificate (%s)",
		serverCertificate(cert), called(cert.Issuer), c.authorityOrigin)
}

// known reports whether one of the authorities' certificates is as wanted.
func (c certificates) known(wanted func(*x509.Certificate) bool) bool {
	for block, rest := pem.Decode(c.authority); block != nil; block, rest = pem.Decode(rest) {
		if known, err := x509.ParseCertificate(block.Bytes); err == nil && wanted(known) {
			return true
		}
	}
	return false
}

// named names a certificate that the server's proof needs.
func (c certificates) named(cert *x509.Certificate) string {
	if c.known(cert.Equal) {
		return "the CA certificate (" + c.authorityOrigin + ")"
	}
	return serverCertificate(cert)
}

// serverCertificate names a certificate of the server's chain.
func serverCertificate(cert *x509.Certificate) string {
	if cert.IsCA {
		return "the certificate of the authority " + called(cert.Subject)
	}
	return "the server's certificate"
}

// outdated says that a certificate is not valid now; empty when it is.
func outdated(cert *x509.Certificate) string {
	now := time.Now()
	switch {
	case now.After(cert.NotAfter):
		return "has expired: it was valid until " + day(cert.NotAfter)
	case now.Before(cert.NotBefore):
		return "is not yet valid: it will be from " + day(cert.NotBefore) + " on; is the clock wrong?"
	}
	return ""
}

// maxSubjects is how many names of a certificate an error lists.
const maxSubjects = 8

// madeFor lists what a server's certificate is valid for.
func madeFor(cert *x509.Certificate) string {
	var names []string
	for _, name := range cert.DNSNames {
		names = append(names, printable.Quote(name))
	}
	for _, address := range cert.IPAddresses {
		names = append(names, printable.Quote(address.String()))
	}
	switch more := len(names) - maxSubjects; {
	case len(names) == 0:
		return "for no host (it has no subject alternative names)"
	case more > 0:
		return fmt.Sprintf("for %s and %d more", strings.Join(names[:maxSubjects], ", "), more)
	}
	return "for " + strings.Join(names, ", ")
}

func called(name pkix.Name) string { return printable.Quote(cmp.Or(name.CommonName, name.String())) }

func day(t time.Time) string { return t.UTC().Format("2006-01-02 15:04 UTC") }
