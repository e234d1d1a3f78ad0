package resolve

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net"
	"net/http"
	"net/url"
	"os"
	"strings"
	"syscall"
	"time"
)

// reason is an error in plain text, with what caused it.
type reason struct {
	text  string
	cause error
}

func (r *reason) Error() string { return r.text }
func (r *reason) Unwrap() error { return r.cause }

// failure is the error about the engine, for a reason.
func (e *Engine) failure(why *reason) *EngineError {
	return &EngineError{Host: e.target.address.String(), Context: e.target.context, Proxy: e.proxy(), Err: why}
}

// proxy returns the proxy that requests go through, empty for none.
func (e *Engine) proxy() string {
	if e.transport == nil || e.target.address.isSocket() {
		return ""
	}
	base := url.URL{Scheme: e.transport.scheme(), Host: e.target.address.host}
	proxy, err := e.transport.proxy(&http.Request{URL: &base})
	if err != nil {
		return "" // and the reason says so
	}
	return proxy
}

// explain turns what went wrong with a request into the error that is promised.
// ctx is the caller's; limited, made from it, ends earlier if the engine takes too
// long.
func (e *Engine) explain(ctx, limited context.Context, err error) error {
	if ctx.Err() != nil {
		return fmt.Errorf("asking the Docker engine at %s: %w", plain(e.target.address.String()), ctx.Err())
	}
	if e.target.address.scheme == "unix" && isMissing(err) {
		return fmt.Errorf("%w: socket %s does not exist", ErrNoEngine, plain(e.target.address.host))
	}
	var (
		known  *reason
		failed *requestError
	)
	switch {
	case errors.As(err, &known):
	case limited.Err() != nil:
		// Not the context's own error: that would say that the caller's time
		// is up.
		known = &reason{text: fmt.Sprintf("no answer in %v", e.limit), cause: os.ErrDeadlineExceeded}
	case !errors.As(err, &failed): // Docker's client quotes what the engine answered
		known = &reason{text: "it answers: " + plainText(err), cause: err}
	default:
		known = &reason{text: plainText(failed.cause), cause: err}
	}
	return e.failure(known)
}

// isMissing tells whether a dial failed because there is no file at the path.
func isMissing(err error) bool {
	return errors.Is(err, fs.ErrNotExist) || errors.Is(err, syscall.ENOTDIR)
}

// malformed says that an answer is not what was asked for, if that is what is
// wrong: Docker's client hands on what its decoder says, and wraps all else.
func malformed(text string, err error) error {
	switch err.(type) { //nolint:errorlint // what is wrapped is something else
	case *json.SyntaxError, *json.UnmarshalTypeError, *time.ParseError:
		return &reason{text: text, cause: err}
	}
	switch err {
	case io.EOF: //nolint:errorlint // what is wrapped is something else
		return &reason{text: text, cause: err}
	case io.ErrUnexpectedEOF:
		return &reason{text: "the answer broke off", cause: err}
	}
	return err
}

// plainText says why a request failed, without the layers of addresses and
// URLs that the standard library puts around the reason. Some of its errors can
// be told by their text only.
func plainText(err error) string {
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
	case errors.Is(err, http.ErrSchemeMismatch), strings.Contains(text, "malformed HTTP"), strings.Contains(text, "readLoopPeekFail"):
		// The last is what a server gets that speaks first, as those of SSH
		// and of mail do.
		return "the answer is not HTTP"
	}
	for inner := err; inner != nil; inner = errors.Unwrap(inner) {
		err = inner
	}
	return err.Error()
}
