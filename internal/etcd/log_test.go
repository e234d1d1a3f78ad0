package etcd_test

import (
	"encoding/json"
	"log/slog"
	"strings"
	"testing"

	"github.com/calicoctl/calicoctl/internal/etcd"
	"github.com/calicoctl/calicoctl/internal/testkit/logtest"
)

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
			var log logtest.Buffer
			src := etcd.Sources{Flags: test.flags, LookupEnv: environment(test.env), File: configFile(t, test.file)}
			src.Flags.Log = log.Logger()
			cfg, _, err := etcd.LoadConfig(t.Context(), src)
			must(t, err)
			for i := range test.lines {
				test.lines[i] = strings.ReplaceAll(test.lines[i], "FILE", src.File)
			}
			log.Want(t, test.lines...)
			if got := strings.Count(log.String(), "\n"); got != len(test.lines) {
				t.Errorf("%d lines, want %d:\n%s", got, len(test.lines), &log)
			}
			log.Logger().Info("all", "config", cfg, "reference", &cfg)
			slog.New(slog.NewJSONHandler(&log, nil)).Info("all", "config", cfg, "reference", &cfg)
			logtest.NoSecret(t, log.String())
		})
	}
}

// A configuration that somebody prints as JSON shows no secret either.
func TestConfigAsJSON(t *testing.T) {
	t.Parallel()
	text, err := json.Marshal([]any{fullConfig, &fullConfig})
	must(t, err)
	logtest.NoSecret(t, string(text))
}
