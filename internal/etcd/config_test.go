package etcd_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/calicoctl/calicoctl/internal/etcd"
)

func environment(values map[string]string) func(string) (string, bool) {
	return func(name string) (string, bool) {
		value, set := values[name]
		return value, set
	}
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
		write   bool
		alone   bool // the file has nothing in front
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
			name: "keys of upstream that are not read", file: "  name: x\n  labels: {a: b}\nspec: {kubeconfig: /x, k8sAPIEndpoint: y, k8sClientQPS: 1.5, etcdEndpoints: 'http://a:1'}",
			want: etcd.Config{Endpoints: []string{"http://a:1"}},
		},
		{
			name: "keys in any case", file: "SPEC: {ETCDENDPOINTS: 'http://a:1', etcdusername: u, EtcdPassword: p, etcdcacertfile: c}",
			want: etcd.Config{Endpoints: []string{"http://a:1"}, Username: "u", Password: "p", CAFile: "c"},
		},
		{
			name: "UTF-8 with a byte-order mark", file: "\ufeffspec: {etcdEndpoints: 'http://a:1'}", alone: true,
			want: etcd.Config{Endpoints: []string{"http://a:1"}},
		},
		{
			name: "numbers are texts", file: "spec: {etcdPassword: 12345, etcdUsername: true, etcdKeyFile: null, etcdCertFile: }",
			want: etcd.Config{Username: "true", Password: "12345"},
		},
		{
			name: "empty values that are not needed", file: "spec: {etcdEndpoints: '', etcdDiscoverySrv: , etcdUsername: ''}",
			env: values{"ETCD_ENDPOINTS": "http://a:1"}, want: etcd.Config{Endpoints: []string{"http://a:1"}},
		},
		{
			name: "a Kubernetes is not needed", file: "spec: {kubeconfig: /x}",
			env: values{"ETCD_ENDPOINTS": "http://a:1"}, want: etcd.Config{Endpoints: []string{"http://a:1"}},
		},
		{name: "nor with the type", file: "spec: {kubeconfig: /x, datastoreType: etcdv3}"},

		{name: "empty variables are not set", env: values{"ETCD_ENDPOINTS": "", "CALICO_ETCD_USERNAME": "", "ETCD_CA_CERT_FILE": ""}},
		{
			name: "nor is an empty one with CALICO_", env: values{"ETCD_ENDPOINTS": "http://a:1", "CALICO_ETCD_ENDPOINTS": ""}, write: true,
			want: etcd.Config{Endpoints: []string{"http://a:1"}},
		},
		{
			name: "an empty variable and a write", env: values{"ETCD_ENDPOINTS": ""}, write: true,
			warning: "ETCD_ENDPOINTS is set and empty, so the etcd at http://127.0.0.1:2379 is the one that is written to; is a shell variable empty?",
		},
		{
			name: "several", env: values{"CALICO_ETCD_ENDPOINTS": "", "ETCD_AUTHORITY": "", "ETCD_USERNAME": ""}, write: true,
			warning: "CALICO_ETCD_ENDPOINTS, ETCD_AUTHORITY are set and empty, so the etcd at http://127.0.0.1:2379 is the one that is written to; is a shell variable empty?",
		},
		{name: "an empty variable and the file", env: values{"ETCD_ENDPOINTS": ""}, file: fullFile, write: true, want: fullConfig},
		{name: "a write without any", write: true},

		{name: "datastore type", env: values{"DATASTORE_TYPE": "etcdv3"}},
		{name: "datastore type in another case", env: values{"DATASTORE_TYPE": "ETCDv3"}},
		{name: "environment's type wins over the file's", env: values{"DATASTORE_TYPE": "etcdv3"}, file: "spec: {datastoreType: kubernetes}"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			src := etcd.Sources{Flags: test.flags, LookupEnv: environment(test.env), Write: test.write}
			src.File = configFile(t, test.file)
			if test.alone {
				src.File = anyFile(t, test.file+"\nkind: CalicoAPIConfig\n")
			}
			cfg, warnings, err := etcd.LoadConfig(t.Context(), src)
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
