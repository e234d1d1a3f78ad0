package resolve

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"net/url"
	"os"
	"strings"
	"time"

	"github.com/docker/docker/client"
)

// answerLimit bounds the whole conversation with an engine, both requests. An
// engine answers in milliseconds; one that waits for a network plugin which is
// gone accepts the connection and says nothing for minutes.
const answerLimit = 2 * time.Second

// Engine is a Docker engine to ask. Make one with [FromEnvironment]. It may be
// used by several goroutines.
type Engine struct {
	host   string   // as in DOCKER_HOST, for messages
	socket string   // path of its unix socket, empty if it has none
	base   *url.URL // of every request
	http   *http.Client
	limit  time.Duration // of a whole conversation
	log    *slog.Logger  // nil is none

	version string // of the API: the one wanted, or the newest known here
	pinned  bool   // version is wanted whatever the engine offers
}

// FromEnvironment returns the engine that the environment names, as Docker's own
// client reads it: DOCKER_HOST, DOCKER_CERT_PATH, DOCKER_TLS_VERIFY and
// DOCKER_API_VERSION; without them, the one on this host. Nothing is dialled.
//
// If one of the variables cannot be used, the error is an [*EngineError].
func FromEnvironment() (*Engine, error) {
	host := os.Getenv(client.EnvOverrideHost)
	if host == "" {
		host = client.DefaultDockerHost
	}
	// The host is set again because FromEnv, if it is given certificates but no
	// host, forgets how to dial the default socket.
	e, err := newEngine(host, client.FromEnv, client.WithHost(host))
	if err != nil {
		return nil, err
	}
	if strings.TrimPrefix(os.Getenv(client.EnvOverrideAPIVersion), "v") == "" {
		return e, nil
	}
	if !isVersion(e.version) {
		return nil, &EngineError{Host: e.host, Err: errors.New("DOCKER_API_VERSION has to be a version such as 1.41")}
	}
	e.pinned = true
	return e, nil
}

// newEngine returns the engine at a host. The options have to make a client for
// that same host.
//
// Docker's client sets up the connection and does not use it: its calls hide why
// a dial failed, read answers of any size, and go on to the next request after a
// ping that was not answered.
func newEngine(host string, options ...client.Opt) (*Engine, error) {
	e := &Engine{host: withoutUser(host), limit: answerLimit}
	parsed, err := parseHost(host)
	if err != nil {
		return nil, &EngineError{Host: e.host, Err: err}
	}
	if parsed.Scheme == "unix" {
		e.socket = parsed.Host
	}
	docker, err := client.NewClientWithOpts(append(options, e.takeHTTPClient)...)
	if err != nil {
		return nil, &EngineError{Host: e.host, Err: err}
	}
	e.version = docker.ClientVersion()
	transport, ok := e.http.Transport.(*http.Transport)
	if !ok {
		return nil, &EngineError{Host: e.host, Err: errors.New("the connection cannot be set up")}
	}
	// A request on a connection that was used before is repeated by the
	// transport if the engine hangs up on it, and two requests are the limit.
	transport.DisableKeepAlives = true
	e.base = baseURL(parsed, transport.TLSClientConfig != nil)
	return e, nil
}

// takeHTTPClient is a client option, as only options see the HTTP client before
// it is wrapped for tracing.
func (e *Engine) takeHTTPClient(docker *client.Client) error {
	e.http = docker.HTTPClient()
	return nil
}

// Networks asks the engine for all its networks. It makes at most two requests
// and returns within two seconds, or when ctx ends.
//
// errors.Is(err, [ErrNoEngine]) tells that the engine's unix socket does not
// exist. If ctx ended, the error wraps ctx.Err(). Any other error is an
// [*EngineError]: permission denied, connection refused, no answer in time, or
// an answer that is not a list of Docker networks. The list is nil with an
// error, which is a list without networks.
func (e *Engine) Networks(ctx context.Context) (*Networks, error) {
	asking, stop := context.WithTimeout(ctx, e.limit)
	defer stop()
	// A dial goes on after the request that wanted it was given up.
	defer e.http.CloseIdleConnections()
	list, err := e.list(asking)
	if err != nil {
		return nil, e.explain(ctx, asking, err)
	}
	return NewNetworks(list), nil
}

// Close leaves no connection and no goroutine behind, once no call of Networks
// is under way. It does not fail.
func (e *Engine) Close() error {
	e.http.CloseIdleConnections()
	return nil
}
