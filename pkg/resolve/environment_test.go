package resolve_test

import (
	"crypto/x509"
	"encoding/pem"
	"errors"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/docker/docker/client"
	"github.com/google/go-cmp/cmp"

	"github.com/calicoctl/calicoctl/pkg/resolve"
)

// setEnvironment sets Docker's variables to the given ones and no others.
func setEnvironment(t *testing.T, given map[string]string) {
	t.Helper()
	for _, name := range []string{
		client.EnvOverrideHost, client.EnvOverrideAPIVersion, client.EnvOverrideCertPath, client.EnvTLSVerify,
	} {
		t.Setenv(name, given[name])
	}
}

// fromEnvironment returns the engine of an environment and closes it in the end.
func fromEnvironment(t *testing.T, given map[string]string) *resolve.Engine {
	t.Helper()
	setEnvironment(t, given)
	engine, err := resolve.FromEnvironment()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { engine.Close() })
	return engine
}

func TestEnvironmentHost(t *testing.T) {
	fake := &fakeEngine{max: "1.41"}
	engine := fromEnvironment(t, map[string]string{"DOCKER_HOST": fake.start(t)})
	networks, err := engine.Networks(t.Context())
	if err != nil || len(networks.All()) != 2 {
		t.Errorf("got %v, %v", networks.All(), err)
	}
}

func TestEnvironmentAPIVersion(t *testing.T) {
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

func TestEnvironmentTLS(t *testing.T) {
	server := tlsServer(t, &fakeEngine{max: "1.41"})
	host := "tcp://" + server.Listener.Addr().String()
	environment := map[string]string{"DOCKER_HOST": host, "DOCKER_CERT_PATH": certificates(t, server), "DOCKER_TLS_VERIFY": "1"}

	networks, err := fromEnvironment(t, environment).Networks(t.Context())
	if err != nil || len(networks.All()) != 2 {
		t.Errorf("got %v, %v", networks.All(), err)
	}

	environment["DOCKER_CERT_PATH"] = ""
	_, err = fromEnvironment(t, environment).Networks(t.Context())
	checkEngineError(t, err, host, "HTTP 400: Client sent an HTTP request to an HTTPS server.")
}

// Certificates are for TCP. They may be in the environment when a socket is
// asked.
func TestEnvironmentCertificatesWithSocket(t *testing.T) {
	directory := certificates(t, tlsServer(t, nil))
	fake := &fakeEngine{max: "1.41"}
	engine := fromEnvironment(t, map[string]string{"DOCKER_HOST": fake.start(t), "DOCKER_CERT_PATH": directory})
	networks, err := engine.Networks(t.Context())
	if err != nil || len(networks.All()) != 2 {
		t.Errorf("got %v, %v", networks.All(), err)
	}
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
	engine := fromEnvironment(t, map[string]string{"DOCKER_HOST": "unix://" + filepath.Join(t.TempDir(), "docker.sock")})
	if _, err := engine.Networks(t.Context()); !errors.Is(err, resolve.ErrNoEngine) {
		t.Errorf("got %v", err)
	}
}

// The broken values are found before anything is dialled.
func TestBrokenEnvironment(t *testing.T) {
	const form = "the address has to be unix://PATH or tcp://HOST:PORT"
	missing := filepath.Join(t.TempDir(), "certs")
	long := "unix:///" + strings.Repeat("x", 200)
	tests := map[string]struct {
		environment map[string]string
		host        string
		reason      string
	}{
		"no protocol":      {map[string]string{"DOCKER_HOST": "nonsense"}, "nonsense", form},
		"no address":       {map[string]string{"DOCKER_HOST": "tcp://"}, "tcp://", form},
		"no path":          {map[string]string{"DOCKER_HOST": "unix://"}, "unix://", form},
		"SSH":              {map[string]string{"DOCKER_HOST": "ssh://root:secret@host"}, "ssh://host", form},
		"HTTP":             {map[string]string{"DOCKER_HOST": "http://host:2375"}, "http://host:2375", form},
		"control":          {map[string]string{"DOCKER_HOST": "\x1b[2J"}, "\x1b[2J", form},
		"blank":            {map[string]string{"DOCKER_HOST": " "}, " ", form},
		"no host":          {map[string]string{"DOCKER_HOST": "tcp:///path"}, "tcp:///path", "the address names no host"},
		"password":         {map[string]string{"DOCKER_HOST": "tcp://me:secret@[::1"}, "tcp://[::1", "the address cannot be read"},
		"password, slash":  {map[string]string{"DOCKER_HOST": "tcp://me:secret/@host:1"}, "tcp://host:1", "the address cannot be read"},
		"password alone":   {map[string]string{"DOCKER_HOST": "me:secret@host:1"}, "host:1", form},
		"port":             {map[string]string{"DOCKER_HOST": "tcp://host:port"}, "tcp://host:port", `the address cannot be read: invalid port ":port" after host`},
		"path too long":    {map[string]string{"DOCKER_HOST": long}, long, "unix socket path"},
		"certificates":     {map[string]string{"DOCKER_CERT_PATH": missing}, client.DefaultDockerHost, missing},
		"version":          {map[string]string{"DOCKER_API_VERSION": "latest"}, client.DefaultDockerHost, "DOCKER_API_VERSION has to be a version such as 1.41"},
		"version and path": {map[string]string{"DOCKER_API_VERSION": "1.41/../x"}, client.DefaultDockerHost, "DOCKER_API_VERSION has to be a version such as 1.41"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			setEnvironment(t, test.environment)
			engine, err := resolve.FromEnvironment()
			var engineError *resolve.EngineError
			if engine != nil || !errors.As(err, &engineError) {
				t.Fatalf("got %v, %v; want an EngineError", engine, err)
			}
			if engineError.Host != test.host {
				t.Errorf("got host %q, want %q", engineError.Host, test.host)
			}
			if !strings.Contains(err.Error(), test.reason) {
				t.Errorf("got  %s\nwant %s", err, test.reason)
			}
			if strings.Contains(err.Error(), "secret") {
				t.Errorf("the password is shown: %s", err)
			}
			checkPrintable(t, err.Error())
		})
	}
}
