// Package logtest looks at what a log holds, in tests.
package logtest

import (
	"bytes"
	"log/slog"
	"strings"
	"sync"
	"testing"
)

// A Buffer is a log that several goroutines write.
type Buffer struct {
	mu   sync.Mutex
	text bytes.Buffer
}

// Write implements io.Writer.
func (b *Buffer) Write(line []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.text.Write(line)
}

// String returns all lines.
func (b *Buffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.text.String()
}

// Logger returns a logger of all levels that writes to the buffer.
func (b *Buffer) Logger() *slog.Logger {
	return slog.New(slog.NewTextHandler(b, &slog.HandlerOptions{Level: slog.LevelDebug}))
}

// Want checks that lines with these parts are there, in this order.
func (b *Buffer) Want(t *testing.T, lines ...string) {
	t.Helper()
	rest := b.String()
	for _, parts := range lines {
		before := rest
		for found := false; !found; {
			line, after, more := strings.Cut(rest, "\n")
			found, rest = hasAll(line, parts), after
			if !found && !more {
				t.Errorf("no line with %q in\n%s", parts, before)
				return
			}
		}
	}
}

func hasAll(line, parts string) bool {
	for part := range strings.SplitSeq(parts, " ... ") {
		if !strings.Contains(line, part) {
			return false
		}
	}
	return true
}

// NoSecret checks that a text does not hold the word "secret".
func NoSecret(t *testing.T, text string) {
	t.Helper()
	if strings.Contains(text, "secret") {
		t.Errorf("there is a secret in\n%s", text)
	}
}
