package resolve

import (
	"log/slog"
	"net/http"
	"time"
)

// LogTo lets the engine log each request; nil is no log. Call it before
// Networks. The address is logged without a user name and password.
func (e *Engine) LogTo(log *slog.Logger) { e.log = log }

func (e *Engine) logRequest(request *http.Request, answer *http.Response, err error, took time.Duration) {
	switch {
	case e.log == nil:
	case err != nil:
		e.log.Debug("Docker request", "host", e.target.address.String(), "path", request.URL.Path, "took", took, "error", plainText(err))
	default:
		e.log.Debug("Docker request", "host", e.target.address.String(), "path", request.URL.Path, "took", took, "status", answer.StatusCode)
	}
}
