package torture

import (
	"bytes"
	"errors"
	"io"
	"math/rand/v2"
	"net"
	"os"
	"strings"
	"testing"
	"time"
)

// frame is a frame of HTTP/2: of the kind 0 it is data.
func frame(kind byte, content string) []byte {
	return append([]byte{0, byte(len(content) >> 8), byte(len(content)), kind, 0, 0, 0, 0, 1}, content...)
}

func opening() []byte { return append(bytes.Repeat([]byte{'P'}, preface), frame(4, "settings")...) }

func TestFrames(t *testing.T) {
	t.Parallel()
	stream := append(opening(), bytes.Join([][]byte{
		frame(1, "headers"), frame(0, "data"), frame(0, ""), frame(8, "window"), frame(0, string(make([]byte, 300))),
	}, nil)...)
	for size := 1; size <= len(stream); size++ {
		f, count := frames{skip: preface}, 0
		for rest := stream; len(rest) > 0; {
			n := min(size, len(rest))
			count += f.data(rest[:n])
			rest = rest[n:]
		}
		if count != 2 {
			t.Fatalf("in pieces of %d: %d frames with data, want 2", size, count)
		}
	}
}

// A member that answers every request, and tells what it got.
type member struct {
	listener net.Listener
	got      chan string
}

func newMember(t *testing.T) *member {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	m := &member{listener: listener, got: make(chan string, 100)}
	done := make(chan struct{})
	go func() {
		defer close(done)
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			m.serve(conn)
		}
	}()
	t.Cleanup(func() {
		_ = listener.Close()
		<-done
	})
	return m
}

func (m *member) serve(conn net.Conn) {
	defer conn.Close()
	answered, buffer, all := false, make([]byte, 1000), ""
	for {
		n, err := conn.Read(buffer)
		if err != nil {
			m.got <- all
			return
		}
		all += string(buffer[:n])
		if !answered && strings.Contains(all, request()) {
			answered = true
			_, _ = conn.Write(append(frame(4, "settings"), frame(0, "answer")...))
		}
	}
}

// befallen sends a request through a proxy that does this to every request, and
// returns what the client and the member got. When the client waits in vain for
// an answer or an end, silent is true.
func befallen(t *testing.T, fault Fault, patience time.Duration) (client, server string, silent bool) {
	t.Helper()
	m := newMember(t)
	p, err := newProxy(m.listener.Addr().String(), newFaults(rand.New(rand.NewPCG(1, 1)), []chance{{fault, outOf}}), func() {})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(p.close)
	conn, err := net.Dial("tcp", p.listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	if _, err := conn.Write(append(opening(), frame(0, request())...)); err != nil {
		t.Fatal(err)
	}
	var got []byte
	buffer := make([]byte, 1000)
	_ = conn.SetReadDeadline(time.Now().Add(patience))
	for !bytes.Contains(got, []byte("answer")) && err == nil {
		var n int
		n, err = conn.Read(buffer)
		got = append(got, buffer[:n]...)
	}
	silent = errors.Is(err, os.ErrDeadlineExceeded)
	_ = conn.Close()
	server = <-m.got
	if p.faults.counts()[fault] != 1 {
		t.Errorf("counted: %v", p.faults.counts())
	}
	return string(got), server, silent
}

// request is long enough for a write.
func request() string { return "request" + strings.Repeat(".", leastWrite) }

func TestFaults(t *testing.T) {
	t.Parallel()
	for fault, want := range map[Fault]struct{ request, answer bool }{
		CutBefore:   {false, false},
		CutWithin:   {false, false},
		CutAfter:    {true, false},
		Ghost:       {true, false},
		SlowRequest: {true, true},
		SlowAnswer:  {true, true},
	} {
		t.Run(string(fault), func(t *testing.T) {
			t.Parallel()
			client, server, silent := befallen(t, fault, 10*time.Second)
			if got := strings.Contains(server, request()); got != want.request || silent {
				t.Errorf("the member got %q, the client hears nothing: %v", server, silent)
			}
			if got := strings.Contains(client, "answer"); got != want.answer {
				t.Errorf("the client got %q", client)
			}
			if fault == CutWithin && server == "" {
				t.Error("the member got nothing at all")
			}
		})
	}
}

func TestNoConnects(t *testing.T) {
	t.Parallel()
	m := newMember(t)
	p, err := newProxy(m.listener.Addr().String(), newFaults(rand.New(rand.NewPCG(1, 1)), []chance{{NoConnects, outOf}}), func() {})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(p.close)
	conn, err := net.Dial("tcp", p.listener.Addr().String())
	if err == nil {
		defer conn.Close()
		_, err = io.ReadFull(conn, make([]byte, 1))
	}
	if err == nil || p.faults.counts()[NoConnects] != 1 {
		t.Errorf("error %v, counted: %v", err, p.faults.counts())
	}
}

// A connection that is half-open ends only when the client, or the time set for
// it, ends it; so either there is no end, or one without an answer.
func TestHalfOpen(t *testing.T) {
	t.Parallel()
	for fault, arrives := range map[Fault]bool{DeafServer: false, DeafClient: true, DeafBoth: false} {
		t.Run(string(fault), func(t *testing.T) {
			t.Parallel()
			client, server, _ := befallen(t, fault, 200*time.Millisecond)
			if got := strings.Contains(server, request()); got != arrives {
				t.Errorf("the member got %q", server)
			}
			if client != "" {
				t.Errorf("the client got %q", client)
			}
		})
	}
}

// What is healed does no harm any more, and what was half-open is cut.
func TestHeal(t *testing.T) {
	t.Parallel()
	m := newMember(t)
	f := newFaults(rand.New(rand.NewPCG(1, 1)), []chance{{DeafBoth, outOf}, {NoConnects, outOf}})
	f.end()
	p, err := newProxy(m.listener.Addr().String(), f, func() {})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(p.close)
	conn, err := net.Dial("tcp", p.listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	if _, err := conn.Write(append(opening(), frame(0, request())...)); err != nil {
		t.Fatal(err)
	}
	answer := append(frame(4, "settings"), frame(0, "answer")...)
	got := make([]byte, len(answer))
	if _, err := io.ReadFull(conn, got); err != nil || !bytes.Equal(got, answer) {
		t.Errorf("answer %q, %v", got, err)
	}
	p.cut()
	if n, err := conn.Read(got); err == nil {
		t.Errorf("%d bytes after the cut", n)
	}
}
