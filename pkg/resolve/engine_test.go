package resolve_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/calicoctl/calicoctl/pkg/resolve"
)

// twoNetworks is an answer as engine 20.10 gives it, cut to two networks.
var twoNetworks = `[{"Name":"web","Id":"` + idB + `","Created":"2026-01-02T15:04:05.1Z","Scope":"local",` +
	`"Driver":"bridge","EnableIPv6":false,"IPAM":{"Driver":"default","Options":null,"Config":[{"Subnet":"172.17.0.0/16"}]},` +
	`"Internal":false,"ConfigFrom":{"Network":""},"Containers":{},"Options":{"profile":"a bridge has none"},"Labels":{"Name":"x","Id":"y"}},` +
	`{"Name":"d\u0000b \u003c\n","Id":"` + idA + `","Driver":"calico","Options":{"profile":"databases"}}]` + "\n"

var theTwo = []resolve.Network{{ID: idA, Name: "d\x00b <\n", Driver: "calico", Profile: "databases"}, {ID: idB, Name: "web", Driver: "bridge"}}

func TestNetworks(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		engine *fakeEngine
		path   string
	}{
		"engine 20.10":              {&fakeEngine{min: "1.12", max: "1.41"}, "/v1.41/networks"},
		"engine with a least of 44": {&fakeEngine{min: "1.44", max: "1.99"}, "/v1.51/networks"},
		"engine of our version":     {&fakeEngine{min: "1.24", max: "1.51"}, "/v1.51/networks"},
		"engine that tells none":    {&fakeEngine{}, "/v1.24/networks"},
		"unhealthy engine": {&fakeEngine{max: "1.41", ping: func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Api-Version", "1.41")
			refuse(w, http.StatusInternalServerError, "unhealthy")
		}}, "/v1.41/networks"},
		"ping without an end": {&fakeEngine{max: "1.41", ping: func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Api-Version", "1.41")
			w.WriteHeader(http.StatusOK)
			w.(http.Flusher).Flush()
			hang(w, r)
		}}, "/v1.41/networks"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			engine := engineAt(t, test.engine.start(t))
			networks, err := engine.Networks(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(theTwo, networks.All()); diff != "" {
				t.Errorf("(-want +got)\n%s", diff)
			}
			if diff := cmp.Diff([]string{"HEAD /_ping", "GET " + test.path}, test.engine.asked()); diff != "" {
				t.Errorf("requests (-want +got)\n%s", diff)
			}
		})
	}
}

func TestNetworksAgain(t *testing.T) {
	t.Parallel()
	engine := engineAt(t, (&fakeEngine{max: "1.41"}).start(t))
	for range 3 {
		networks, err := engine.Networks(t.Context())
		if err != nil || len(networks.All()) != 2 {
			t.Errorf("got %v, %v", networks.All(), err)
		}
	}
}

func TestNoHTTP(t *testing.T) {
	t.Parallel()
	const (
		closed  = "the connection was closed without an answer"
		notHTTP = "the answer is not HTTP"
	)
	tests := map[string]struct{ answer, want string }{
		"nothing":   {"", closed},
		"garbage":   {"garbage\x1b[2J\r\n\r\n", notHTTP},
		"TLS alert": {"\x15\x03\x01\x00\x02\x02\x16", notHTTP},
		"no status": {"HTTP/1.1 OK\r\n\r\n", notHTTP},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			host, _ := rawEngine(t, func(conn net.Conn) {
				// Closing before the request is read would reset the connection.
				conn.Read(make([]byte, 4096))
				conn.Write([]byte(test.answer))
			})
			_, err := engineAt(t, host).Networks(t.Context())
			checkEngineError(t, err, host, test.want)
		})
	}
}

// A server that speaks first is found out before or after the request is sent.
func TestGreeting(t *testing.T) {
	t.Parallel()
	host, _ := rawEngine(t, func(conn net.Conn) {
		fmt.Fprint(conn, "SSH-2.0-OpenSSH_9.2\r\n")
		readOnly(conn)
	})
	engine := engineAt(t, host)
	for range 20 {
		_, err := engine.Networks(t.Context())
		checkEngineError(t, err, host, "the answer is not HTTP")
	}
}

// A server that hangs up at once is noticed at different points.
func TestHangsUp(t *testing.T) {
	t.Parallel()
	host, _ := rawEngine(t, func(net.Conn) {})
	engine := engineAt(t, host)
	for range 50 {
		_, err := engine.Networks(t.Context())
		var engineError *resolve.EngineError
		if !errors.As(err, &engineError) {
			t.Fatalf("got %T %v; want an EngineError", err, err)
		}
		switch reason := engineError.Err.Error(); reason {
		case "the connection was closed without an answer", "connection reset by peer", "broken pipe":
		default:
			t.Errorf("got %s", reason)
		}
	}
}

