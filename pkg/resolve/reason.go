package resolve

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net"
	"os"
	"strings"
	"syscall"
)

// reason is an error in plain words, with what caused it.
type reason struct {
	words string
	cause error
}

func (r *reason) Error() string { return r.words }
func (r *reason) Unwrap() error { return r.cause }

// explain turns what went wrong while asking the engine into the error that
// Networks promises. ctx is the caller's; asking, made from it, ends earlier if
// the engine takes too long.
func (e *Engine) explain(ctx, asking context.Context, err error) error {
	if ctx.Err() != nil {
		return fmt.Errorf("asking the Docker engine at %s: %w", plain(e.host), ctx.Err())
	}
	if e.socket != "" && isMissing(err) {
		return fmt.Errorf("%w: socket %s does not exist", ErrNoEngine, plain(e.socket))
	}
	var known *reason
	switch {
	case errors.As(err, &known):
	case asking.Err() != nil:
		// Not the context's own error: that would say that the caller's time
		// is up.
		known = &reason{words: fmt.Sprintf("no answer in %v", e.limit), cause: os.ErrDeadlineExceeded}
	default:
		known = &reason{words: plainWords(err), cause: err}
	}
	return &EngineError{Host: e.host, Err: known}
}

// isMissing tells whether a dial failed because there is no file at the path.
func isMissing(err error) bool {
	return errors.Is(err, fs.ErrNotExist) || errors.Is(err, syscall.ENOTDIR)
}

// plainWords says why a request failed, without the layers of addresses and
// URLs that the standard library puts around the reason. Some of its errors can
// be told by their text only.
func plainWords(err error) string {
	var (
		code   syscall.Errno
		lookup *net.DNSError
	)
	text := err.Error()
	switch {
	case errors.Is(err, fs.ErrPermission):
		return "permission denied"
	case errors.As(err, &code):
		return code.Error()
	case errors.As(err, &lookup):
		return lookup.Err
	case errors.Is(err, io.ErrUnexpectedEOF):
		return "the answer broke off"
	case errors.Is(err, io.EOF), strings.Contains(text, "server closed idle connection"):
		return "the connection was closed without an answer"
	case strings.Contains(text, "malformed HTTP"), strings.Contains(text, "readLoopPeekFail"):
		// The second is what a server gets that speaks first, as those of SSH
		// and of mail do.
		return "the answer is not HTTP"
	}
	for inner := err; inner != nil; inner = errors.Unwrap(inner) {
		err = inner
	}
	return err.Error()
}
