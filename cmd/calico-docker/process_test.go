//go:build linux

package main

import (
	"bytes"
	"context"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"
)

// A sharedBuffer takes the output of a program that runs beside the test.
type sharedBuffer struct {
	mu  sync.Mutex
	out bytes.Buffer
}

func (b *sharedBuffer) Write(text []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.out.Write(text)
}

func (b *sharedBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.out.String()
}

// TestServesWithoutEtcdAndDocker starts the driver where neither etcd nor Docker
// answers, as at the start of a host: it is ready at once, for root alone, and ends
// well.
func TestServesWithoutEtcdAndDocker(t *testing.T) {
	t.Parallel()
	dir, err := os.MkdirTemp("", "serve") // short, as sockets' paths have to be
	if err != nil {
		t.Fatal(err)
	}
	defer os.RemoveAll(dir)
	systemd, err := net.ListenUnixgram("unixgram", &net.UnixAddr{Name: filepath.Join(dir, "notify"), Net: "unixgram"})
	if err != nil {
		t.Fatal(err)
	}
	defer systemd.Close()
	environment := map[string]string{
		"ETCD_ENDPOINTS": "http://127.0.0.1:1", "NODENAME": "h1", "NOTIFY_SOCKET": filepath.Join(dir, "notify"),
	}
	args := []string{"--plugin-dir", dir, "--state-dir", dir, "--docker-host", "unix://" + dir + "/none.sock", "--log-format", "json"}
	getenv := func(name string) (string, bool) {
		value, set := environment[name]
		return value, set
	}
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	var out sharedBuffer
	ended := make(chan int, 1)
	go func() { ended <- run(ctx, args, strings.NewReader(""), io.Discard, &out, getenv) }()
	if err := systemd.SetReadDeadline(time.Now().Add(20 * time.Second)); err != nil {
		t.Fatal(err)
	}
	said := make([]byte, 64)
	n, err := systemd.Read(said)
	if err != nil || string(said[:n]) != "READY=1" {
		t.Fatalf("systemd was told %q, %v\n%s", said[:n], err, out.String())
	}
	for name, want := range map[string]string{mainSocket: `{"Implements":["NetworkDriver","IpamDriver"]}`, ipamSocket: `{"Implements":["IpamDriver"]}`} {
		if got := activated(t, filepath.Join(dir, name)); got != want {
			t.Errorf("%s: %s", name, got)
		}
	}
	var second bytes.Buffer
	if code := run(t.Context(), args, strings.NewReader(""), io.Discard, &second, getenv); code != exitFailed || !strings.Contains(second.String(), "another calico-docker uses the directory") {
		t.Errorf("a second one: %d %s", code, second.String())
	}
	cancel()
	if code := <-ended; code != exitDone {
		t.Errorf("exit code %d\n%s", code, out.String())
	}
	if !strings.Contains(out.String(), `"msg":"request","method":"Plugin.Activate"`) {
		t.Errorf("the log is\n%s", out.String())
	}
}

// activated activates the plugin of a socket and returns the answer.
func activated(t *testing.T, path string) string {
	t.Helper()
	if info, err := os.Stat(path); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("%s: %v, %v", path, info, err)
	}
	client := http.Client{Transport: &http.Transport{DisableKeepAlives: true, DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
		var d net.Dialer
		return d.DialContext(ctx, "unix", path)
	}}}
	answer, err := client.Post("http://plugin/Plugin.Activate", "", nil)
	if err != nil {
		t.Fatal(err)
	}
	body, _ := io.ReadAll(answer.Body)
	_ = answer.Body.Close()
	return strings.TrimSpace(string(body))
}

// TestCommandLine checks what is refused before anything begins.
func TestCommandLine(t *testing.T) {
	t.Parallel()
	for want, args := range map[string][]string{
		`unknown command "x"`:                        {"x"},
		"--log-level: expected debug, info":          {"--log-level", "loud"},
		"--log-format: expected text or json":        {"--log-format", "xml"},
		"--felix-wait: expected a time":              {"--felix-wait", "0s"},
		"unknown flag: --x":                          {"--x"},
		"invalid argument":                           {"--collect-interval", "x"},
		"--pool: expected a prefix such as 10.233.6": {"init", "--pool", "x"},
	} {
		var out bytes.Buffer
		code := run(t.Context(), args, strings.NewReader(""), &out, &out, func(string) (string, bool) { return "", false })
		if code != exitUsage || !strings.Contains(out.String(), want) {
			t.Errorf("%v: %d %s", args, code, out.String())
		}
	}
}
