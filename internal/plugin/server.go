//go:build linux

package plugin

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"strings"
	"time"
)

const (
	// Docker has no bound of its own, so that a request that hangs would hang it.
	makeLimit   = 10 * time.Second
	removeLimit = 5 * time.Second

	longestRequest = 1 << 20
	contentType    = "application/vnd.docker.plugins.v1.1+json"
)

// A note collects what a request did, for its line in the log.
type note struct{ attrs []any }

// add adds a name and a value.
func (n *note) add(name string, value any) { n.attrs = append(n.attrs, slog.Any(name, value)) }

// A handler carries out one request of Docker's.
type handler struct {
	limit time.Duration
	run   func(ctx context.Context, body []byte, n *note) (any, error)
}

// errRepeated is about a request without content. When the driver ends before it has
// answered, Docker sends the request again, but what it holds was read already. An
// empty request must not be taken for one with default values.
var errRepeated = errors.New("the driver ended during this request, and Docker has repeated it without its content; try again")

// handle makes a handler of a function that takes a request of a type; one of the
// type empty needs no content.
func handle[T any](limit time.Duration, run func(context.Context, T, *note) (any, error)) handler {
	return handler{limit, func(ctx context.Context, body []byte, n *note) (any, error) {
		var in T
		if _, none := any(in).(empty); none {
			return run(ctx, in, n)
		}
		if len(bytes.TrimSpace(body)) == 0 {
			return nil, errRepeated
		}
		if err := json.Unmarshal(body, &in); err != nil {
			return nil, fmt.Errorf("the request cannot be read: %w", err)
		}
		return run(ctx, in, n)
	}}
}

// A server answers requests by their method, such as NetworkDriver.Join.
type server struct {
	handlers map[string]handler
	explain  func(err error, took time.Duration) error
	log      *slog.Logger
}

// ServeHTTP answers one request. Work that has begun is finished also when Docker
// goes away.
func (s server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	method := strings.TrimPrefix(r.URL.Path, "/")
	h, known := s.handlers[method]
	if !known || r.Method != http.MethodPost {
		s.log.Debug("request", "method", method, "answer", "not implemented")
		http.NotFound(w, r)
		return
	}
	body, err := io.ReadAll(io.LimitReader(r.Body, longestRequest))
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	start, n := time.Now(), &note{}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(r.Context()), h.limit)
	defer cancel()
	answer, err := h.run(ctx, body, n)
	attrs := append([]any{"method", method}, n.attrs...)
	attrs = append(attrs, "took", time.Since(start).Round(10*time.Microsecond))
	if err != nil {
		err = s.explain(err, time.Since(start))
		s.log.Error("request failed", append(attrs, "error", err)...)
		answer = failure(method, err)
	} else {
		s.log.Info("request", attrs...)
	}
	w.Header().Set("Content-Type", contentType)
	_ = json.NewEncoder(w).Encode(answer) // Docker is gone if it fails, and repeats the request
}

// failure returns the answer with an error. The two drivers spell it differently.
func failure(method string, err error) any {
	text := "calico: " + err.Error()
	if strings.HasPrefix(method, "IpamDriver.") {
		return map[string]string{"Error": text}
	}
	return map[string]string{"Err": text}
}
