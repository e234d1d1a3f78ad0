package main

import (
	"context"
	"net"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"slices"
	"strconv"
	"sync"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/calicoctl/calicoctl/internal/testkit/etcdtest"
)

// interpose puts something between the following commands and etcd.
func interpose(ts *testscript.TestScript, i *etcdtest.Interposer) {
	ts.Check(i.Start(worldOf(ts).etcd.Endpoint()))
	ts.Defer(func() { _ = i.Close() })
	worldOf(ts).interposer = i
	ts.Setenv("ETCD_ENDPOINTS", i.Endpoint())
}

// scriptBeforeCommit: a command that writes makes two transactions; the second
// is its first write.
func scriptBeforeCommit(ts *testscript.TestScript, _ bool, args []string) {
	client := worldOf(ts).client
	write := func(ctx context.Context) error {
		_, err := client.Delete(ctx, args[1])
		return err
	}
	if args[0] == "put" {
		value := readTrimmed(ts, args[2])
		write = func(ctx context.Context) error {
			_, err := client.Put(ctx, args[1], value)
			return err
		}
	}
	interpose(ts, &etcdtest.Interposer{Before: func(ctx context.Context, method string, number int) error {
		if method == etcdtest.Commit && number == 2 {
			return write(ctx)
		}
		return nil
	}})
}

func scriptLoseAnswer(ts *testscript.TestScript, _ bool, args []string) {
	interpose(ts, &etcdtest.Interposer{After: loseWrite(ts, args[0])})
}

func scriptLoseRequest(ts *testscript.TestScript, _ bool, args []string) {
	interpose(ts, &etcdtest.Interposer{Before: loseWrite(ts, args[0])})
}

func loseWrite(ts *testscript.TestScript, text string) etcdtest.Hook {
	lost, err := strconv.Atoi(text)
	ts.Check(err)
	return func(_ context.Context, method string, number int) error {
		if method == etcdtest.Commit && number == lost+1 {
			return etcdtest.ErrLost()
		}
		return nil
	}
}

// scriptLoseRest: etcd is gone from a write on, and does not come back.
func scriptLoseRest(ts *testscript.TestScript, _ bool, args []string) {
	lost, err := strconv.Atoi(args[0])
	ts.Check(err)
	interpose(ts, &etcdtest.Interposer{Before: func(_ context.Context, method string, number int) error {
		if method == etcdtest.Commit && number > lost {
			return etcdtest.ErrLost()
		}
		return nil
	}})
}

func scriptStallAnswer(ts *testscript.TestScript, _ bool, args []string) {
	interpose(ts, &etcdtest.Interposer{After: stallWrite(ts, args[0])})
}

func scriptStallRequest(ts *testscript.TestScript, _ bool, args []string) {
	interpose(ts, &etcdtest.Interposer{Before: stallWrite(ts, args[0])})
}

// stallWrite holds a write until the client gives it up.
func stallWrite(ts *testscript.TestScript, text string) etcdtest.Hook {
	stalled, err := strconv.Atoi(text)
	ts.Check(err)
	return func(ctx context.Context, method string, number int) error {
		if method == etcdtest.Commit && number == stalled+1 {
			<-ctx.Done()
			return ctx.Err()
		}
		return nil
	}
}

func scriptCountRequests(ts *testscript.TestScript, _ bool, _ []string) {
	interpose(ts, &etcdtest.Interposer{})
}

func scriptRequests(ts *testscript.TestScript, _ bool, args []string) {
	const ranges = "/etcdserverpb.KV/Range"
	want := append(args, "0")[:2]
	i := worldOf(ts).interposer
	got := []string{strconv.Itoa(i.Count(etcdtest.Commit)), strconv.Itoa(i.Count(ranges))}
	if !slices.Equal(got, want) {
		ts.Fatalf("%s transactions and %s range reads, want %s and %s", got[0], got[1], want[0], want[1])
	}
}

func scriptHTTPServer(ts *testscript.TestScript, _ bool, args []string) {
	server := httptest.NewServer(http.NotFoundHandler())
	ts.Defer(server.Close)
	ts.Setenv(args[0], server.Listener.Addr().String())
}

func scriptHang(ts *testscript.TestScript, _ bool, args []string) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	ts.Check(err)
	neverAnswer(ts, listener)
	ts.Setenv(args[0], listener.Addr().String())
}

func scriptHangDocker(ts *testscript.TestScript, _ bool, _ []string) {
	socket := filepath.Join(ts.Getenv("WORK"), "hang.sock")
	listener, err := net.Listen("unix", socket)
	ts.Check(err)
	neverAnswer(ts, listener)
	ts.Setenv("DOCKER_HOST", "unix://"+socket)
}

// neverAnswer accepts connections and holds them until the script is over.
func neverAnswer(ts *testscript.TestScript, listener net.Listener) {
	var mu sync.Mutex
	var held []net.Conn
	accepted := worldOf(ts).accepted
	go func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			mu.Lock()
			held = append(held, conn)
			mu.Unlock()
			select {
			case accepted <- struct{}{}:
			default:
			}
		}
	}()
	ts.Defer(func() {
		_ = listener.Close()
		mu.Lock()
		defer mu.Unlock()
		for _, conn := range held {
			_ = conn.Close()
		}
	})
}
