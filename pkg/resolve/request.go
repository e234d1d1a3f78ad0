package resolve

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"

	"github.com/docker/docker/api/types/versions"
)

const (
	// unnegotiated is the API version of engines that do not tell theirs, as
	// Docker's own client assumes it.
	unnegotiated = "1.24"
	// longestRefusal is how much is read of an answer that says why not.
	longestRefusal = 4 << 10
)

// list makes the two requests: which version of the API, and which networks.
func (e *Engine) list(ctx context.Context) ([]Network, error) {
	version, err := e.negotiate(ctx)
	if err != nil {
		return nil, err
	}
	answer, err := e.get(ctx, "v"+version, "networks")
	if err != nil {
		return nil, err
	}
	defer answer.Body.Close()
	if answer.StatusCode != http.StatusOK {
		return nil, refusal(answer)
	}
	return readNetworks(answer.Body)
}

// negotiate returns the version of the API to use: the newest that both sides
// know. Old engines refuse a newer one, new engines refuse one that is too old.
func (e *Engine) negotiate(ctx context.Context) (string, error) {
	if e.pinned {
		return e.version, nil
	}
	answer, err := e.get(ctx, "_ping")
	if err != nil {
		return "", err
	}
	defer answer.Body.Close()
	offered := answer.Header.Get("Api-Version")
	switch {
	case offered == "" && answer.StatusCode != http.StatusOK:
		return "", refusal(answer)
	case offered == "":
		return unnegotiated, nil
	case !isVersion(offered):
		return "", &reason{words: "the answer is not from a Docker engine"}
	case versions.LessThan(offered, e.version):
		return offered, nil
	}
	return e.version, nil
}

// get sends one request. The caller closes the body of the answer.
func (e *Engine) get(ctx context.Context, path ...string) (*http.Response, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, e.base.JoinPath(path...).String(), nil)
	if err != nil {
		return nil, err
	}
	start := time.Now()
	answer, err := e.http.Do(request)
	e.logRequest(request, answer, err, time.Since(start))
	return answer, err
}

// refusal is the reason that an answer other than 200 gives.
func refusal(answer *http.Response) error {
	// What could be read of the message is better than an error about it.
	text, _ := io.ReadAll(io.LimitReader(answer.Body, longestRefusal))
	var document struct{ Message string }
	said := string(text)
	if json.Unmarshal(text, &document) == nil && document.Message != "" {
		said = document.Message
	}
	if strings.TrimSpace(said) == "" {
		said = http.StatusText(answer.StatusCode)
	}
	return &reason{words: fmt.Sprintf("HTTP %d: %s", answer.StatusCode, said)}
}

// isVersion tells whether a text is a version of the API, as 1.41 is. It
// becomes a part of a path.
func isVersion(text string) bool {
	major, minor, ok := strings.Cut(text, ".")
	return ok && isNumber(major) && isNumber(minor)
}

func isNumber(text string) bool {
	return text != "" && len(text) < 5 && strings.Trim(text, "0123456789") == ""
}
