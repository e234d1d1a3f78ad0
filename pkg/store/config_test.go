package store_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/calicoctl/calicoctl/internal/etcd"
	"github.com/calicoctl/calicoctl/pkg/fault"
	"github.com/calicoctl/calicoctl/pkg/store"
)

func environment(values map[string]string) func(string) string {
	return func(name string) string { return values[name] }
}

// configFile writes a file of the right kind.
func configFile(t *testing.T, rest string) string {
	t.Helper()
	return anyFile(t, "apiVersion: projectcalico.org/v3\nkind: CalicoAPIConfig\nmetadata:\n"+rest)
}

func anyFile(t *testing.T, content string) string {
	t.Helper()
	name := filepath.Join(t.TempDir(), "calicoctl.cfg")
	must(t, os.WriteFile(name, []byte(content), 0o600))
	return name
}

type values = map[string]string

const fullFile = `spec:
  datastoreType: etcdv3
  etcdEndpoints: "https://file:1, https://file:2"
  etcdUsername: file-user
  etcdPassword: file-secret
  etcdKeyFile: /file/key
  etcdCertFile: /file/cert
  etcdCACertFile: /file/ca
`

var fullConfig = etcd.Config{
	Endpoints: []string{"https://file:1", "https://file:2"}, Username: "file-user", Password: "file-secret",
	KeyFile: "/file/key", CertFile: "/file/cert", CAFile: "/file/ca",
}

// with returns a copy of c, changed.
func with(c etcd.Config, change func(*etcd.Config)) etcd.Config {
	change(&c)
	return c
}

