package store_test

import (
	"bytes"
	"context"
	"encoding/binary"
	"fmt"
	"net"
	"os"
	"runtime/pprof"
	"strings"
	"testing"
	"time"

	"github.com/calicoctl/calicoctl/pkg/store"
)

// TestMain gives the tests a DNS of their own, so that they ask no other host
// anything, and looks for goroutines that they left behind.
func TestMain(m *testing.M) {
	stop, err := serveDNS()
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	code := m.Run()
	stop()
	if left := leftBehind(`pkg/store.`); left != "" && code == 0 {
		fmt.Fprintf(os.Stderr, "goroutines of this package are left behind:\n%s\n", left)
		code = 1
	}
	os.Exit(code)
}

// serveDNS makes the process resolve names through a server that knows only
// the names below .test that answerDNS gives.
func serveDNS() (stop func(), err error) {
	conn, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	net.DefaultResolver = &net.Resolver{
		PreferGo: true,
		Dial: func(ctx context.Context, _, _ string) (net.Conn, error) {
			return (&net.Dialer{}).DialContext(ctx, "udp", conn.LocalAddr().String())
		},
	}
	go func() {
		buffer := make([]byte, 1500)
		for {
			n, from, err := conn.ReadFrom(buffer)
			if err != nil {
				return
			}
			_, _ = conn.WriteTo(answerDNS(buffer[:n]), from)
		}
	}()
	return func() { _ = conn.Close() }, nil
}

// answerDNS answers one question: an address of any name etcd.test, the SRV
// record of an unencrypted etcd below pNNNN.test (NNNN is its port), or that
// there is no such name.
func answerDNS(query []byte) []byte {
	end := 12
	var labels []string
	for query[end] != 0 {
		labels = append(labels, strings.ToLower(string(query[end+1:end+1+int(query[end])])))
		end += 1 + int(query[end])
	}
	kind := binary.BigEndian.Uint16(query[end+1:])
	question := query[12 : end+5]
	data := recordDNS(strings.Join(labels, "."), kind)
	header := []byte{query[0], query[1], 0x81, 0x80, 0, 1, 0, 0, 0, 0, 0, 0}
	if data == nil {
		if strings.Join(labels, ".") != "etcd.test" { // else only no record of this kind
			header[3] = 0x83
		}
		return append(header, question...)
	}
	header[7] = 1
	answer := append(header, question...)
	answer = append(answer, 0xc0, 12) // the name of the question
	answer = binary.BigEndian.AppendUint16(answer, kind)
	answer = append(answer, 0, 1, 0, 0, 0, 60)
	answer = binary.BigEndian.AppendUint16(answer, uint16(len(data)))
	return append(answer, data...)
}

func recordDNS(name string, kind uint16) []byte {
	const address, service = 1, 33
	var port uint16
	if kind == address && name == "etcd.test" {
		return []byte{127, 0, 0, 1}
	}
	if n, _ := fmt.Sscanf(name, "_etcd-client._tcp.p%d.test", &port); n == 1 && kind == service {
		data := binary.BigEndian.AppendUint16([]byte{0, 0, 0, 0}, port)
		return append(data, "\x04etcd\x04test\x00"...)
	}
	return nil
}

// leftBehind returns the goroutines that mention a text, as soon as there are
// none or after a while.
func leftBehind(text string) string {
	var left string
	for deadline := time.Now().Add(10 * time.Second); time.Now().Before(deadline); time.Sleep(10 * time.Millisecond) {
		var all bytes.Buffer
		_ = pprof.Lookup("goroutine").WriteTo(&all, 1)
		left = ""
		for _, block := range strings.Split(all.String(), "\n\n") {
			if strings.Contains(block, text) && !strings.Contains(block, "leftBehind") {
				left += block + "\n"
			}
		}
		if left == "" {
			return ""
		}
	}
	return left
}

// Goroutines inherit the label of the one that starts them, so each test finds
// its own among those of all others.
func TestCloseLeavesNoGoroutines(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.putProfile("web", document(t, "web", "allow"))
	tests := map[string]func(context.Context){
		"edit": func(ctx context.Context) {
			s, err := store.Open(ctx, store.Config{Endpoints: []string{w.endpoint}})
			if err != nil {
				t.Error(err)
				return
			}
			if _, err := s.Edit(ctx, "web", appending(t, "allow tcp")); err != nil {
				t.Error(err)
			}
			closeStore(t, s)
		},
		"unused": func(ctx context.Context) {
			s, err := store.Open(ctx, store.Config{Endpoints: []string{w.endpoint}})
			if err != nil {
				t.Error(err)
				return
			}
			closeStore(t, s)
		},
	}
	closed, silent := "http://"+closedPort(t), "http://"+blackHole(t)
	for name, cfg := range map[string]store.Config{
		"refused":               {Endpoints: []string{closed}},
		"refused with a user":   {Endpoints: []string{closed}, Username: "u", Password: "p"},
		"no answer":             {Endpoints: []string{silent}},
		"no answer with a user": {Endpoints: []string{silent}, Username: "u", Password: "p"},
	} {
		tests[name] = func(ctx context.Context) { unreached(ctx, t, cfg) }
	}
	for name, run := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			pprof.Do(t.Context(), pprof.Labels("leak", name), func(ctx context.Context) {
				ctx, cancel := context.WithTimeout(ctx, time.Second)
				defer cancel()
				run(ctx)
			})
			if left := leftBehind(fmt.Sprintf(`"leak":%q`, name)); left != "" {
				t.Errorf("left behind:\n%s", left)
			}
		})
	}
}

func closeStore(t *testing.T, s *store.Store) {
	if err := s.Close(); err != nil {
		t.Errorf("Close: %v", err)
	}
}

// unreached opens a Store, reads, and closes it.
func unreached(ctx context.Context, t *testing.T, cfg store.Config) {
	s, err := store.Open(ctx, cfg)
	if err != nil {
		return
	}
	if _, err := s.Read(ctx, store.Query{Profiles: []string{"web"}}); err == nil {
		t.Error("there is an answer")
	}
	closeStore(t, s)
}
