//go:build unix

package etcd_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/calicoctl/calicoctl/internal/etcd"
	"github.com/calicoctl/calicoctl/pkg/fault"
)

// A file may be a pipe that nothing is written to, or have no end.
func TestFilesWithoutEnd(t *testing.T) {
	t.Parallel()
	pipe := filepath.Join(t.TempDir(), "pipe")
	must(t, syscall.Mkfifo(pipe, 0o644))
	type named struct{ cfg, key, cert, ca string }
	for name, test := range map[string]struct {
		named
		what string
	}{
		"configuration": {named{cfg: pipe}, "the configuration file"},
		"authority":     {named{ca: pipe}, "the CA certificate"},
		"certificate":   {named{cert: pipe}, "the client certificate"},
		"key":           {named{key: pipe}, "the client key"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
			defer cancel()
			err := openAs(ctx, test.cfg, test.key, test.cert, test.ca)
			if !errors.Is(err, fault.ErrConfig) || !strings.HasPrefix(err.Error(), test.what+" cannot be read: "+pipe+" has no end after ") {
				t.Errorf("pipe: %v", err)
			}
			ctx, cancel = context.WithCancel(t.Context())
			time.AfterFunc(20*time.Millisecond, cancel)
			if err = openAs(ctx, test.cfg, test.key, test.cert, test.ca); !errors.Is(err, context.Canceled) || errors.Is(err, fault.ErrConfig) {
				t.Errorf("interrupted: %v", err)
			}
			endless := func(file string) string { return strings.Replace(file, pipe, "/dev/zero", 1) }
			err = openAs(soon(t), endless(test.cfg), endless(test.key), endless(test.cert), endless(test.ca))
			wantError(t, err, fault.ErrConfig, test.what+" cannot be read: /dev/zero is longer than 4194304 bytes")
		})
	}
}

// openAs loads a configuration, the one that is needed for the file if it is
// empty, and connects.
func openAs(ctx context.Context, file, key, cert, ca string) error {
	if file == "" {
		empty, err := os.CreateTemp("", "calicoctl.cfg")
		if err != nil {
			return err
		}
		defer os.Remove(empty.Name())
		if _, err = empty.WriteString("kind: CalicoAPIConfig\n"); err != nil {
			return err
		}
		_ = empty.Close()
		file = empty.Name()
	}
	flags := etcd.Config{Endpoints: []string{"https://127.0.0.1:1"}, KeyFile: key, CertFile: cert, CAFile: ca}
	cfg, _, err := etcd.LoadConfig(ctx, etcd.Sources{Flags: flags, File: file})
	if err != nil {
		return err
	}
	return readOnce(ctx, cfg)
}

// A pipe that is written to is a file like any other, such as bash makes of <(...).
func TestConfigFileFromPipe(t *testing.T) {
	t.Parallel()
	pipe := filepath.Join(t.TempDir(), "pipe")
	must(t, syscall.Mkfifo(pipe, 0o600))
	go func() {
		_ = os.WriteFile(pipe, []byte("kind: CalicoAPIConfig\nspec: {etcdEndpoints: 'http://a:1'}"), 0o600)
	}()
	cfg, _, err := etcd.LoadConfig(soon(t), etcd.Sources{File: pipe})
	must(t, err)
	if len(cfg.Endpoints) != 1 || cfg.Endpoints[0] != "http://a:1" {
		t.Errorf("got %v", cfg)
	}
}
