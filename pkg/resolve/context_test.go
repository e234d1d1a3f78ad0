package resolve_test

import (
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/calicoctl/calicoctl/pkg/resolve"
)

// dockerConfig makes a directory of the docker command's configuration, with a
// current context and others.
func dockerConfig(t *testing.T, current string, contexts ...dockerContext) string {
	t.Helper()
	directory := t.TempDir()
	if current != "" {
		config, err := json.Marshal(map[string]any{"auths": map[string]string{}, "currentContext": current})
		if err != nil {
			t.Fatal(err)
		}
		writeFile(t, filepath.Join(directory, "config.json"), string(config))
	}
	for _, c := range contexts {
		id := fmt.Sprintf("%x", sha256.Sum256([]byte(c.name)))
		meta, err := json.Marshal(map[string]any{
			"Name": c.name, "Metadata": map[string]string{},
			"Endpoints": map[string]any{"docker": map[string]any{"Host": c.host, "SkipTLSVerify": c.skip}},
		})
		if err != nil {
			t.Fatal(err)
		}
		writeFile(t, filepath.Join(directory, "contexts", "meta", id, "meta.json"), string(meta))
		for _, file := range c.files {
			content, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			writeFile(t, filepath.Join(directory, "contexts", "tls", id, "docker", filepath.Base(file)), string(content))
		}
	}
	return directory
}

type dockerContext struct {
	name, host string
	skip       bool
	files      []string // of TLS
}

func writeFile(t *testing.T, path, content string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
}

// The engine is the one that the docker command would use.
func TestContexts(t *testing.T) {
	t.Parallel()
	one, two, host := &fakeEngine{max: "1.41"}, &fakeEngine{max: "1.41"}, &fakeEngine{max: "1.41"}
	config := dockerConfig(
		t, "one",
		dockerContext{name: "one", host: one.start(t)},
		dockerContext{name: "two", host: two.start(t)},
	)
	hostAddress := host.start(t)
	home := t.TempDir()
	if err := os.Rename(config, filepath.Join(home, ".docker")); err != nil {
		t.Fatal(err)
	}
	config = filepath.Join(home, ".docker")
	for name, test := range map[string]struct {
		environment map[string]string
		want        *fakeEngine
	}{
		"current":                   {map[string]string{"DOCKER_CONFIG": config}, one},
		"current at home":           {map[string]string{"HOME": home}, one},
		"of the environment":        {map[string]string{"DOCKER_CONFIG": config, "DOCKER_CONTEXT": "two"}, two},
		"host before current":       {map[string]string{"DOCKER_CONFIG": config, "DOCKER_HOST": hostAddress}, host},
		"host before environment":   {map[string]string{"DOCKER_CONFIG": config, "DOCKER_HOST": hostAddress, "DOCKER_CONTEXT": "two"}, host},
		"host before missing":       {map[string]string{"DOCKER_HOST": hostAddress, "DOCKER_CONTEXT": "missing"}, host},
		"TLS variables do not meet": {map[string]string{"DOCKER_CONFIG": config, "DOCKER_TLS_VERIFY": "1", "DOCKER_CERT_PATH": "/nowhere"}, one},
	} {
		before := len(test.want.asked())
		if _, err := fromEnvironment(t, test.environment).Networks(t.Context()); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if asked := len(test.want.asked()) - before; asked != 2 {
			t.Errorf("%s: the engine was asked %d times", name, asked)
		}
	}
	if total := len(one.asked()) + len(two.asked()) + len(host.asked()); total != 14 {
		t.Errorf("%d requests, want 14", total)
	}
}

// The context "default" is the engine of DOCKER_HOST or of this host.
func TestDefaultContext(t *testing.T) {
	t.Parallel()
	config := dockerConfig(t, "default", dockerContext{name: "one", host: "ssh://x"})
	for _, environment := range []map[string]string{
		{"DOCKER_CONFIG": config},
		{"DOCKER_CONFIG": dockerConfig(t, "one"), "DOCKER_CONTEXT": "default"},
		{"DOCKER_CONFIG": dockerConfig(t, "")},
		{"DOCKER_CONFIG": filepath.Join(config, "config.json")}, // is no directory
	} {
		engine := fromEnvironment(t, environment)
		if got := resolve.Address(engine); got != "unix:///var/run/docker.sock" {
			t.Errorf("%v: got %s", environment, got)
		}
	}
}

