package resolve_test

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"io"
	"log"
	"maps"
	"math/big"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/calicoctl/calicoctl/pkg/resolve"
)

// fromEnvironment returns the engine of an environment and closes it in the end.
func fromEnvironment(t *testing.T, given map[string]string) *resolve.Engine {
	t.Helper()
	engine, err := tryEnvironment(t, given)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { engine.Close() })
	return engine
}

// tryEnvironment gives a home directory without a configuration of Docker to an
// environment that has none.
func tryEnvironment(t *testing.T, given map[string]string) (*resolve.Engine, error) {
	t.Helper()
	home := t.TempDir()
	return resolve.FromEnvironment(t.Context(), func(name string) string {
		if value, ok := given[name]; ok || name != "HOME" {
			return value
		}
		return home
	})
}

func TestEnvironmentHost(t *testing.T) {
	t.Parallel()
	fake := &fakeEngine{max: "1.41"}
	engine := fromEnvironment(t, map[string]string{"DOCKER_HOST": fake.start(t)})
	networks, err := engine.Networks(t.Context())
	if err != nil || len(networks.All()) != 2 {
		t.Errorf("got %v, %v", networks.All(), err)
	}
}

func TestEnvironmentAPIVersion(t *testing.T) {
	t.Parallel()
	for _, version := range []string{"1.41", "v1.41"} {
		fake := &fakeEngine{max: "1.50"}
		engine := fromEnvironment(t, map[string]string{"DOCKER_HOST": fake.start(t), "DOCKER_API_VERSION": version})
		if _, err := engine.Networks(t.Context()); err != nil {
			t.Error(err)
		}
		if diff := cmp.Diff([]string{"GET /v1.41/networks"}, fake.asked()); diff != "" {
			t.Errorf("%s: requests (-want +got)\n%s", version, diff)
		}
	}
}

// The variables for TLS mean what they mean for the docker command.
func TestEnvironmentTLS(t *testing.T) {
	t.Parallel()
	server := tlsServer(t, &fakeEngine{max: "1.41"})
	host := "tcp://" + server.Listener.Addr().String()
	own, other, none := certificates(t, server), certificates(t, otherServer(t)), t.TempDir()
	const plainText = "it answers: Client sent an HTTP request to an HTTPS server."
	const notVerified = "x509: certificate signed by unknown authority"
	for name, test := range map[string]struct {
		environment map[string]string
		want        string // behind the host, begins the reason; empty for none
	}{
		"verified":                  {map[string]string{"DOCKER_TLS_VERIFY": "1", "DOCKER_CERT_PATH": own}, ""},
		"any value verifies":        {map[string]string{"DOCKER_TLS_VERIFY": "0", "DOCKER_CERT_PATH": other}, notVerified},
		"default directory":         {map[string]string{"DOCKER_TLS_VERIFY": "1", "DOCKER_CONFIG": own}, ""},
		"default directory of TLS":  {map[string]string{"DOCKER_TLS": "1", "DOCKER_CONFIG": other}, ""},
		"no certificates":           {map[string]string{"DOCKER_TLS_VERIFY": "1", "DOCKER_CONFIG": none}, "there is no " + none},
		"no certificates of TLS":    {map[string]string{"DOCKER_TLS": "1", "DOCKER_CONFIG": none}, "there is no " + none},
		"no directory":              {map[string]string{"DOCKER_TLS_VERIFY": "1", "DOCKER_CERT_PATH": none + "/x"}, "there is no " + none},
		"other authority":           {map[string]string{"DOCKER_TLS_VERIFY": "1", "DOCKER_CERT_PATH": other}, notVerified},
		"certificates alone":        {map[string]string{"DOCKER_CERT_PATH": own}, plainText},
		"nothing":                   {nil, plainText},
		"both":                      {map[string]string{"DOCKER_TLS": "1", "DOCKER_TLS_VERIFY": "1", "DOCKER_CONFIG": other}, notVerified},
		"default context, verified": {map[string]string{"DOCKER_CONTEXT": "default", "DOCKER_TLS_VERIFY": "1", "DOCKER_CONFIG": own}, ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			environment := map[string]string{"DOCKER_HOST": host}
			maps.Copy(environment, test.environment)
			engine, err := tryEnvironment(t, environment)
			if err == nil {
				defer engine.Close()
				_, err = engine.Networks(t.Context())
			}
			if test.want == "" && err == nil {
				return
			}
			if want := "Docker engine at " + host + ": " + test.want; err == nil || test.want == "" || !strings.HasPrefix(err.Error(), want) {
				t.Errorf("got  %v\nwant %s", err, want)
			}
		})
	}
}

