package etcd_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/calicoctl/calicoctl/internal/etcd"
	"github.com/calicoctl/calicoctl/pkg/fault"
)

func TestConfigHidesSecrets(t *testing.T) {
	t.Parallel()
	const secret = "hunter2"
	cfg := etcd.Config{
		Endpoints: []string{"http://127.0.0.1:2379"}, Username: "bob",
		Password: secret, Key: secret, KeyFile: "f",
	}
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x"} {
		for _, value := range []any{cfg, &cfg, []etcd.Config{cfg}, etcd.Sources{Flags: cfg}, &etcd.Sources{Flags: cfg}} {
			text := fmt.Sprintf(verb, value)
			if strings.Contains(text, secret) || strings.Contains(text, fmt.Sprintf("%x", secret)) {
				t.Errorf("%s of %T shows the secret: %s", verb, value, text)
			}
		}
	}
	if got, want := cfg.String(), `endpoints http://127.0.0.1:2379, user "bob"`; got != want {
		t.Errorf("%s, want %s", got, want)
	}
}

// People put the password into the URL, which is refused and must not be shown.
func TestPasswordInEndpoint(t *testing.T) {
	t.Parallel()
	const secret = "hunter2"
	for _, endpoint := range []string{
		"http://bob:" + secret + "@127.0.0.1:2379", "https://bob:" + secret + "@127.0.0.1", "bob:" + secret + "@127.0.0.1:2379",
		"http://bob:" + secret + "@127.0.0.1:port", "http://bob:" + secret + "@[::1", "http://bob:" + secret + "@%zz:1",
	} {
		cfg := etcd.Config{Endpoints: []string{"http://127.0.0.1:2379", endpoint}}
		err := readOnce(t.Context(), cfg)
		wantError(t, err, fault.ErrConfig, "an etcd endpoint holds a user name; use ETCD_USERNAME and ETCD_PASSWORD")
		if text := fmt.Sprintf("%v%+v%#v%v", err, err, err, cfg); strings.Contains(text, secret) {
			t.Errorf("the password is in %s", text)
		}
	}
	file := configFile(t, "spec:\n  etcdEndpoints: http://127.0.0.1:1\n")
	_, warnings, err := etcd.LoadConfig(t.Context(), etcd.Sources{File: file, LookupEnv: environment(map[string]string{
		"ETCD_ENDPOINTS": "http://bob:" + secret + "@127.0.0.1:2379",
	})})
	if err == nil && strings.Contains(strings.Join(warnings, ""), secret) {
		t.Errorf("the password is in %q", warnings)
	}
}