func TestMissingSocket(t *testing.T) {
	t.Parallel()
	directory := t.TempDir()
	file := filepath.Join(directory, "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	dangling := filepath.Join(directory, "link")
	if err := os.Symlink(filepath.Join(directory, "nowhere"), dangling); err != nil {
		t.Fatal(err)
	}
	for name, path := range map[string]string{
		"no file":          filepath.Join(directory, "docker.sock"),
		"no directory":     filepath.Join(directory, "run", "docker.sock"),
		"below a file":     filepath.Join(file, "docker.sock"),
		"link to nothing":  dangling,
		"odd name":         filepath.Join(directory, "a b\x1b[2J"),
		"name with a host": filepath.Join(directory, "user@host"),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			networks, err := engineAt(t, "unix://"+path).Networks(t.Context())
			var engineError *resolve.EngineError
			if !errors.Is(err, resolve.ErrNoEngine) || errors.As(err, &engineError) {
				t.Fatalf("got %v, %v", networks, err)
			}
			if !strings.Contains(err.Error(), directory) {
				t.Errorf("%v does not name %s", err, path)
			}
			checkPrintable(t, err.Error())
		})
	}
}

// A file that nobody listens on is an engine that does not run, not the absence
// of one.
func TestNobodyListens(t *testing.T) {
	t.Parallel()
	directory := t.TempDir()
	file := filepath.Join(directory, "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	left := filepath.Join(directory, "left")
	listener, err := net.ListenUnix("unix", &net.UnixAddr{Name: left, Net: "unix"})
	if err != nil {
		t.Fatal(err)
	}
	listener.SetUnlinkOnClose(false)
	listener.Close()
	for name, host := range map[string]string{
		"TCP port":    "tcp://" + closedPort(t),
		"left socket": "unix://" + left,
		"plain file":  "unix://" + file,
		"directory":   "unix://" + directory,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := engineAt(t, host).Networks(t.Context())
			checkEngineError(t, err, host, "connection refused")
			if !errors.Is(err, syscall.ECONNREFUSED) {
				t.Errorf("%v does not wrap ECONNREFUSED", err)
			}
		})
	}
}

// closedPort returns an address where nothing listens any more.
func closedPort(t *testing.T) string {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	return listener.Addr().String()
}

// Failures that cannot be had from a real socket everywhere.
func TestDialErrors(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		err  error
		want string
		is   error
	}{
		"permission": {os.NewSyscallError("connect", syscall.EACCES), "permission denied", fs.ErrPermission},
		"security":   {os.NewSyscallError("connect", syscall.EPERM), "permission denied", fs.ErrPermission},
		"route":      {os.NewSyscallError("connect", syscall.EHOSTUNREACH), "no route to host", syscall.EHOSTUNREACH},
		"DNS":        {&net.DNSError{Err: "no such host", Name: "docker.invalid", IsNotFound: true}, "no such host", nil},
		"other":      {errors.New("out of luck"), "out of luck", nil},
		// Only the file of a unix socket can be missing.
		"missing": {os.NewSyscallError("connect", syscall.ENOENT), "no such file or directory", fs.ErrNotExist},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dial := func(_ context.Context, network, _ string) (net.Conn, error) {
				return nil, &net.OpError{Op: "dial", Net: network, Err: test.err}
			}
			const host = "tcp://docker.invalid:2375"
			engine := engineAt(t, host)
			resolve.SetDial(engine, dial)
			_, err := engine.Networks(t.Context())
			checkEngineError(t, err, host, test.want)
			if test.is != nil && !errors.Is(err, test.is) {
				t.Errorf("%v does not wrap %v", err, test.is)
			}
		})
	}
}

func TestLongAnswer(t *testing.T) {
	t.Parallel()
	host := (&fakeEngine{max: "1.41", networks: func(w http.ResponseWriter, _ *http.Request) {
		io.Copy(w, &endless{text: `[{"Id":"`})
	}}).start(t)
	engine := engineAt(t, host)
	resolve.SetLimit(engine, patience)
	_, err := engine.Networks(t.Context())
	checkEngineError(t, err, host, "the answer is longer than 32 MiB")
}

// endless reads as a text that goes on for ever.
type endless struct{ text string }

func (e *endless) Read(p []byte) (int, error) {
	n := copy(p, e.text)
	e.text = e.text[n:]
	for i := n; i < len(p); i++ {
		p[i] = 'a'
	}
	return len(p), nil
}

// status answers with an HTTP status and Docker's document for errors.
func status(code int, message string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		if message == "" {
			w.WriteHeader(code)
			return
		}
		refuse(w, code, message)
	}
}

// version answers a ping with a version of the API.
func version(text string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) { w.Header().Set("Api-Version", text) }
}

// checkEngineError checks the type and the whole text of an error.
func checkEngineError(t *testing.T, err error, host, reason string) {
	t.Helper()
	var engineError *resolve.EngineError
	if !errors.As(err, &engineError) || errors.Is(err, resolve.ErrNoEngine) {
		t.Fatalf("got %T %v; want an EngineError", err, err)
	}
	if engineError.Host != host {
		t.Errorf("got host %q, want %q", engineError.Host, host)
	}
	if want := "Docker engine at " + host + ": " + reason; err.Error() != want {
		t.Errorf("got  %s\nwant %s", err, want)
	}
	checkPrintable(t, err.Error())
}
