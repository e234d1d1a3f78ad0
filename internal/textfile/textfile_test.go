//go:build unix

package textfile_test

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/calicoctl/calicoctl/internal/textfile"
)

func TestRead(t *testing.T) {
	t.Parallel()
	name := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(name, []byte("12345"), 0o640); err != nil {
		t.Fatal(err)
	}
	content, info, err := textfile.Read(t.Context(), name, 5)
	if err != nil || string(content) != "12345" || info.Mode().Perm() != 0o640 {
		t.Errorf("got %q, %v, %v", content, info, err)
	}
	var long *textfile.SizeError
	if _, _, err = textfile.Read(t.Context(), name, 4); !errors.As(err, &long) || err.Error() != name+" is longer than 4 bytes" {
		t.Errorf("past the limit: %v", err)
	}
	if _, _, err = textfile.Read(t.Context(), name+".no", 4); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("without a file: %v", err)
	}
	if _, _, err = textfile.Read(t.Context(), t.TempDir(), 4); !errors.Is(err, syscall.EISDIR) {
		t.Errorf("of a directory: %v", err)
	}
	if _, _, err = textfile.Read(t.Context(), "/dev/zero", 1<<20); !errors.As(err, &long) {
		t.Errorf("of a file without an end: %v", err)
	}
}

func TestReadPipe(t *testing.T) {
	t.Parallel()
	name := filepath.Join(t.TempDir(), "pipe")
	if err := syscall.Mkfifo(name, 0o600); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Millisecond)
	defer cancel()
	_, _, err := textfile.Read(ctx, name, 100)
	var silent *textfile.SilentError
	if !errors.As(err, &silent) || !strings.Contains(err.Error(), name+" has no end after") {
		t.Errorf("with nobody who writes: %v", err)
	}
	ctx, cancel = context.WithCancel(t.Context())
	cancel()
	if _, _, err := textfile.Read(ctx, name, 100); !errors.Is(err, context.Canceled) {
		t.Errorf("canceled: %v", err)
	}

	// Both that were given up may still get a part, so each writer has its own pipe.
	name = filepath.Join(t.TempDir(), "pipe")
	if err := syscall.Mkfifo(name, 0o600); err != nil {
		t.Fatal(err)
	}
	go func() { _ = os.WriteFile(name, []byte("text"), 0o600) }()
	if content, _, err := textfile.Read(t.Context(), name, 100); err != nil || string(content) != "text" {
		t.Errorf("got %q, %v", content, err)
	}
}
