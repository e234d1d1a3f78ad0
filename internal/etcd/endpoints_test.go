package etcd_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"strconv"
	"strings"
	"testing"

	"github.com/calicoctl/calicoctl/internal/etcd"
	"github.com/calicoctl/calicoctl/internal/testkit/embedetcd"
	"github.com/calicoctl/calicoctl/pkg/fault"
)

func TestEndpoints(t *testing.T) {
	t.Parallel()
	const noURL = "the etcd endpoint is not a URL such as http://127.0.0.1:2379 (it is not shown, because it may hold a password)"
	for _, test := range []struct{ endpoints, text string }{
		{"127.0.0.1:2379", `"127.0.0.1:2379" is not an etcd endpoint such as http://127.0.0.1:2379; http:// or https:// is missing`},
		{"etcd:2379", `"etcd:2379" is not an etcd endpoint such as http://127.0.0.1:2379; http:// or https:// is missing`},
		{"etcd", noURL},
		{"ftp://a:1", `"ftp://a:1" is not an etcd endpoint such as http://127.0.0.1:2379`},
		{"unix:///run/etcd.sock", `"unix:///run/etcd.sock" is not an etcd endpoint such as http://127.0.0.1:2379`},
		{"http://", `"http://" is not an etcd endpoint such as http://127.0.0.1:2379`},
		{"http://:2379", `"http://:2379" is not an etcd endpoint such as http://127.0.0.1:2379`},
		{"http://a:1/v2/keys", `the etcd endpoint "http://a:1" goes on after the host and the port, with a path, a query or a fragment; leave that out`},
		{"http://a:1?x=1", `the etcd endpoint "http://a:1" goes on after the host and the port, with a path, a query or a fragment; leave that out`},
		{"http://a:1#x", `the etcd endpoint "http://a:1" goes on after the host and the port, with a path, a query or a fragment; leave that out`},
		{"http://a:1?", `the etcd endpoint "http://a:1" goes on after the host and the port, with a path, a query or a fragment; leave that out`},
		{"http://a:b", noURL},
		{"http://a:65536", `"http://a:65536" is not an etcd endpoint such as http://127.0.0.1:2379`},
		{"http://a:0", `"http://a:0" is not an etcd endpoint such as http://127.0.0.1:2379`},
		{"http://a b:1", noURL + "; endpoints are separated by commas"},
		{"http://a:1;http://b:1", noURL + "; endpoints are separated by commas"},
		{"\"http://a:1\"", noURL + "; there are quotes in it"},
		{"http://[::1%lo]:1", noURL + "; the % before a zone is written as %25"},
		{"http://::1:1", noURL + "; an IPv6 address stands in square brackets"},
		{"http://a\x1b:1", noURL},
		{"http://a", `the etcd endpoint "http://a" has no port; 2379 is usual`},
		{"https://a/", `the etcd endpoint "https://a" has no port; 2379 is usual`},
		{"http://[::1]", `the etcd endpoint "http://[::1]" has no port; 2379 is usual`},
		{"http://u@a:1", "an etcd endpoint holds a user name; use ETCD_USERNAME and ETCD_PASSWORD"},
		{"http://a:1 https://b:2", "the etcd endpoints mix http and https: http://a:1,https://b:2"},
		{"http://a:1 nonsense", "etcd endpoint 2 of 2 is not a URL such as http://127.0.0.1:2379 (it is not shown, because it may hold a password)"},
		{"http://u:hunter2%40a:1", "an etcd endpoint holds a user name; use ETCD_USERNAME and ETCD_PASSWORD"},
		{"http://a:1/?password=hunter2", `the etcd endpoint "http://a:1" goes on after the host and the port, with a path, a query or a fragment; leave that out`},
		{"user:hunter2", noURL},
		{"hunter2:22/x", noURL},
		{"//user:hunter2", noURL},
	} {
		t.Run(test.endpoints, func(t *testing.T) {
			t.Parallel()
			err := readOnce(soon(t), etcd.Config{Endpoints: splitEndpoints(test.endpoints)})
			wantError(t, err, fault.ErrConfig, test.text)
		})
	}
	// A slash at the end is how people copy them.
	endpoint := start(t, embedetcd.Options{})
	must(t, readOnce(soon(t), etcd.Config{Endpoints: []string{endpoint + "/"}}))
	conn, err := etcd.Dial(soon(t), etcd.Config{})
	must(t, err)
	defer conn.Close()
	if got := conn.Endpoints(); len(got) != 1 || got[0] != etcd.DefaultEndpoint {
		t.Errorf("by default %q", got)
	}
}

