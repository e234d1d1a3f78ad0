//go:build linux

package plugin

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"
)

// TestServer sends requests as Docker does, and malformed ones.
func TestServer(t *testing.T) {
	t.Parallel()
	s := server{
		log:     slog.New(slog.DiscardHandler),
		explain: func(err error, _ time.Duration) error { return err },
		handlers: map[string]handler{
			"NetworkDriver.Join": handle(time.Minute, func(_ context.Context, in joinRequest, _ *note) (any, error) {
				return nil, errors.New("no " + in.EndpointID)
			}),
			"IpamDriver.RequestPool": handle(time.Minute, func(context.Context, poolRequest, *note) (any, error) {
				return nil, errors.New("no")
			}),
			"IpamDriver.GetCapabilities": handle(time.Minute, ipamDriver{}.capabilities),
			"NetworkDriver.Leave": handle(time.Millisecond, func(ctx context.Context, _ endpointRequest, _ *note) (any, error) {
				<-ctx.Done() // as when etcd hangs
				return nil, ctx.Err()
			}),
		},
	}
	for _, test := range []struct {
		method, body string
		code         int
		want         string
	}{
		{"NetworkDriver.Join", `{"EndpointID":"e1"}`, 200, `{"Err":"calico: no e1"}`},
		{"NetworkDriver.Join", `{`, 200, `{"Err":"calico: the request cannot be read: `},
		{"NetworkDriver.Join", ` `, 200, `{"Err":"calico: the driver ended during this request, and Docker has repeated it without its content; try again"}`},
		{"NetworkDriver.Leave", `{}`, 200, `{"Err":"calico: context deadline exceeded"}`},
		{"IpamDriver.RequestPool", `{}`, 200, `{"Error":"calico: no"}`},
		{"IpamDriver.RequestPool", ``, 200, `repeated it without its content`},
		{"IpamDriver.GetCapabilities", ``, 200, `{"RequiresMACAddress":true,"RequiresRequestReplay":false}`},
		{"NetworkDriver.ProgramExternalConnectivity", `{}`, 404, ""},
	} {
		answer := httptest.NewRecorder()
		s.ServeHTTP(answer, httptest.NewRequest(http.MethodPost, "/"+test.method, strings.NewReader(test.body)))
		if answer.Code != test.code || !strings.Contains(answer.Body.String(), test.want) {
			t.Errorf("%s %s: %d %s", test.method, test.body, answer.Code, answer.Body)
		}
	}
}

func TestState(t *testing.T) {
	t.Parallel()
	path := t.TempDir() + "/networks.json"
	s, err := OpenState(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := s.SetNetwork("n1", &Network{Profile: "web"}); err != nil {
		t.Fatal(err)
	}
	again, err := OpenState(path)
	if err != nil {
		t.Fatal(err)
	}
	if n, known := again.Network("n1"); !known || n.Profile != "web" {
		t.Errorf("%v, %v", n, known)
	}
	if err := again.SetNetwork("n1", nil); err != nil || len(again.Networks()) != 0 {
		t.Errorf("%v, %v", err, again.Networks())
	}
	if err := writeFile(path, []byte("x")); err != nil {
		t.Fatal(err)
	}
	if _, err := OpenState(path); err == nil || !strings.Contains(err.Error(), path) {
		t.Errorf("got %v", err)
	}
	lost, err := OpenState(t.TempDir() + "/gone/networks.json")
	if err != nil {
		t.Fatal(err)
	}
	if err := lost.SetNetwork("n1", &Network{}); err == nil || len(lost.Networks()) != 0 {
		t.Errorf("what could not be written is remembered: %v, %v", err, lost.Networks())
	}
}