func TestLoadConfig(t *testing.T) {
	t.Parallel()
	flags := etcd.Config{
		Endpoints: []string{"http://flag:1"}, Username: "flag-user", Password: "flag-secret",
		KeyFile: "/flag/key", CertFile: "/flag/cert", CAFile: "/flag/ca",
	}
	env := values{
		"ETCD_ENDPOINTS": "http://env:1,http://env:2", "ETCD_USERNAME": "env-user", "ETCD_PASSWORD": "env-secret",
		"ETCD_KEY_FILE": "/env/key", "ETCD_CERT_FILE": "/env/cert", "ETCD_CA_CERT_FILE": "/env/ca",
	}
	calico := values{}
	for name, value := range env {
		calico[name] = value
		calico["CALICO_"+name] = strings.ReplaceAll(value, "env", "calico")
	}
	fromEnv := etcd.Config{
		Endpoints: []string{"http://env:1", "http://env:2"}, Username: "env-user", Password: "env-secret",
		KeyFile: "/env/key", CertFile: "/env/cert", CAFile: "/env/ca",
	}
	fromCalico := etcd.Config{
		Endpoints: []string{"http://calico:1", "http://calico:2"}, Username: "calico-user", Password: "calico-secret",
		KeyFile: "/calico/key", CertFile: "/calico/cert", CAFile: "/calico/ca",
	}
	const otherEndpoints = "FILE names other etcd endpoints (https://file:1,https://file:2) than the environment or the flags (%s), which are used"
	tests := []struct {
		name    string
		flags   etcd.Config
		env     values
		file    string
		want    etcd.Config
		warning string
	}{
		{name: "nothing"},
		{name: "flags", flags: flags, want: flags},
		{name: "environment", env: env, want: fromEnv},
		{name: "CALICO_ wins", env: calico, want: fromCalico},
		{name: "flags win over the environment", flags: flags, env: calico, want: flags},
		{name: "file", file: fullFile, want: fullConfig},
		{
			name: "environment wins over the file", env: env, file: fullFile, want: fromEnv,
			warning: fmt.Sprintf(otherEndpoints, "http://env:1,http://env:2"),
		},
		{
			name: "flags win over all", flags: flags, env: calico, file: fullFile, want: flags,
			warning: fmt.Sprintf(otherEndpoints, "http://flag:1"),
		},
		{
			name: "setting by setting", flags: etcd.Config{Username: "a", Password: "b"}, env: values{"ETCD_KEY_FILE": "k", "ETCD_CERT_FILE": "c"},
			file: fullFile, want: with(fullConfig, func(c *etcd.Config) { c.Username, c.Password, c.KeyFile, c.CertFile = "a", "b", "k", "c" }),
		},

		{name: "authority", env: values{"ETCD_AUTHORITY": "host:4001"}, want: etcd.Config{Endpoints: []string{"http://host:4001"}}},
		{
			name: "authority and scheme", env: values{"ETCD_AUTHORITY": "host:4001", "ETCD_SCHEME": "https"},
			want: etcd.Config{Endpoints: []string{"https://host:4001"}},
		},
		{
			name: "CALICO_ authority", env: values{"ETCD_AUTHORITY": "x:1", "CALICO_ETCD_AUTHORITY": "host:1", "CALICO_ETCD_SCHEME": "https"},
			want: etcd.Config{Endpoints: []string{"https://host:1"}},
		},
		{name: "scheme alone", env: values{"ETCD_SCHEME": "https"}},
		{
			name: "endpoints win over the authority", env: values{"ETCD_ENDPOINTS": "http://a:1", "ETCD_AUTHORITY": "host:4001"},
			want: etcd.Config{Endpoints: []string{"http://a:1"}},
		},
		{name: "flags win over the authority", flags: flags, env: values{"ETCD_AUTHORITY": "host:4001"}, want: flags},
		{
			name: "list with blanks", env: values{"ETCD_ENDPOINTS": " http://a:1 ,, http://b:2, "},
			want: etcd.Config{Endpoints: []string{"http://a:1", "http://b:2"}},
		},

		{name: "discovery", env: values{"ETCD_DISCOVERY_SRV": "example.com"}, want: etcd.Config{DiscoverySRV: "example.com"}},
		{
			name: "discovery in the file", file: "spec: {etcdDiscoverySrv: example.com, etcdUsername: u, etcdPassword: p}",
			want: etcd.Config{DiscoverySRV: "example.com", Username: "u", Password: "p"},
		},
		{
			name: "discovery wins over the file", env: values{"ETCD_DISCOVERY_SRV": "example.com"}, file: fullFile,
			want:    etcd.Config{DiscoverySRV: "example.com", CAFile: "/file/ca"},
			warning: fmt.Sprintf(otherEndpoints, "SRV records of example.com"),
		},
		{
			name: "endpoints win over the file's discovery", env: values{"ETCD_ENDPOINTS": "http://a:1"},
			file: "spec: {etcdDiscoverySrv: example.com, etcdUsername: u, etcdPassword: p}",
			want: etcd.Config{Endpoints: []string{"http://a:1"}},
			warning: "FILE names other etcd endpoints (SRV records of example.com) than the environment or the flags " +
				"(http://a:1), which are used",
		},
		{name: "flags win over discovery", flags: flags, env: values{"ETCD_DISCOVERY_SRV": "example.com"}, want: flags},

		{
			name: "credentials are not sent elsewhere", env: values{"ETCD_ENDPOINTS": "https://other:1"}, file: fullFile,
			want:    etcd.Config{Endpoints: []string{"https://other:1"}, CAFile: "/file/ca"},
			warning: fmt.Sprintf(otherEndpoints, "https://other:1"),
		},
		{
			name: "nor is a password to a user of the same name", env: values{"ETCD_ENDPOINTS": "https://other:1", "ETCD_USERNAME": "file-user"}, file: fullFile,
			want:    etcd.Config{Endpoints: []string{"https://other:1"}, CAFile: "/file/ca", Username: "file-user"},
			warning: fmt.Sprintf(otherEndpoints, "https://other:1"),
		},
		{
			name: "nor when the file has no endpoints", env: values{"ETCD_ENDPOINTS": "https://other:1"},
			file:    "spec: {etcdUsername: u, etcdPassword: p, etcdKey: k, etcdCert: c, etcdCACert: a}",
			want:    etcd.Config{Endpoints: []string{"https://other:1"}, CA: "a"},
			warning: "the user, password, key and certificate of FILE are not used, because the etcd endpoints come from elsewhere",
		},
		{
			name: "a file without credentials is not spoken of", env: values{"ETCD_ENDPOINTS": "https://other:1"}, file: "spec: {etcdCACert: a}",
			want: etcd.Config{Endpoints: []string{"https://other:1"}, CA: "a"},
		},
		{
			name: "the same endpoints in another order", env: values{"ETCD_ENDPOINTS": "https://file:2,https://file:1"}, file: fullFile,
			want: with(fullConfig, func(c *etcd.Config) { c.Endpoints = []string{"https://file:2", "https://file:1"} }),
		},
		{name: "the same endpoints are the file's own", env: values{"ETCD_ENDPOINTS": "https://file:1,https://file:2"}, file: fullFile, want: fullConfig},
		{
			name: "the file's password is not for another user", env: values{"ETCD_USERNAME": "bob"}, file: fullFile,
			want: with(fullConfig, func(c *etcd.Config) { c.Username, c.Password = "bob", "" }),
		},
		{
			name: "nor the environment's for another flag", flags: etcd.Config{Username: "bob"}, env: values{"ETCD_USERNAME": "eve", "ETCD_PASSWORD": "x"},
			want: etcd.Config{Username: "bob"},
		},
		{
			name: "a password for the file's user", env: values{"ETCD_PASSWORD": "new"}, file: fullFile,
			want: with(fullConfig, func(c *etcd.Config) { c.Password = "new" }),
		},

		{
			name: "inline", file: "spec:\n  etcdKey: |\n    key\n  etcdCert: cert\n  etcdCACert: ca\n",
			want: etcd.Config{Key: "key\n", Cert: "cert", CA: "ca"},
		},
		{
			name: "a file wins over the inline form", env: values{"ETCD_CA_CERT_FILE": "/env/ca"}, file: "spec: {etcdCACert: ca}",
			want: etcd.Config{CAFile: "/env/ca"},
		},
		{name: "file without etcd", file: "spec: {}\n"},
		{name: "file without spec", file: ""},
		{
			name: "other keys are left alone", file: "spec: {kubeconfig: /x, k8sAPIEndpoint: y, future: [1], etcdEndpoints: 'http://a:1'}",
			want: etcd.Config{Endpoints: []string{"http://a:1"}},
		},

		{name: "datastore type", env: values{"DATASTORE_TYPE": "etcdv3"}},
		{name: "datastore type in another case", env: values{"DATASTORE_TYPE": "ETCDv3"}},
		{name: "environment's type wins over the file's", env: values{"DATASTORE_TYPE": "etcdv3"}, file: "spec: {datastoreType: kubernetes}"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			src := etcd.Sources{Flags: test.flags, Getenv: environment(test.env)}
			src.File = configFile(t, test.file)
			cfg, warnings, err := etcd.LoadConfig(src)
			must(t, err)
			if diff := cmp.Diff(test.want, cfg, cmp.Transformer("fields", fields)); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
			want := strings.ReplaceAll(test.warning, "FILE", src.File)
			if got := strings.Join(warnings, "\n"); got != want {
				t.Errorf("warnings %q, want %q", got, want)
			}
			if strings.Contains(fmt.Sprint(warnings), "secret") {
				t.Errorf("a password is in %q", warnings)
			}
		})
	}
}