func TestContextTLS(t *testing.T) {
	t.Parallel()
	server := tlsServer(t, &fakeEngine{max: "1.41"})
	host := "tcp://" + server.Listener.Addr().String()
	own, other := certificates(t, server), certificates(t, otherServer(t))
	all := func(directory string) []string {
		return []string{filepath.Join(directory, "ca.pem"), filepath.Join(directory, "cert.pem"), filepath.Join(directory, "key.pem")}
	}
	const unknown = "x509: certificate signed by unknown authority"
	for name, test := range map[string]struct {
		context dockerContext
		want    string
	}{
		"all files":       {dockerContext{files: all(own)}, ""},
		"authority only":  {dockerContext{files: all(own)[:1]}, ""},
		"other authority": {dockerContext{files: all(other)}, unknown},
		"not verified":    {dockerContext{files: all(other), skip: true}, ""},
		"skip alone":      {dockerContext{skip: true}, ""},
		"none":            {dockerContext{}, "it answers: Client sent an HTTP request to an HTTPS server."},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			test.context.name, test.context.host = "remote", host
			engine := fromEnvironment(t, map[string]string{"DOCKER_CONFIG": dockerConfig(t, "remote", test.context)})
			_, err := engine.Networks(t.Context())
			want := "Docker engine at " + host + ` of Docker context "remote": ` + test.want
			if (test.want == "") != (err == nil) || err != nil && err.Error() != want {
				t.Errorf("got  %v\nwant %s", err, want)
			}
		})
	}
}

// A context that cannot be followed is an error, and never another engine.
func TestBrokenContexts(t *testing.T) {
	t.Parallel()
	config := func(text string) string {
		directory := t.TempDir()
		writeFile(t, filepath.Join(directory, "config.json"), text)
		return directory
	}
	meta := func(text string) string {
		directory := dockerConfig(t, "remote", dockerContext{name: "remote"})
		writeFile(t, filepath.Join(directory, "contexts", "meta", fmt.Sprintf("%x", sha256.Sum256([]byte("remote"))), "meta.json"), text)
		return directory
	}
	at := func(host string) string { return dockerConfig(t, "remote", dockerContext{name: "remote", host: host}) }
	directory := config("")
	if err := os.Remove(filepath.Join(directory, "config.json")); err != nil {
		t.Fatal(err)
	}
	if err := os.Mkdir(filepath.Join(directory, "config.json"), 0o700); err != nil {
		t.Fatal(err)
	}
	const way = "; set DOCKER_HOST to unix://PATH or tcp://HOST:PORT"
	for name, test := range map[string]struct{ config, context, reason string }{
		"missing":           {dockerConfig(t, "remote"), "remote", `"docker context ls" lists the contexts`},
		"odd name":          {dockerConfig(t, "../\x1b[2J"), "../\x1b[2J", "it does not exist"},
		"SSH":               {at("ssh://root:secret@host"), "remote", "ssh:// is not supported" + way},
		"HTTP":              {at("http://host"), "remote", "http:// is not supported" + way},
		"password":          {at("tcp://u:secret%40host"), "remote", "the address has to be unix://PATH or tcp://HOST:PORT"},
		"no endpoint":       {meta(`{"Name":"remote","Endpoints":{}}`), "remote", "has no Docker endpoint"},
		"empty endpoint":    {at(""), "remote", "has no Docker endpoint"},
		"malformed context": {meta(`{"Name":`), "remote", "is not the JSON of a Docker context"},
		"malformed":         {config(`{"currentContext":`), "", "is not the JSON of a Docker configuration"},
		"not a text":        {config(`{"currentContext":1}`), "", "is not the JSON of a Docker configuration"},
		"endless":           {config(strings.Repeat(" ", 1<<20+1)), "", "config.json is longer than 1 MiB"},
		"no file":           {directory, "", "config.json is not a regular file"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			engine, err := tryEnvironment(t, map[string]string{"DOCKER_CONFIG": test.config})
			checkBroken(t, engine, err, "", test.context, test.reason)
		})
	}
}

// A proxy that fails is named, without its password.
func TestProxy(t *testing.T) {
	t.Parallel()
	refusing := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		http.Error(w, "not through here", http.StatusForbidden)
	}))
	t.Cleanup(refusing.Close)
	const note = " (the proxy may be the cause; NO_PROXY names hosts that need none)"
	const engineHost = "tcp://192.0.2.1:2375"
	for name, test := range map[string]struct{ proxy, reason string }{
		"nobody listens": {"http://" + closedPort(t), "connection refused"},
		"refuses":        {refusing.URL, "it answers: not through here"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			engine := engineAt(t, engineHost)
			proxy, err := url.Parse(strings.Replace(test.proxy, "://", "://me:secret@", 1) + "/?token=secret")
			if err != nil {
				t.Fatal(err)
			}
			resolve.SetProxy(engine, http.ProxyURL(proxy))
			_, err = engine.Networks(t.Context())
			want := "Docker engine at " + engineHost + " through the proxy " + test.proxy + ": " + test.reason + note
			if err == nil || err.Error() != want {
				t.Errorf("got  %v\nwant %s", err, want)
			}
		})
	}
	broken := strings.Join([]string{"http://u", "secret%40host"}, ":")
	engine := engineAt(t, engineHost)
	resolve.SetProxy(engine, func(*http.Request) (*url.URL, error) { return url.Parse(broken) })
	_, err := engine.Networks(t.Context())
	checkEngineError(t, err, engineHost, "the proxy in HTTP_PROXY or HTTPS_PROXY has to be http://HOST:PORT")
}