// splitEndpoints separates where another endpoint begins, so that a blank may
// stand in one.
func splitEndpoints(text string) []string {
	first, second, found := strings.Cut(text, "1 ")
	if !found {
		return []string{text}
	}
	return []string{first + "1", second}
}

// An address of a link needs its zone, which a URL escapes.
func TestEndpointWithZone(t *testing.T) {
	t.Parallel()
	listener, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "[::1%lo]:0")
	if err != nil {
		t.Skip("no address with a zone here: ", err)
	}
	defer listener.Close()
	go forward(t.Context(), listener, strings.TrimPrefix(start(t, embedetcd.Options{}), "http://"))
	_, port, err := net.SplitHostPort(listener.Addr().String())
	must(t, err)
	endpoint := "http://[::1%25lo]:" + port
	must(t, readOnce(soon(t), etcd.Config{Endpoints: []string{endpoint}}))

	listener.Close()
	err = readOnce(soon(t), etcd.Config{Endpoints: []string{endpoint}})
	if !errors.Is(err, fault.ErrUnreachable) || !strings.HasPrefix(err.Error(), "etcd at "+endpoint+": connection refused") {
		t.Errorf("closed: %v", err)
	}
	err = readOnce(soon(t), etcd.Config{Endpoints: []string{"http://[fe80::1%25nosuch]:2379"}})
	if !errors.Is(err, fault.ErrUnreachable) || !strings.Contains(err.Error(), "nosuch") || strings.Contains(err.Error(), "no answer") {
		t.Errorf("of no interface: %v", err)
	}
}

// forward hands what comes on to an address.
func forward(ctx context.Context, listener net.Listener, address string) {
	for {
		in, err := listener.Accept()
		if err != nil {
			return
		}
		out, err := (&net.Dialer{}).DialContext(ctx, "tcp", address)
		if err != nil {
			_ = in.Close()
			continue
		}
		go func() { _, _ = io.Copy(out, in); _ = out.Close() }()
		go func() { _, _ = io.Copy(in, out); _ = in.Close() }()
	}
}

func TestDiscoveryDomain(t *testing.T) {
	t.Parallel()
	for _, domain := range []string{
		"user:hunter2@example.com", "user:hunter2%40example.com", "https://example.com/?token=hunter2", "hunter2/", "hunter2 ", ".", "\x1bhunter2", "hünter2",
	} {
		cfg := etcd.Config{DiscoverySRV: domain}
		err := readOnce(soon(t), cfg)
		wantError(t, err, fault.ErrConfig, "what ETCD_DISCOVERY_SRV says is not the name of a DNS domain such as example.com "+
			"(it is not shown, because it may hold a password)")
		var log strings.Builder
		flags := etcd.Config{Endpoints: []string{"http://a:1"}, Log: slog.New(slog.NewTextHandler(&log, nil))}
		_, warnings, err := etcd.LoadConfig(t.Context(), etcd.Sources{Flags: flags, File: configFile(t, "spec: {etcdDiscoverySrv: "+strconv.Quote(domain)+"}")})
		must(t, err)
		cfg.Log = flags.Log
		_, _, err = etcd.LoadConfig(t.Context(), etcd.Sources{Flags: cfg, File: configFile(t, "")})
		must(t, err)
		if said := fmt.Sprint(warnings, log.String()); strings.Contains(said, "nter2") || !strings.Contains(said, "(not shown)") {
			t.Errorf("%q: %s", domain, said)
		}
	}
}
