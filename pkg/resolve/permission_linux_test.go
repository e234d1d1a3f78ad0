package resolve_test

import (
	"context"
	"errors"
	"io/fs"
	"net"
	"os"
	"runtime"
	"strings"
	"syscall"
	"testing"

	"github.com/calicoctl/calicoctl/pkg/resolve"
)

// nobody is a user that owns no socket.
const nobody = 65534

func TestPermissionDenied(t *testing.T) {
	t.Parallel()
	host := (&fakeEngine{max: "1.41"}).start(t)
	path := strings.TrimPrefix(host, "unix://")
	if err := os.Chmod(path, 0); err != nil {
		t.Fatal(err)
	}
	engine := engineAt(t, host)
	resolve.SetDial(engine, dialAsNobody(path))
	_, err := engine.Networks(t.Context())
	checkEngineError(t, err, host, "permission denied")
	if !errors.Is(err, fs.ErrPermission) {
		t.Errorf("%v does not wrap fs.ErrPermission", err)
	}
}

// dialAsNobody dials as a user without rights, because root may do everything.
func dialAsNobody(path string) func(context.Context, string, string) (net.Conn, error) {
	return func(ctx context.Context, _, _ string) (net.Conn, error) {
		if os.Getuid() == 0 {
			// The user for files belongs to the thread. It is not unlocked, so
			// that it ends with this goroutine and nobody else gets it.
			runtime.LockOSThread()
			if err := syscall.Setfsuid(nobody); err != nil {
				return nil, err
			}
		}
		return new(net.Dialer).DialContext(ctx, "unix", path)
	}
}
