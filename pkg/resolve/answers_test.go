package resolve_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// What an engine refuses is an EngineError that says why.
func TestRefusals(t *testing.T) {
	t.Parallel()
	notFound := func(w http.ResponseWriter, _ *http.Request) { http.Error(w, "page not found", http.StatusNotFound) }
	elsewhere := func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, "/v1.41/networks", http.StatusFound) }
	const notNetworks = "the answer is not a list of Docker networks"
	checkWrong(t, map[string]wrongAnswer{
		"error":         {&fakeEngine{networks: status(500, "no\n\x1b[31mmemory")}, `it answers: no \x1b[31mmemory`},
		"error as text": {&fakeEngine{networks: notFound}, "it answers: page not found"},
		"redirect":      {&fakeEngine{networks: elsewhere}, notNetworks},
		"no content":    {&fakeEngine{networks: status(204, "")}, notNetworks},
		"ping":          {&fakeEngine{ping: status(403, "not you")}, "it answers: not you"},
		"too new for us": {
			&fakeEngine{max: "2.9", min: "1.60"},
			"it answers: client version 1.51 is too old. Minimum supported API version is 1.60",
		},
	})
}

func TestRefusalWithoutText(t *testing.T) {
	t.Parallel()
	_, err := engineAt(t, (&fakeEngine{networks: status(503, "")}).start(t)).Networks(t.Context())
	if want := ": it answers: request returned 503 Service Unavailable "; err == nil || !strings.Contains(err.Error(), want) {
		t.Errorf("got  %v\nwant %s", err, want)
	}
}

// Engines before 19.03 know no HEAD of the ping.
func TestNoHead(t *testing.T) {
	t.Parallel()
	engine := &fakeEngine{max: "1.39", ping: func(w http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodHead {
			w.WriteHeader(http.StatusNotFound)
			return
		}
		w.Header().Set("Api-Version", "1.39")
	}}
	if _, err := engineAt(t, engine.start(t)).Networks(t.Context()); err != nil {
		t.Error(err)
	}
	if diff := cmp.Diff([]string{"HEAD /_ping", "GET /_ping", "GET /v1.39/networks"}, engine.asked()); diff != "" {
		t.Errorf("requests (-want +got)\n%s", diff)
	}
}

// What is not Docker's answer is an EngineError as well, and never a list.
func TestNotDocker(t *testing.T) {
	t.Parallel()
	const notDocker = "the answer is not from a Docker engine"
	wrong := map[string]wrongAnswer{
		"ping of no engine":   {&fakeEngine{ping: version("../../x")}, notDocker},
		"ping of no version":  {&fakeEngine{ping: version("1.")}, notDocker},
		"ping of words":       {&fakeEngine{ping: version("one.two")}, notDocker},
		"ping of many digits": {&fakeEngine{ping: version("1." + strings.Repeat("9", 30))}, notDocker},
	}
	for _, body := range []string{
		"", "null", "<html>hello</html>", `{"Name":"web"}`, `"["`, `["web"]`, "[null]", "[{}]", "[[]]",
		`[{"Name":"web"}]`, `[{"Id":"web"}]`, `[{"Id":1,"Name":"web"}]`, `[{"Id":"a","Name":null}]`,
		`[{"Id":"a","Name":"b"},]`, `[{"Id":"a","Name":"b"} {"Id":"c","Name":"d"}]`,
	} {
		wrong["list "+body] = wrongAnswer{&fakeEngine{networks: say(body)}, "the answer is not a list of Docker networks"}
	}
	checkWrong(t, wrong)
}

func TestBrokenConnections(t *testing.T) {
	t.Parallel()
	const (
		closed = "the connection was closed without an answer"
		broken = "the answer broke off"
	)
	abort := func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }
	cut := func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Length", "1000000")
		fmt.Fprint(w, twoNetworks[:200])
	}
	checkWrong(t, map[string]wrongAnswer{
		"half a list":   {&fakeEngine{networks: say(twoNetworks[:200])}, broken},
		"half a body":   {&fakeEngine{networks: cut}, broken},
		"no list":       {&fakeEngine{networks: abort}, closed},
		"not even ping": {&fakeEngine{ping: abort}, closed},
		// Here the connection of the ping could be used again, and the second
		// request repeated on a third.
		"no list after a short ping": {&fakeEngine{ping: version("1.41"), networks: abort}, closed},
	})
}

type wrongAnswer struct {
	engine *fakeEngine
	want   string
}

// checkWrong checks each answer's error, and that at most two requests are made
// for it.
func checkWrong(t *testing.T, answers map[string]wrongAnswer) {
	t.Helper()
	for name, test := range answers {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			host := test.engine.start(t)
			networks, err := engineAt(t, host).Networks(t.Context())
			checkEngineError(t, err, host, test.want)
			if networks != nil {
				t.Errorf("got networks with an error: %v", networks.All())
			}
			if asked := test.engine.asked(); len(asked) > 2 {
				t.Errorf("%d requests: %q", len(asked), asked)
			}
		})
	}
}