// Without DOCKER_HOST, TLS means the port for it on this host.
func TestEnvironmentTLSWithoutHost(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"DOCKER_TLS", "DOCKER_TLS_VERIFY"} {
		environment := map[string]string{name: "1", "DOCKER_CERT_PATH": certificates(t, tlsServer(t, nil))}
		engine := fromEnvironment(t, environment)
		resolve.SetDial(engine, func(_ context.Context, network, address string) (net.Conn, error) {
			return nil, errors.New(network + " to " + address)
		})
		_, err := engine.Networks(t.Context())
		checkEngineError(t, err, "tcp://localhost:2376", "tcp to localhost:2376")
	}
}

// The docker command takes HOST:PORT for a TCP address.
func TestEnvironmentHostWithoutScheme(t *testing.T) {
	t.Parallel()
	for host, want := range map[string]string{
		"127.0.0.1:1": "127.0.0.1:1", ":1": "localhost:1", "[::1]:1": "[::1]:1", " localhost:1 ": "localhost:1", " tcp://127.0.0.1:1": "127.0.0.1:1",
	} {
		engine := fromEnvironment(t, map[string]string{"DOCKER_HOST": host})
		resolve.SetDial(engine, func(_ context.Context, network, address string) (net.Conn, error) {
			return nil, errors.New(network + " to " + address)
		})
		_, err := engine.Networks(t.Context())
		checkEngineError(t, err, "tcp://"+want, "tcp to "+want)
	}
}

// Of a socket TLS is not used, but its files have to be there, as for docker.
func TestEnvironmentTLSOfSocket(t *testing.T) {
	t.Parallel()
	fake := &fakeEngine{max: "1.41"}
	host, none := fake.start(t), t.TempDir()
	for _, name := range []string{"DOCKER_TLS", "DOCKER_TLS_VERIFY"} {
		environment := map[string]string{"DOCKER_HOST": host, name: "1", "DOCKER_CERT_PATH": none}
		engine, err := tryEnvironment(t, environment)
		checkBroken(t, engine, err, host, "", "there is no "+filepath.Join(none, "ca.pem"))
		environment["DOCKER_CERT_PATH"] = certificates(t, tlsServer(t, nil))
		if _, err := fromEnvironment(t, environment).Networks(t.Context()); err != nil {
			t.Error(err)
		}
	}
}

// Certificates that are not used are worth a warning.
func TestEnvironmentUnusedCertificates(t *testing.T) {
	t.Parallel()
	environment := map[string]string{"DOCKER_HOST": "tcp://u:secret@127.0.0.1:1?token=secret", "DOCKER_CERT_PATH": "/certs"}
	want := []string{"the Docker engine at tcp://127.0.0.1:1 is asked in plain text, as by docker: " +
		"DOCKER_CERT_PATH is set, but neither DOCKER_TLS_VERIFY nor DOCKER_TLS"}
	if diff := cmp.Diff(want, fromEnvironment(t, environment).Warnings()); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
	environment["DOCKER_HOST"] = "unix:///run/d.sock"
	if got := fromEnvironment(t, environment).Warnings(); len(got) != 0 {
		t.Errorf("of a socket: %q", got)
	}
}

