package resolve

import (
	"fmt"
	"io"
	"net/http"
	"net/url"
	"time"

	"github.com/docker/go-connections/sockets"
)

const (
	// longestAnswer is room for tens of thousands of networks. Something larger is
	// not an engine's list, and is not to fill the memory.
	longestAnswer = 32 << 20
	// longestHeader is far more than an engine sends.
	longestHeader = 64 << 10
)

// A transport carries the requests of Docker's client. It bounds what is read of
// an answer, and takes no answer that turns the connection into something else.
type transport struct {
	base *http.Transport
	log  func(*http.Request, *http.Response, error, time.Duration)
}

// newTransport returns the transport to a target.
func newTransport(t target) (*transport, error) {
	base := &http.Transport{
		MaxResponseHeaderBytes: longestHeader,
		// A request on a connection that was used before is repeated by the
		// transport if the engine hangs up on it, and two requests are the limit.
		DisableKeepAlives: true,
	}
	if err := sockets.ConfigureTransport(base, t.address.scheme, t.address.host); err != nil {
		return nil, err
	}
	// Engines speak plain HTTP on a socket, even if there are certificates.
	if t.tls != nil && !t.address.isSocket() {
		var err error
		if base.TLSClientConfig, err = t.tls.config(); err != nil {
			return nil, err
		}
	}
	return &transport{base: base}, nil
}

// scheme is that of the URL of each request.
func (t *transport) scheme() string {
	if t.base.TLSClientConfig != nil {
		return "https"
	}
	return "http"
}

// RoundTrip sends one request. The error is a *requestError.
func (t *transport) RoundTrip(request *http.Request) (*http.Response, error) {
	if _, err := t.proxy(request); err != nil {
		return nil, &requestError{cause: err}
	}
	start := time.Now()
	answer, err := t.base.RoundTrip(request)
	if t.log != nil {
		t.log(request, answer, err, time.Since(start))
	}
	if err != nil {
		return nil, &requestError{cause: err}
	}
	if answer.StatusCode == http.StatusSwitchingProtocols {
		// The context does not end the reading of what follows.
		answer.Body.Close()
		err := &reason{text: "the answer is not from a Docker engine: 101 Switching Protocols"}
		return nil, &requestError{cause: err}
	}
	answer.Body = &boundedBody{body: answer.Body, left: longestAnswer}
	return answer, nil
}

// proxy returns the proxy that a request goes through, without user info; empty
// for none.
func (t *transport) proxy(request *http.Request) (string, error) {
	if t.base.Proxy == nil {
		return "", nil
	}
	proxy, err := t.base.Proxy(request)
	if err != nil { // it repeats the URL, password and all
		return "", &reason{text: "the proxy in HTTP_PROXY or HTTPS_PROXY has to be http://HOST:PORT"}
	}
	if proxy == nil {
		return "", nil
	}
	return (&url.URL{Scheme: proxy.Scheme, Host: proxy.Host}).String(), nil
}

// A boundedBody is an answer of which no more than a number of bytes is read.
type boundedBody struct {
	body io.ReadCloser
	left int64
}

// Read fails with a *requestError.
func (b *boundedBody) Read(p []byte) (int, error) {
	if b.left <= 0 {
		return 0, &requestError{cause: &reason{text: fmt.Sprintf("the answer is longer than %d MiB", longestAnswer>>20)}}
	}
	n, err := b.body.Read(p[:min(int64(len(p)), b.left)])
	b.left -= int64(n)
	if err != nil && err != io.EOF {
		err = &requestError{cause: err}
	}
	return n, err
}

func (b *boundedBody) Close() error { return b.body.Close() }

// A requestError is what went wrong with a request. Docker's client drops the
// causes of some errors that it knows by their type or text, so this one has
// neither; the cause is found with errors.As.
type requestError struct{ cause error }

func (e *requestError) Error() string { return "the request failed" }
func (e *requestError) Unwrap() error { return e.cause }
