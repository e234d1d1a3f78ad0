package resolve

import (
	"context"
	"log/slog"
	"net/http"
	"sync"
	"time"

	"github.com/docker/docker/api/types/network"
	"github.com/docker/docker/client"
)

// answerLimit bounds each call of an engine, with all its requests. An engine
// answers in milliseconds; one that waits for a network plugin which is gone
// accepts the connection and says nothing for minutes.
const answerLimit = 2 * time.Second

// Engine is a Docker engine to ask. Make one with [FromEnvironment]. It may be
// used by several goroutines.
type Engine struct {
	target    target
	docker    *client.Client
	transport *transport
	limit     time.Duration // of a call
	log       *slog.Logger  // nil is none

	mu         sync.Mutex
	negotiated bool // the version of the API
}

// newEngine returns the engine at a target. The error is an [*EngineError].
func newEngine(t target) (*Engine, error) {
	e := &Engine{target: t, limit: answerLimit, negotiated: t.version != ""}
	if err := e.setUp(); err != nil {
		return nil, e.failure(&reason{text: err.Error(), cause: err})
	}
	return e, nil
}

func (e *Engine) setUp() error {
	var err error
	if e.transport, err = newTransport(e.target); err != nil {
		return err
	}
	e.transport.log = e.logRequest
	e.docker, err = client.NewClientWithOpts(
		client.WithHost(e.target.address.String()),
		client.WithHTTPClient(&http.Client{Transport: e.transport, CheckRedirect: client.CheckRedirect}),
		client.WithScheme(e.transport.scheme()),
		client.WithVersion(e.target.version),
	)
	return err
}

// Warnings returns what the user should know of how the engine is asked.
func (e *Engine) Warnings() []string { return e.target.warnings }

// Networks asks the engine for all its networks. It makes at most two requests
// and returns within two seconds, or when ctx ends.
//
// errors.Is(err, [ErrNoEngine]) tells that the engine's unix socket does not
// exist. If ctx ended, the error wraps ctx.Err(). Any other error is an
// [*EngineError]: permission denied, connection refused, no answer in time, or
// an answer that is not a list of Docker networks. The list is nil with an
// error, which is a list without networks.
func (e *Engine) Networks(ctx context.Context) (*Networks, error) {
	var list []Network
	err := e.call(ctx, func(ctx context.Context) error {
		answer, err := e.docker.NetworkList(ctx, network.ListOptions{})
		if err != nil {
			return malformed("the answer is not a list of Docker networks", err)
		}
		list, err = networksOf(answer)
		return err
	})
	if err != nil {
		return nil, err
	}
	return NewNetworks(list), nil
}

// networksOf checks that an answer is a list of networks.
func networksOf(answer []network.Summary) ([]Network, error) {
	list := make([]Network, 0, len(answer))
	for _, n := range answer {
		if n.ID == "" || n.Name == "" {
			answer = nil
			break
		}
		network := Network{ID: n.ID, Name: n.Name, Driver: n.Driver}
		if network.IsCalico() { // to other drivers the option means something else
			network.Profile = n.Options[profileOption]
		}
		list = append(list, network)
	}
	if answer == nil {
		return nil, &reason{text: "the answer is not a list of Docker networks"}
	}
	return list, nil
}

// call makes requests, the first of which negotiates the version of the API, and
// explains what went wrong.
func (e *Engine) call(ctx context.Context, requests func(context.Context) error) error {
	limited, stop := context.WithTimeout(ctx, e.limit)
	defer stop()
	// A dial goes on after the request that wanted it was given up.
	defer e.transport.base.CloseIdleConnections()
	err := e.negotiate(limited)
	if err == nil {
		err = requests(limited)
	}
	if err != nil {
		return e.explain(ctx, limited, err)
	}
	return nil
}

// negotiate chooses the newest version of the API that both sides know, once. Old
// engines refuse a newer one, new engines refuse one that is too old.
//
// Docker's client can do that itself, but then goes on to the next request after
// a ping that was not answered.
func (e *Engine) negotiate(ctx context.Context) error {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.negotiated {
		return nil
	}
	ping, err := e.docker.Ping(ctx)
	switch {
	case ping.APIVersion != "" && !isVersion(ping.APIVersion):
		return &reason{text: "the answer is not from a Docker engine"}
	case err != nil && ping.APIVersion == "": // else the engine is only unwell
		return err
	}
	e.docker.NegotiateAPIVersionPing(ping)
	e.negotiated = true
	return nil
}

// Close ends all connections and goroutines, once no call is under way.
// It does not fail.
func (e *Engine) Close() error {
	e.transport.base.CloseIdleConnections()
	return nil
}