// fields makes the difference of two Configs readable, which hide themselves.
func fields(c etcd.Config) map[string]any {
	return map[string]any{
		"endpoints": strings.Join(c.Endpoints, ","), "srv": c.DiscoverySRV, "user": c.Username, "password": c.Password,
		"key file": c.KeyFile, "cert file": c.CertFile, "ca file": c.CAFile, "key": c.Key, "cert": c.Cert, "ca": c.CA,
	}
}

func TestLoadConfigErrors(t *testing.T) {
	t.Parallel()
	const kubernetes = "the datastore type is kubernetes; there, profiles are read-only, made from namespaces and service " +
		"accounts, so there is nothing to edit (DATASTORE_TYPE=etcdv3 uses etcd)"
	const notYAML = "the configuration file FILE is not a YAML document of kind CalicoAPIConfig"
	good := "kind: CalicoAPIConfig\n"
	for name, test := range map[string]struct {
		env  values
		file string
		text string
	}{
		"kubernetes":             {env: values{"DATASTORE_TYPE": "kubernetes"}, file: good, text: kubernetes},
		"CALICO_ kubernetes":     {env: values{"DATASTORE_TYPE": "etcdv3", "CALICO_DATASTORE_TYPE": "kubernetes"}, file: good, text: kubernetes},
		"kubernetes in the file": {file: good + "spec: {datastoreType: Kubernetes}", text: kubernetes},
		"etcdv2":                 {env: values{"DATASTORE_TYPE": "etcdv2"}, file: good, text: `the datastore type "etcdv2" is not known; etcdv3 is`},
		"control characters":     {env: values{"DATASTORE_TYPE": "\x1b[2J"}, file: good, text: `the datastore type "\x1b[2J" is not known; etcdv3 is`},
		"empty file":             {file: "", text: `the configuration file FILE is of kind "", not CalicoAPIConfig`},
		"other kind":             {file: "kind: Profile\n", text: `the configuration file FILE is of kind "Profile", not CalicoAPIConfig`},
		"not YAML":               {file: "kind: [hunter2\n", text: notYAML},
		"a text":                 {file: "hunter2", text: notYAML},
		"a list":                 {file: "- hunter2", text: notYAML},
		"list of endpoints":      {file: good + "spec: {etcdEndpoints: [a, b]}", text: notYAML},
		"binary":                 {file: "\x00\x01\xff", text: notYAML},
		"spec is a list":         {file: good + "spec: [hunter2]", text: notYAML},
		"key twice":              {file: good + "spec: {etcdPassword: a, etcdPassword: hunter2}", text: notYAML},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			file := anyFile(t, test.file)
			cfg, _, err := etcd.LoadConfig(etcd.Sources{Getenv: environment(test.env), File: file})
			wantError(t, err, fault.ErrConfig, strings.ReplaceAll(test.text, "FILE", file))
			if diff := cmp.Diff(etcd.Config{}, cfg, cmp.Transformer("fields", fields)); diff != "" {
				t.Errorf("with an error: %s", diff)
			}
		})
	}
	missing := filepath.Join(t.TempDir(), "no\nsuch")
	_, _, err := etcd.LoadConfig(etcd.Sources{Getenv: environment(nil), File: missing})
	wantError(t, err, fault.ErrConfig, "the configuration file cannot be read: open "+
		strings.ReplaceAll(missing, "\n", `\x0a`)+": no such file or directory")
	directory := t.TempDir()
	_, _, err = etcd.LoadConfig(etcd.Sources{Getenv: environment(nil), File: directory})
	wantError(t, err, fault.ErrConfig, "the configuration file cannot be read: read "+directory+": is a directory")
}

