// Package textfile reads the files that a user names: within a time and a size,
// and in whichever Unicode encoding an editor or a shell has saved them.
package textfile

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"time"
)

// A SilentError says that a file was not read to its end in time.
type SilentError struct {
	Name   string
	Waited time.Duration
}

// Error names the file and what it may be.
func (e *SilentError) Error() string {
	return fmt.Sprintf("%s has no end after %s; is it a pipe that nothing is written to, or on a file server that does not answer?",
		e.Name, e.Waited.Round(100*time.Millisecond))
}

// A SizeError says that a file is longer than may be.
type SizeError struct {
	Name  string
	Limit int64 // in bytes
}

// Error names the file and the limit.
func (e *SizeError) Error() string {
	return fmt.Sprintf("%s is longer than %d bytes", e.Name, e.Limit)
}

// Read returns the content of a file and what is known of that same file. The
// errors are a [*SizeError] for a file longer than limit, a [*SilentError] when
// the context's deadline is over first, the context's own when it is canceled,
// and those of package os.
//
// A file may be a pipe or a device, and opening or reading it may never return:
// then the goroutine that does so is left to itself.
func Read(ctx context.Context, name string, limit int64) ([]byte, fs.FileInfo, error) {
	file, err := within(ctx, name, func() (known, error) { return readAll(name, limit) })
	return file.content, file.info, err
}

// Stat is os.Stat, and like [Read] ends with the context.
func Stat(ctx context.Context, name string) (fs.FileInfo, error) {
	file, err := within(ctx, name, func() (known, error) {
		info, err := os.Stat(name)
		return known{info: info}, err
	})
	return file.info, err
}

// known is what is known of a file.
type known struct {
	content []byte
	info    fs.FileInfo
}

func within(ctx context.Context, name string, look func() (known, error)) (known, error) {
	type result struct {
		file known
		err  error
	}
	start := time.Now()
	done := make(chan result, 1)
	go func() {
		file, err := look()
		done <- result{file, err}
	}()
	select {
	case r := <-done:
		return r.file, r.err
	case <-ctx.Done():
		if errors.Is(ctx.Err(), context.DeadlineExceeded) {
			return known{}, &SilentError{Name: name, Waited: time.Since(start)}
		}
		return known{}, ctx.Err()
	}
}

func readAll(name string, limit int64) (known, error) {
	file, err := os.Open(name)
	if err != nil {
		return known{}, err
	}
	defer file.Close()
	info, err := file.Stat()
	if err != nil {
		return known{}, err
	}
	content, err := io.ReadAll(io.LimitReader(file, limit+1))
	if err == nil && int64(len(content)) > limit {
		return known{}, &SizeError{Name: name, Limit: limit}
	}
	return known{content, info}, err
}