// Certificates are for TCP. They may be in the environment when a socket is
// asked.
func TestEnvironmentCertificatesWithSocket(t *testing.T) {
	t.Parallel()
	directory := certificates(t, tlsServer(t, nil))
	fake := &fakeEngine{max: "1.41"}
	engine := fromEnvironment(t, map[string]string{"DOCKER_HOST": fake.start(t), "DOCKER_CERT_PATH": directory})
	networks, err := engine.Networks(t.Context())
	if err != nil || len(networks.All()) != 2 {
		t.Errorf("got %v, %v", networks.All(), err)
	}
}

// otherServer has another certificate than those of the standard library's test
// servers, which share one.
func otherServer(t *testing.T) *httptest.Server {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1), NotAfter: time.Now().Add(time.Hour), IsCA: true, BasicConstraintsValid: true}
	certificate, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewUnstartedServer(nil)
	server.TLS = &tls.Config{Certificates: []tls.Certificate{{Certificate: [][]byte{certificate}, PrivateKey: key}}}
	server.StartTLS()
	t.Cleanup(server.Close)
	return server
}

func tlsServer(t *testing.T, handler http.Handler) *httptest.Server {
	t.Helper()
	server := httptest.NewUnstartedServer(handler)
	server.Config.ErrorLog = log.New(io.Discard, "", 0)
	server.StartTLS()
	t.Cleanup(server.Close)
	return server
}

