package engine

import (
	"context"
	"errors"
	"net"
	"path/filepath"
	"testing"
	"time"
)

func TestMajor(t *testing.T) {
	t.Parallel()
	for version, want := range map[string]int{"20.10.24+dfsg1": 20, "28.5.2": 28, "29": 29, "": 0, "dev": 0} {
		if got := (Identity{Version: version}).Major(); got != want {
			t.Errorf("%q: %d", version, got)
		}
	}
}

// TestSilentEngine asks an engine that does not answer, as one that starts: no call
// takes longer than its own context says, whatever others wait for.
func TestSilentEngine(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "docker.sock")
	listener, err := net.Listen("unix", path)
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	e, err := New("unix://" + path)
	if err != nil {
		t.Fatal(err)
	}
	long, end := context.WithCancel(t.Context())
	patient := make(chan error, 1)
	go func() {
		_, err := e.Identity(long)
		patient <- err
	}()
	time.Sleep(20 * time.Millisecond) // the other one is first
	short, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	start := time.Now()
	if _, err := e.Find(short, "n", "e"); !errors.Is(err, context.DeadlineExceeded) || time.Since(start) > 5*time.Second {
		t.Errorf("%v after %s", err, time.Since(start))
	}
	if e.Answers(short) {
		t.Error("it answers")
	}
	end()
	if err := <-patient; !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
}
