package store_test

import (
	"bytes"
	"context"
	"encoding/json"
	"log/slog"
	"strings"
	"sync"
	"testing"

	"github.com/calicoctl/calicoctl/internal/etcd"
	"github.com/calicoctl/calicoctl/internal/testkit/etcdtest"
)

// A logBuffer is a log that several goroutines write.
type logBuffer struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (b *logBuffer) Write(line []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.text.Write(line)
}

func (b *logBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.text.String()
}

func (b *logBuffer) logger() *slog.Logger {
	return slog.New(slog.NewTextHandler(b, &slog.HandlerOptions{Level: slog.LevelDebug}))
}

// want checks that lines with these parts are there, in this order.
func (b *logBuffer) want(t *testing.T, lines ...string) {
	t.Helper()
	rest := b.String()
	for _, parts := range lines {
		before := rest
		for found := false; !found; {
			line, behind, more := strings.Cut(rest, "\n")
			found, rest = hasAll(line, parts), behind
			if !found && !more {
				t.Errorf("no line with %q in\n%s", parts, before)
				return
			}
		}
	}
}

func hasAll(line, parts string) bool {
	for part := range strings.SplitSeq(parts, " ... ") {
		if !strings.Contains(line, part) {
			return false
		}
	}
	return true
}

func TestLogOfEdit(t *testing.T) {
	t.Parallel()
	w := guardedWorld(t)
	w.putProfile("web", document(t, "web", "allow"))
	var log logBuffer
	cfg := w.as("writer")
	cfg.Log = log.logger()
	_, err := open(t, cfg).Edit(soon(t), "web", appending(t, "allow tcp"))
	must(t, err)
	address := strings.TrimPrefix(w.endpoint, "http://")
	log.want(
		t,
		`msg="etcd connection is good" address=`+address,
		`msg="etcd request" method=Authenticate user=writer server=`+address+` ... took=`,
		`msg="etcd request" method=Txn key=`+key("web")+` conditions=0 reads=2 writes=0 ... revision=2 succeeded=true`,
		`msg="etcd request" method=Txn key=`+key("web")+` conditions=2 reads=0 writes=1 ... revision=3 succeeded=true`,
		`level=INFO msg="the edit is saved" profile=web revision=3`,
	)
	wantNoSecret(t, log.String())
}

func wantNoSecret(t *testing.T, text string) {
	t.Helper()
	if strings.Contains(text, "secret") {
		t.Errorf("there is a secret in\n%s", text)
	}
}

func TestLogOfLostAnswer(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.putProfile("web", document(t, "web", "allow"))
	between := &etcdtest.Interposer{After: first(func(context.Context) error { return etcdtest.ErrLost() })}
	must(t, between.Start(w.endpoint))
	t.Cleanup(func() { _ = between.Close() })
	var log logBuffer
	_, err := open(t, etcd.Config{Endpoints: []string{between.Endpoint()}, Log: log.logger()}).Edit(soon(t), "web", appending(t, "allow tcp"))
	must(t, err)
	log.want(
		t,
		`level=INFO msg="the answer was lost: the edit may or may not be saved" profile=web error="error reading from server: EOF"`,
		`level=INFO msg="something has changed since it was read; this time nothing is written" profile=web revision=3`,
		`msg="etcd stream" method=Watch`,
		`level=INFO msg="the history of the profile says whether the edit was saved" profile=web saved=3`,
	)
}

func TestLogOfConnections(t *testing.T) {
	t.Parallel()
	ca := newAuthority(t)
	w := secureWorld(t, ca.server(t, nil), ca)
	client := ca.client(t, "client", nil)
	var log logBuffer
	cfg := etcd.Config{Endpoints: []string{w.endpoint}, CA: ca.pem, Cert: read(t, client.cert), Key: read(t, client.key), Log: log.logger()}
	must(t, readOnce(soon(t), cfg))
	address := strings.TrimPrefix(w.endpoint, "https://")
	log.want(
		t,
		`msg="etcd has a good certificate" address=`+address+` name=`+address+` subject="CN=etcd" issuer="CN=test authority" expires=`,
		`msg="etcd connection is good" address=`+address,
	)
	log = logBuffer{}
	cfg.CA, cfg.Log = "", log.logger()
	if err := readOnce(soon(t), cfg); err == nil {
		t.Error("the server is trusted")
	}
	log.want(t, `msg="etcd connection failed" address=`+address+` error="tls: failed to verify certificate`)
	for _, line := range strings.Split(cfg.Key, "\n") {
		if line != "" && strings.Contains(log.String(), line) {
			t.Errorf("there is a key in\n%s", &log)
		}
	}
}

func TestLogOfSettings(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		flags etcd.Config
		env   values
		file  string
		lines []string
	}{
		"nothing": {lines: []string{"name=endpoints value=http://127.0.0.1:2379 from=default"}},
		"file": {
			file: strings.ReplaceAll(fullFile, "/file/ca", `"/file/c\x1b"`),
			lines: []string{
				"name=endpoints value=https://file:1,https://file:2 from=FILE", "name=user value=file-user from=FILE",
				`name=password value="(not shown)" from=FILE`, `name="key file" value=/file/key from=FILE`,
				`name="certificate file" value=/file/cert from=FILE`, `name="authority file" value="/file/c\x1b" from=FILE`,
			},
		},
		"each from elsewhere": {
			flags: etcd.Config{Username: "flag-user"}, env: values{"ETCD_PASSWORD": "secret", "ETCD_ENDPOINTS": "https://b:2"},
			file: "spec: {etcdEndpoints: 'https://b:2', etcdKey: secret, etcdCert: secret, etcdCACert: secret}",
			lines: []string{
				"name=endpoints value=https://b:2 from=environment", "name=user value=flag-user from=flag",
				`name=password value="(not shown)" from=environment`, `name=key value="(not shown)" from=FILE`,
				`name=certificate value="(not shown)" from=FILE`, `name=authority value="(not shown)" from=FILE`,
			},
		},
		"secrets in the wrong place": {
			env: values{
				"ETCD_ENDPOINTS": "http://bob:sec,secret@host:1", "ETCD_KEY_FILE": "-----BEGIN PRIVATE KEY----- secret",
				"CALICO_ETCD_CERT_FILE": "-----BEGIN CERTIFICATE----- secret",
			},
			lines: []string{
				`name=endpoints value="(not shown)" from=environment`, `name="key file" value="(not shown)" from=environment`,
				`name="certificate file" value="(not shown)" from=environment`,
			},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var log logBuffer
			src := etcd.Sources{Flags: test.flags, LookupEnv: environment(test.env), File: configFile(t, test.file)}
			src.Flags.Log = log.logger()
			cfg, _, err := etcd.LoadConfig(t.Context(), src)
			must(t, err)
			for i := range test.lines {
				test.lines[i] = strings.ReplaceAll(test.lines[i], "FILE", src.File)
			}
			log.want(t, test.lines...)
			if got := strings.Count(log.String(), "\n"); got != len(test.lines) {
				t.Errorf("%d lines, want %d:\n%s", got, len(test.lines), &log)
			}
			log.logger().Info("all", "config", cfg, "reference", &cfg)
			slog.New(slog.NewJSONHandler(&log, nil)).Info("all", "config", cfg, "reference", &cfg)
			wantNoSecret(t, log.String())
		})
	}
}

// A configuration that somebody prints as JSON shows no secret either.
func TestConfigAsJSON(t *testing.T) {
	t.Parallel()
	text, err := json.Marshal([]any{fullConfig, &fullConfig})
	must(t, err)
	wantNoSecret(t, string(text))
}