// certificates writes a server's own certificate as everything that a client of
// it needs, and returns the directory.
func certificates(t *testing.T, server *httptest.Server) string {
	t.Helper()
	own := server.TLS.Certificates[0]
	key, err := x509.MarshalPKCS8PrivateKey(own.PrivateKey)
	if err != nil {
		t.Fatal(err)
	}
	directory := t.TempDir()
	for name, block := range map[string]*pem.Block{
		"ca.pem":   {Type: "CERTIFICATE", Bytes: own.Certificate[0]},
		"cert.pem": {Type: "CERTIFICATE", Bytes: own.Certificate[0]},
		"key.pem":  {Type: "PRIVATE KEY", Bytes: key},
	} {
		if err := os.WriteFile(filepath.Join(directory, name), pem.EncodeToMemory(block), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return directory
}

func TestEnvironmentMissingSocket(t *testing.T) {
	t.Parallel()
	engine := fromEnvironment(t, map[string]string{"DOCKER_HOST": "unix://" + filepath.Join(t.TempDir(), "docker.sock")})
	if _, err := engine.Networks(t.Context()); !errors.Is(err, resolve.ErrNoEngine) {
		t.Errorf("got %v", err)
	}
}

// The broken values are found before anything is dialled, and an address that
// was not parsed is not shown, as any part of it may be a password.
func TestBrokenEnvironment(t *testing.T) {
	t.Parallel()
	const form = "DOCKER_HOST: the address has to be unix://PATH or tcp://HOST:PORT"
	long := "unix:///" + strings.Repeat("x", 200)
	missing := filepath.Join(t.TempDir(), "certs")
	tests := map[string]struct {
		environment map[string]string
		host        string
		reason      string
	}{
		"no protocol":          {map[string]string{"DOCKER_HOST": "secret"}, "", form},
		"no address":           {map[string]string{"DOCKER_HOST": "tcp://"}, "", form},
		"no path":              {map[string]string{"DOCKER_HOST": "unix://"}, "", form},
		"SSH":                  {map[string]string{"DOCKER_HOST": "ssh://root:secret@host"}, "", "DOCKER_HOST: ssh:// is not supported; set DOCKER_HOST to unix://PATH or tcp://HOST:PORT"},
		"HTTP":                 {map[string]string{"DOCKER_HOST": "http://host:2375"}, "", "DOCKER_HOST: http:// is not supported"},
		"control":              {map[string]string{"DOCKER_HOST": "\x1b[2J"}, "", form},
		"blank":                {map[string]string{"DOCKER_HOST": " "}, "", form},
		"no host":              {map[string]string{"DOCKER_HOST": "tcp:///secret"}, "", "DOCKER_HOST: the address names no host"},
		"password":             {map[string]string{"DOCKER_HOST": "tcp://me:secret@[::1"}, "", form},
		"password, slash":      {map[string]string{"DOCKER_HOST": "tcp://me:secret/@host:1"}, "", form},
		"password alone":       {map[string]string{"DOCKER_HOST": "me:secret@host:1"}, "", form},
		"password and URL":     {map[string]string{"DOCKER_HOST": "me:secret@tcp://host:1"}, "", form},
		"password, escaped at": {map[string]string{"DOCKER_HOST": "tcp://u:secret%40host"}, "", form},
		"no port":              {map[string]string{"DOCKER_HOST": "secret:"}, "", form},
		"path and port":        {map[string]string{"DOCKER_HOST": "/secret:1"}, "", form},
		"port of letters":      {map[string]string{"DOCKER_HOST": "me:secret"}, "", form},
		"port":                 {map[string]string{"DOCKER_HOST": "tcp://host:secret"}, "", form},
		"path too long":        {map[string]string{"DOCKER_HOST": long}, long, "unix socket path"},
		"certificates":         {map[string]string{"DOCKER_TLS": "1", "DOCKER_CERT_PATH": missing}, "tcp://localhost:2376", missing},
		"version":              {map[string]string{"DOCKER_API_VERSION": "latest"}, "", "DOCKER_API_VERSION has to be a version such as 1.41"},
		"version and path":     {map[string]string{"DOCKER_API_VERSION": "1.41/../x"}, "", "DOCKER_API_VERSION has to be a version such as 1.41"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			engine, err := tryEnvironment(t, test.environment)
			checkBroken(t, engine, err, test.host, "", test.reason)
		})
	}
}

// checkBroken checks the error about a setting.
func checkBroken(t *testing.T, engine *resolve.Engine, err error, host, context, reason string) {
	t.Helper()
	var engineError *resolve.EngineError
	if engine != nil || !errors.As(err, &engineError) {
		t.Fatalf("got %v, %v; want an EngineError", engine, err)
	}
	if engineError.Host != host || engineError.Context != context {
		t.Errorf("got host %q of context %q, want %q of %q", engineError.Host, engineError.Context, host, context)
	}
	if !strings.Contains(err.Error(), reason) {
		t.Errorf("got  %s\nwant %s", err, reason)
	}
	if strings.Contains(err.Error(), "secret") {
		t.Errorf("the password is shown: %s", err)
	}
	checkPrintable(t, err.Error())
}

// Of an address that was parsed, user info and query are not shown.
func TestNoSecretOfAddress(t *testing.T) {
	t.Parallel()
	for _, address := range []string{
		"tcp://me:secret@127.0.0.1:1", "tcp://127.0.0.1:1?token=secret", "tcp://secret@127.0.0.1:1?a=b#secret",
	} {
		engine := fromEnvironment(t, map[string]string{"DOCKER_HOST": address})
		_, err := engine.Networks(t.Context())
		checkEngineError(t, err, "tcp://127.0.0.1:1", "connection refused")
	}
}

// A file system that hangs does not outlast the caller's time, and what is no
// file is not read.
func TestEnvironmentFiles(t *testing.T) {
	t.Parallel()
	directory := t.TempDir()
	if err := os.Mkdir(filepath.Join(directory, "ca.pem"), 0o700); err != nil {
		t.Fatal(err)
	}
	environment := map[string]string{"DOCKER_TLS": "1", "DOCKER_CERT_PATH": directory}
	engine, err := tryEnvironment(t, environment)
	checkBroken(t, engine, err, "tcp://localhost:2376", "", filepath.Join(directory, "ca.pem")+" is not a regular file")

	ctx, cancel := context.WithCancel(t.Context())
	hung := make(chan struct{})
	defer close(hung)
	_, err = resolve.FromEnvironment(ctx, func(string) string {
		cancel()
		<-hung
		return ""
	})
	if !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
}
