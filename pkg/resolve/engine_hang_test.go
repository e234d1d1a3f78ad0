package resolve_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"testing"
	"time"

	"github.com/calicoctl/calicoctl/pkg/resolve"
)

// patience is far more than an engine is given, and far less than for ever: the
// machine may be busy.
const patience = 10 * time.Second

// However an engine hangs, the answer is the same and comes in time. (That the
// time is 2 s otherwise is what the next tests are about.)
func TestHungEngine(t *testing.T) {
	t.Parallel()
	tests := map[string]func(t *testing.T) (host string){
		"never answers": func(t *testing.T) string {
			host, _ := rawEngine(t, readOnly)
			return host
		},
		"never accepts": neverAccepts,
		"half a header": func(t *testing.T) string {
			host, _ := rawEngine(t, func(conn net.Conn) {
				conn.Read(make([]byte, 4096))
				fmt.Fprint(conn, "HTTP/1.1 200 OK\r\nApi-Ver")
				readOnly(conn)
			})
			return host
		},
		"answers the ping only": func(t *testing.T) string {
			return (&fakeEngine{max: "1.41", networks: hang}).start(t)
		},
		"half a list": func(t *testing.T) string {
			return (&fakeEngine{max: "1.41", networks: func(w http.ResponseWriter, r *http.Request) {
				fmt.Fprint(w, twoNetworks[:100])
				w.(http.Flusher).Flush()
				hang(w, r)
			}}).start(t)
		},
		"drips": func(t *testing.T) string {
			return (&fakeEngine{max: "1.41", networks: drip}).start(t)
		},
	}
	for name, start := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			host := start(t)
			engine := engineAt(t, host)
			resolve.SetLimit(engine, 200*time.Millisecond)
			begin := time.Now()
			_, err := engine.Networks(t.Context())
			if took := time.Since(begin); took > patience {
				t.Errorf("took %v", took)
			}
			checkEngineError(t, err, host, "no answer in 200ms")
			if !errors.Is(err, os.ErrDeadlineExceeded) {
				t.Errorf("%v does not wrap os.ErrDeadlineExceeded", err)
			}
			if errors.Is(err, context.DeadlineExceeded) || errors.Is(err, context.Canceled) {
				t.Errorf("%v says that the caller's time is up", err)
			}
		})
	}
}

// switchProtocols answers that it speaks another protocol from now on, and says no
// more.
func switchProtocols(conn net.Conn) {
	fmt.Fprint(conn, "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: tcp\r\n\r\n")
	readOnly(conn)
}

// readOnly takes what comes until the client closes the connection.
func readOnly(conn net.Conn) { io.Copy(io.Discard, conn) }

// neverAccepts returns the address of a socket whose connections stay in the
// kernel's queue.
func neverAccepts(t *testing.T) string {
	path := socketPath(t)
	listener, err := net.Listen("unix", path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { listener.Close() })
	return "unix://" + path
}

// What follows on a connection that switched protocols is bounded by no context.
func TestSwitchingProtocols(t *testing.T) {
	t.Parallel()
	hosts := map[string]func(*testing.T) string{
		"ping": func(t *testing.T) string {
			host, _ := rawEngine(t, func(conn net.Conn) {
				conn.Read(make([]byte, 4096))
				switchProtocols(conn)
			})
			return host
		},
		"networks": func(t *testing.T) string {
			return (&fakeEngine{max: "1.41", networks: func(w http.ResponseWriter, _ *http.Request) {
				conn, _, err := w.(http.Hijacker).Hijack()
				if err != nil {
					t.Error(err)
					return
				}
				defer conn.Close()
				switchProtocols(conn)
			}}).start(t)
		},
	}
	for name, start := range hosts {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			host := start(t)
			done := make(chan error, 1)
			go func() {
				_, err := engineAt(t, host).Networks(t.Context())
				done <- err
			}()
			select {
			case err := <-done:
				checkEngineError(t, err, host, "the answer is not from a Docker engine: 101 Switching Protocols")
			case <-time.After(patience):
				t.Error("no end")
			}
		})
	}
}

