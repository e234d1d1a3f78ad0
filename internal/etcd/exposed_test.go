package etcd_test

import (
	"os"
	"strings"
	"testing"

	"github.com/calicoctl/calicoctl/internal/etcd"
)

// Files with secrets that everyone may read are warned of, and only those.
func TestExposedFiles(t *testing.T) {
	t.Parallel()
	const (
		password = "spec: {etcdUsername: u, etcdPassword: p}"
		key      = "spec: {etcdKey: k, etcdCert: c}"
		harmless = "spec: {etcdUsername: u, etcdKeyFile: 'KEY', etcdCACert: c}"
	)
	for name, test := range map[string]struct {
		keyMode, fileMode os.FileMode
		file              string
		key, config       bool // what is warned of
	}{
		"own":               {0o600, 0o600, harmless, false, false},
		"the group's":       {0o640, 0o640, password, false, false},
		"key":               {0o644, 0o600, harmless, true, false},
		"key, just to read": {0o404, 0o600, harmless, true, false},
		"to write only":     {0o602, 0o602, password, false, false},
		"password in file":  {0o600, 0o644, password, false, true},
		"key in file":       {0o600, 0o644, key, false, true},
		"harmless file":     {0o600, 0o644, harmless, false, false},
		"both":              {0o644, 0o644, password, true, true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			keyFile := write(t, "secret")
			file := configFile(t, strings.ReplaceAll(test.file, "KEY", keyFile))
			must(t, os.Chmod(keyFile, test.keyMode))
			must(t, os.Chmod(file, test.fileMode))
			src := etcd.Sources{File: file}
			if test.file != harmless {
				src.Flags.KeyFile = keyFile
			}
			var want []string
			if test.config {
				want = append(want, "the password or key in the configuration file "+file+" can be read by everyone; chmod 600 "+file)
			}
			if test.key {
				want = append(want, "the key file "+keyFile+" can be read by everyone; chmod 600 "+keyFile)
			}
			_, warnings, err := etcd.LoadConfig(t.Context(), src)
			must(t, err)
			if got, want := strings.Join(warnings, "\n"), strings.Join(want, "\n"); got != want {
				t.Errorf("warnings\n%s\nwant\n%s", got, want)
			}
		})
	}
}

// What cannot be read at all is an error of its own, later, and a directory or a
// pipe is no file that stays.
func TestExposedNothing(t *testing.T) {
	t.Parallel()
	for _, file := range []string{"/nonexistent/key", t.TempDir(), os.DevNull, "-----BEGIN PRIVATE KEY-----"} {
		_, warnings, err := etcd.LoadConfig(t.Context(), etcd.Sources{Flags: etcd.Config{KeyFile: file}, File: configFile(t, "")})
		must(t, err)
		if len(warnings) > 0 {
			t.Errorf("%s: %q", file, warnings)
		}
	}
}
