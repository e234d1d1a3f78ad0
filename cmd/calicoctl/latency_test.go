package main

import (
	"bytes"
	"context"
	"encoding/binary"
	"io"
	"net"
	"os/exec"
	"strings"
	"sync/atomic"
	"testing"

	clientv3 "go.etcd.io/etcd/client/v3"
	"go.uber.org/zap"

	"github.com/calicoctl/calicoctl/internal/testkit/embedetcd"
)

// What a command takes of an etcd that is far away is its round trips times the
// distance. They are counted here on the wire and without a clock: see turns.
// (What they take with 20 ms each, "make bench" measures.)
//
// On a fresh connection the first is that of HTTP/2: gRPC sends its preface and
// waits for the settings of the server. Each request is one more. Before that,
// TCP takes one to connect and TLS 1.3 one for its handshake; a program that
// only reads one key with etcd's client takes the same.
func TestRoundTrips(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithTimeout(t.Context(), safetyNet)
	defer cancel()
	server, err := embedetcd.Start(ctx, embedetcd.Options{Fast: true})
	if err != nil {
		t.Fatal(err)
	}
	defer server.Close()
	if said, err := runAt(ctx, t, server.Endpoint(), "profile", "add", "web"); err != nil {
		t.Fatal(err, said)
	}
	t.Run("bare program", func(t *testing.T) {
		w := newTurns(t, server.Endpoint(), 1)
		client, err := clientv3.New(clientv3.Config{Endpoints: []string{w.endpoint()}, Logger: zap.NewNop()})
		if err != nil {
			t.Fatal(err)
		}
		defer client.Close()
		if _, err := client.Get(ctx, "key"); err != nil {
			t.Error(err)
		}
		w.want(t, 1)
	})
	for _, test := range []struct {
		words    string
		requests int
	}{
		{"profile web rule show", 1},
		{"profile web tag show", 1},
		{"profile web rule test inbound from tag web", 1},
		{"profile web rule add inbound allow tcp", 2},
		{"profile web rule add inbound allow tcp", 1}, // it is there
		{"profile web rule remove inbound allow tcp", 2},
		{"profile web rule remove inbound --at=1", 2},
	} {
		t.Run(test.words, func(t *testing.T) {
			w := newTurns(t, server.Endpoint(), test.requests)
			if said, err := runAt(ctx, t, w.endpoint(), strings.Fields(test.words)...); err != nil {
				t.Error(err, said)
			}
			w.want(t, test.requests)
		})
	}
}

// runAt runs a command at an etcd.
func runAt(ctx context.Context, t *testing.T, endpoint string, words ...string) (string, error) {
	t.Helper()
	cmd := exec.CommandContext(ctx, "calicoctl", append([]string{"--literal"}, words...)...)
	cmd.Env = append(cmd.Environ(), "ETCD_ENDPOINTS="+endpoint, raceOptions)
	said, err := cmd.CombinedOutput()
	return string(said), err
}

// turns stands between a client and an etcd, and lets them speak by turns only:
// what one side says arrives when the other has said all that it can say without
// an answer. Of the client that is its settings, and then each of its requests;
// of the server its settings, and each answer. Whatever else they send (pings,
// windows, acknowledgements) waits until the next turn. So a client that needs
// more turns than are counted waits for ever, as the other side does not get to
// hear what it says.
type turns struct {
	listener    net.Listener
	backend     string
	expected    int // requests
	taken       atomic.Int32
	connections atomic.Int32
	requests    atomic.Int32
	over        chan struct{}
}

func newTurns(t *testing.T, endpoint string, requests int) *turns {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	w := &turns{
		listener: listener, backend: strings.TrimPrefix(endpoint, "http://"), expected: requests, over: make(chan struct{}),
	}
	go w.accept()
	t.Cleanup(func() { _ = listener.Close(); close(w.over) })
	return w
}

func (w *turns) endpoint() string { return "http://" + w.listener.Addr().String() }

// want checks what was counted.
func (w *turns) want(t *testing.T, requests int) {
	t.Helper()
	if got := int(w.connections.Load()); got != 1 {
		t.Errorf("%d connections, want 1", got)
	}
	if got := int(w.requests.Load()); got != requests {
		t.Errorf("%d requests, want %d", got, requests)
	}
	if got := int(w.taken.Load()); got != 1+requests {
		t.Errorf("%d round trips, want %d", got, 1+requests)
	}
}

func (w *turns) accept() {
	for {
		client, err := w.listener.Accept()
		if err != nil {
			return
		}
		w.connections.Add(1)
		server, err := net.Dial("tcp", w.backend)
		if err != nil {
			_ = client.Close()
			continue
		}
		go func() {
			<-w.over
			_ = client.Close()
			_ = server.Close()
		}()
		go w.referee(client, server)
	}
}

// referee lets the sides speak: the settings, the requests one by one, and then
// as they like.
func (w *turns) referee(client, server net.Conn) {
	up, down := make(chan frame), make(chan frame)
	go w.listen(client, up, len("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"), &w.requests)
	go w.listen(server, down, 0, new(atomic.Int32))
	turn := func(last func(frame) bool) {
		_, _ = server.Write(speech(up, last))
		if answer := speech(down, last); len(answer) > 0 {
			w.taken.Add(1)
			_, _ = client.Write(answer)
		}
	}
	turn(frame.isSettings)
	for i := range w.expected {
		turn(func(f frame) bool { return f.ends(2*i + 1) })
	}
	go func() {
		defer server.Close()
		for f := range up {
			_, _ = server.Write(f.bytes)
		}
	}()
	defer client.Close()
	for f := range down {
		_, _ = client.Write(f.bytes)
	}
}

// speech returns what is said up to the last frame of a turn.
func speech(frames <-chan frame, last func(frame) bool) (said []byte) {
	for f := range frames {
		said = append(said, f.bytes...)
		if last(f) {
			break
		}
	}
	return said
}

// listen reads frames until the connection ends, the first behind a preface, and
// counts those that begin a request.
func (w *turns) listen(conn net.Conn, frames chan<- frame, preface int, requests *atomic.Int32) {
	defer close(frames)
	for {
		var f bytes.Buffer
		if _, err := io.CopyN(&f, conn, int64(preface+frameHeader)); err != nil {
			return
		}
		header := [frameHeader]byte(f.Bytes()[preface:])
		preface = 0
		length := int64(header[0])<<16 | int64(header[1])<<8 | int64(header[2])
		if _, err := io.CopyN(&f, conn, length); err != nil {
			return
		}
		if header[3] == headersFrame {
			requests.Add(1)
		}
		select {
		case frames <- frame{header, f.Bytes()}:
		case <-w.over:
			return
		}
	}
}

// A frame is one of HTTP/2, see RFC 9113, section 4.1.
type frame struct {
	header [frameHeader]byte // length, type, flags, stream
	bytes  []byte            // as it came
}

const (
	frameHeader = 9

	dataFrame, headersFrame, settingsFrame = 0, 1, 4

	endStream, acknowledgement = 1, 1
)

func (f frame) stream() int { return int(binary.BigEndian.Uint32(f.header[5:])) }

func (f frame) isSettings() bool {
	return f.header[3] == settingsFrame && f.header[4]&acknowledgement == 0
}

// ends reports whether this is the last frame of a request or of its answer.
func (f frame) ends(stream int) bool {
	return (f.header[3] == dataFrame || f.header[3] == headersFrame) && f.header[4]&endStream != 0 && f.stream() == stream
}