func TestUnreadableFile(t *testing.T) {
	t.Parallel()
	if os.Geteuid() == 0 {
		t.Skip("root may read every file")
	}
	file := anyFile(t, "kind: CalicoAPIConfig\n")
	must(t, os.Chmod(file, 0))
	_, _, err := etcd.LoadConfig(etcd.Sources{Getenv: environment(nil), File: file})
	wantError(t, err, fault.ErrConfig, "the configuration file cannot be read: open "+file+": permission denied")
}

func TestEndpoints(t *testing.T) {
	t.Parallel()
	for _, test := range []struct{ endpoints, text string }{
		{"127.0.0.1:2379", `"127.0.0.1:2379" is not an etcd endpoint such as http://127.0.0.1:2379`},
		{"etcd:2379", `"etcd:2379" is not an etcd endpoint such as http://127.0.0.1:2379`},
		{"etcd", `"etcd" is not an etcd endpoint such as http://127.0.0.1:2379`},
		{"ftp://a:1", `"ftp://a:1" is not an etcd endpoint such as http://127.0.0.1:2379`},
		{"unix:///run/etcd.sock", `"unix:///run/etcd.sock" is not an etcd endpoint such as http://127.0.0.1:2379`},
		{"http://", `"http://" is not an etcd endpoint such as http://127.0.0.1:2379`},
		{"http://:2379", `"http://:2379" is not an etcd endpoint such as http://127.0.0.1:2379`},
		{"http://a:1/v2/keys", `"http://a:1/v2/keys" is not an etcd endpoint such as http://127.0.0.1:2379`},
		{"http://a:1?x=1", `"http://a:1?x=1" is not an etcd endpoint such as http://127.0.0.1:2379`},
		{"http://a:1#x", `"http://a:1#x" is not an etcd endpoint such as http://127.0.0.1:2379`},
		{"http://a:b", `"http://a:b" is not an etcd endpoint such as http://127.0.0.1:2379`},
		{"http://a:65536", `"http://a:65536" is not an etcd endpoint such as http://127.0.0.1:2379`},
		{"http://a:0", `"http://a:0" is not an etcd endpoint such as http://127.0.0.1:2379`},
		{"http://a b:1", `"http://a b:1" is not an etcd endpoint such as http://127.0.0.1:2379`},
		{"http://a\x1b:1", `"http://a\x1b:1" is not an etcd endpoint such as http://127.0.0.1:2379`},
		{"http://a", `the etcd endpoint "http://a" has no port; 2379 is usual`},
		{"https://a/", `the etcd endpoint "https://a/" has no port; 2379 is usual`},
		{"http://[::1]", `the etcd endpoint "http://[::1]" has no port; 2379 is usual`},
		{"http://u@a:1", "an etcd endpoint holds a user name; use ETCD_USERNAME and ETCD_PASSWORD"},
		{"http://a:1 https://b:2", "the etcd endpoints mix http and https: http://a:1,https://b:2"},
		{"http://a:1 nonsense", `"nonsense" is not an etcd endpoint such as http://127.0.0.1:2379`},
	} {
		t.Run(test.endpoints, func(t *testing.T) {
			t.Parallel()
			s, err := store.Open(soon(t), etcd.Config{Endpoints: splitEndpoints(test.endpoints)})
			if err == nil {
				closeStore(t, s)
			}
			wantError(t, err, fault.ErrConfig, test.text)
		})
	}
	// A slash at the end is how people copy them.
	w := newWorld(t)
	must(t, readOnce(soon(t), etcd.Config{Endpoints: []string{w.endpoint + "/"}}))
	if got := open(t, etcd.Config{}).Endpoints(); len(got) != 1 || got[0] != etcd.DefaultEndpoint {
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
