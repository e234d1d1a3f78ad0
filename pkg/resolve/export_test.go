package resolve

import (
	"io"
	"time"

	"github.com/docker/docker/client"
)

// NewEngine makes an engine without the environment, so that tests can run side
// by side.
func NewEngine(host string, options ...client.Opt) (*Engine, error) {
	return newEngine(host, append([]client.Opt{client.WithHost(host)}, options...)...)
}

// SetLimit makes an engine less patient than it is.
func SetLimit(e *Engine, limit time.Duration) { e.limit = limit }

// ReadNetworks reads the body of an answer.
func ReadNetworks(body io.Reader) ([]Network, error) { return readNetworks(body) }
