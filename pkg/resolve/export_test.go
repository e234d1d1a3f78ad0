package resolve

import (
	"context"
	"net"
	"net/http"
	"net/url"
	"time"
)

// NewEngine returns the engine at an address without the environment.
func NewEngine(host string) (*Engine, error) {
	addr, err := parseAddress(host, false)
	if err != nil {
		return nil, &EngineError{Err: err}
	}
	return newEngine(target{address: addr})
}

// SetLimit makes an engine less patient than it is.
func SetLimit(e *Engine, limit time.Duration) { e.limit = limit }

// SetDial replaces how an engine is connected to.
func SetDial(e *Engine, dial func(ctx context.Context, network, address string) (net.Conn, error)) {
	e.transport.base.DialContext = dial
}

// SetProxy replaces the proxy of the environment, which is read only once in a
// process.
func SetProxy(e *Engine, proxy func(*http.Request) (*url.URL, error)) { e.transport.base.Proxy = proxy }

// Address returns where an engine is connected to.
func Address(e *Engine) string { return e.target.address.String() }
