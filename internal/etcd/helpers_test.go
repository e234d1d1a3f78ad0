package etcd_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/calicoctl/calicoctl/internal/etcd"
	"github.com/calicoctl/calicoctl/internal/testkit/embedetcd"
	"github.com/calicoctl/calicoctl/internal/testkit/faulttest"
)

func must(t *testing.T, err error) {
	t.Helper()
	faulttest.None(t, err)
}

func wantError(t *testing.T, err, kind error, text string) {
	t.Helper()
	faulttest.Want(t, err, kind, text)
}

// soon bounds what a test waits for; it is never reached when all is well.
func soon(t *testing.T) context.Context {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	t.Cleanup(cancel)
	return ctx
}

// start starts an etcd for the test, and returns its endpoint.
func start(t *testing.T, opts embedetcd.Options) string {
	t.Helper()
	opts.Fast = true
	server, err := embedetcd.Start(t.Context(), opts)
	must(t, err)
	t.Cleanup(func() { _ = server.Close() })
	return server.Endpoint()
}

// readOnce connects, reads a key, and closes the connection.
func readOnce(ctx context.Context, cfg etcd.Config) error {
	conn, err := etcd.Dial(ctx, cfg)
	if err != nil {
		return err
	}
	err = conn.Retry(ctx, func(ctx context.Context) error {
		_, err := conn.Client.Get(ctx, "key")
		return err
	})
	return errors.Join(err, conn.Close())
}

// write makes a file that only its owner may read.
func write(t *testing.T, content string) (name string) {
	t.Helper()
	name = filepath.Join(t.TempDir(), "file.pem")
	must(t, os.WriteFile(name, []byte(content), 0o600))
	return name
}