// drip sends a list that is always a bit longer.
func drip(w http.ResponseWriter, r *http.Request) {
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	fmt.Fprintf(w, `[{"Id":%q,"Name":"a"}`, idA)
	for {
		select {
		case <-r.Context().Done():
			return
		case <-tick.C:
			fmt.Fprintf(w, `,{"Id":%q,"Name":"a"}`, idA)
			w.(http.Flusher).Flush()
		}
	}
}

// A flood ends at the limit of time or of size, whichever comes first.
func TestFlood(t *testing.T) {
	t.Parallel()
	engine := engineAt(t, (&fakeEngine{max: "1.41", networks: func(w http.ResponseWriter, _ *http.Request) {
		io.Copy(w, &endless{text: `[{"Id":"`})
	}}).start(t))
	begin := time.Now()
	_, err := engine.Networks(t.Context())
	var engineError *resolve.EngineError
	if took := time.Since(begin); took > patience || !errors.As(err, &engineError) {
		t.Errorf("got %v after %v", err, took)
	}
}

// A dial that hangs is given up, and does not go on behind the caller's back.
func TestHungDial(t *testing.T) {
	t.Parallel()
	ended := make(chan error, 1)
	dial := func(ctx context.Context, _, _ string) (net.Conn, error) {
		<-ctx.Done()
		ended <- ctx.Err()
		return nil, ctx.Err()
	}
	const host = "tcp://docker.invalid:2375"
	engine := engineAt(t, host)
	resolve.SetDial(engine, dial)
	_, err := engine.Networks(t.Context())
	checkEngineError(t, err, host, "no answer in 2s")
	select {
	case <-ended:
	case <-time.After(patience):
		t.Error("the dial goes on")
	}
}

// The engine sees the connection closed when Networks has returned.
func TestHungConnectionIsClosed(t *testing.T) {
	t.Parallel()
	host, ended := rawEngine(t, readOnly)
	engine := engineAt(t, host)
	begin := time.Now()
	_, err := engine.Networks(t.Context())
	if took := time.Since(begin); took > patience {
		t.Errorf("took %v", took)
	}
	checkEngineError(t, err, host, "no answer in 2s")
	select {
	case <-ended:
	case <-time.After(patience):
		t.Error("the connection is still open")
	}
}

func TestCallerCancels(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	host, _ := rawEngine(t, func(conn net.Conn) {
		cancel()
		readOnly(conn)
	})
	_, err := engineAt(t, host).Networks(ctx)
	checkEnded(t, err, context.Canceled)
}

func TestCallerCancelsTheList(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	engine := &fakeEngine{max: "1.41", networks: func(w http.ResponseWriter, r *http.Request) {
		fmt.Fprint(w, twoNetworks[:100])
		w.(http.Flusher).Flush()
		cancel()
		hang(w, r)
	}}
	_, err := engineAt(t, engine.start(t)).Networks(ctx)
	checkEnded(t, err, context.Canceled)
}

func TestCallerHasLessTime(t *testing.T) {
	t.Parallel()
	host, _ := rawEngine(t, readOnly)
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
	defer cancel()
	_, err := engineAt(t, host).Networks(ctx)
	checkEnded(t, err, context.DeadlineExceeded)
}

func TestCallerCancelledBefore(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	engine := &fakeEngine{max: "1.41"}
	_, err := engineAt(t, engine.start(t)).Networks(ctx)
	checkEnded(t, err, context.Canceled)
	if asked := engine.asked(); len(asked) != 0 {
		t.Errorf("requests: %q", asked)
	}
}

// checkEnded checks that an error blames the caller's context and not Docker.
func checkEnded(t *testing.T, err, want error) {
	t.Helper()
	var engineError *resolve.EngineError
	if !errors.Is(err, want) || errors.As(err, &engineError) || errors.Is(err, resolve.ErrNoEngine) {
		t.Errorf("got %T %v; want it to wrap %v only", err, err, want)
	}
}
