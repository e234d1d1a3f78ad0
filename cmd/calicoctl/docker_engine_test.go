package main

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/calicoctl/calicoctl/internal/testkit/embedetcd"
)

// runWith runs a command with an environment that says nothing of Docker beside
// the given variables, and returns its standard error and exit code.
func runWith(t *testing.T, etcd string, environment []string, words string) (stderr string, code int) {
	t.Helper()
	e := bounded(t, 4*time.Second, func() ended {
		cmd := exec.CommandContext(t.Context(), "calicoctl", strings.Fields(words)...)
		cmd.Env = append([]string{"PATH=" + os.Getenv("PATH"), "HOME=/no-home", "ETCD_ENDPOINTS=" + etcd, raceOptions}, environment...)
		var stderr strings.Builder
		cmd.Stderr = &stderr
		err := cmd.Run()
		var exit *exec.ExitError
		if err != nil && !errors.As(err, &exit) {
			t.Error(err)
			return ended{}
		}
		return ended{code: cmd.ProcessState.ExitCode(), stderr: stderr.String()}
	})
	return e.stderr, e.code
}

func plainEtcd(t *testing.T) string {
	t.Helper()
	server, err := embedetcd.Start(t.Context(), embedetcd.Options{Fast: true})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = server.Close() })
	return server.Endpoint()
}

// An engine that switches protocols and says no more does not hold a command up.
func TestDockerSwitchesProtocols(t *testing.T) {
	t.Parallel()
	etcd := plainEtcd(t)
	socket := serveConns(t, "unix", filepath.Join(t.TempDir(), "docker.sock"), func(conn net.Conn) {
		_, _ = conn.Read(make([]byte, 4096))
		fmt.Fprint(conn, "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: tcp\r\n\r\n")
		_, _ = io.Copy(io.Discard, conn)
	})
	const reason = ": the answer is not from a Docker engine: 101 Switching Protocols; nothing was changed."
	stderr, code := runWith(t, etcd, []string{"DOCKER_HOST=unix://" + socket}, "profile add web")
	if code != exitUnreachable || !strings.Contains(stderr, reason) {
		t.Errorf("exit code %d, says %s", code, stderr)
	}
}

// Each way to name an engine that cannot be followed ends a command that writes,
// and says what to do.
func TestDockerNamed(t *testing.T) {
	t.Parallel()
	etcd := plainEtcd(t)
	config := t.TempDir()
	id := fmt.Sprintf("%x", sha256.Sum256([]byte("remote")))
	for file, content := range map[string]string{
		"config.json":                        `{"currentContext":"remote"}`,
		"contexts/meta/" + id + "/meta.json": `{"Name":"remote","Endpoints":{"docker":{"Host":"ssh://root:secret@host"}}}`,
	} {
		file = filepath.Join(config, file)
		if err := errors.Join(os.MkdirAll(filepath.Dir(file), 0o700), os.WriteFile(file, []byte(content), 0o600)); err != nil {
			t.Fatal(err)
		}
	}
	const (
		host   = "the address has to be unix://PATH or tcp://HOST:PORT"
		writes = "; nothing was changed. --literal takes names as they are written, and full network IDs need no Docker"
	)
	for _, test := range []struct {
		environment []string
		want        string
	}{
		{[]string{"DOCKER_CONFIG=" + config}, `Docker engine of Docker context "remote": ssh:// is not supported; set DOCKER_HOST to unix://PATH or tcp://HOST:PORT` + writes},
		{[]string{"DOCKER_CONTEXT=other", "DOCKER_CONFIG=" + config}, `Docker engine of Docker context "other": it does not exist: there is no ` + config},
		{[]string{"DOCKER_HOST=ssh://u:secret@host"}, "Docker engine: DOCKER_HOST: ssh:// is not supported; set DOCKER_HOST to unix://PATH or tcp://HOST:PORT" + writes},
		{[]string{"DOCKER_HOST=tcp://u:secret%40host"}, "Docker engine: DOCKER_HOST: " + host + writes},
		{[]string{"DOCKER_HOST=tcp://127.0.0.1:1?token=secret"}, "Docker engine at tcp://127.0.0.1:1: connection refused" + writes},
		{[]string{"DOCKER_TLS_VERIFY=1", "DOCKER_HOST=tcp://127.0.0.1:1", "DOCKER_CONFIG=" + config}, "Docker engine at tcp://127.0.0.1:1: there is no " + config + "/ca.pem" + writes},
		{[]string{"DOCKER_HOST=tcp://192.0.2.1:2375", "HTTP_PROXY=http://u:secret@127.0.0.1:1"}, "Docker engine at tcp://192.0.2.1:2375 through the proxy http://127.0.0.1:1: connection refused" +
			" (the proxy may be the cause; NO_PROXY names hosts that need none)" + writes},
	} {
		for _, words := range []string{"profile add web", "profile add web --log-level=debug"} {
			stderr, code := runWith(t, etcd, test.environment, words)
			if code != exitUnreachable || !strings.Contains(stderr, "calicoctl: "+test.want) {
				t.Errorf("%q: exit code %d\ngot  %s\nwant %s", test.environment, code, stderr, test.want)
			}
			if strings.Contains(stderr, "secret") {
				t.Errorf("%q: the secret is shown: %s", test.environment, stderr)
			}
		}
		if stderr, code := runWith(t, etcd, test.environment, "profile show --literal"); code != exitDone || strings.Contains(stderr, "Docker engine") {
			t.Errorf("%q with --literal: exit code %d, says %s", test.environment, code, stderr)
		}
	}
}

// Certificates that are not used are said to be so, once.
func TestDockerPlainText(t *testing.T) {
	t.Parallel()
	server := httptest.NewServer(fakeEngine())
	t.Cleanup(server.Close)
	host := strings.Replace(server.URL, "http://", "tcp://", 1)
	stderr, code := runWith(t, plainEtcd(t), []string{"DOCKER_HOST=" + host, "DOCKER_CERT_PATH=/certs"}, "profile databases rule show")
	want := "calicoctl: warning: the Docker engine at " + host + " is asked in plain text, as by docker: " +
		"DOCKER_CERT_PATH is set, but neither DOCKER_TLS_VERIFY nor DOCKER_TLS\n"
	if code != exitRefused || !strings.HasPrefix(stderr, want+"calicoctl: Profile databases not found. Docker network databases") {
		t.Errorf("exit code %d\ngot  %s\nwant %s", code, stderr, want)
	}
}
