package felix

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

func TestCheck(t *testing.T) {
	t.Parallel()
	boot := time.Date(2026, 11, 28, 8, 0, 0, 500, time.UTC)
	tests := map[string]struct{ report, want string }{
		"reports":         {`{"time":"2026-11-28T08:00:00Z","uptime":12.5,"first_update":true}`, ""},
		"of another zone": {`{"time":"2026-11-28T10:30:00+02:00","uptime":1}`, ""},
		"before the boot": {`{"time":"2026-11-28T07:59:59Z","uptime":1}`, "older than the start of this host at 2026-11-28T08:00:00Z"},
		"no time":         {`{}`, "it says no time"},
		"no JSON":         {`x`, "cannot be read"},
		"none":            {"", "does not report in etcd (key /calico/felix/v2/no-region/host/h1/status); start calico/node here with NODENAME=h1"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var report []byte
			if test.report != "" {
				report = []byte(test.report)
			}
			err := Check("h1", report, boot)
			var absent *AbsentError
			if test.want == "" && err != nil || test.want != "" && (!errors.As(err, &absent) || !strings.Contains(err.Error(), test.want)) {
				t.Errorf("got %v", err)
			}
		})
	}
}

func TestBootTime(t *testing.T) {
	t.Parallel()
	if boot, err := BootTime(); err != nil || boot.After(time.Now()) || boot.Year() < 2020 {
		t.Errorf("%v, %v", boot, err)
	}
}

func TestWait(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	short, cancel := context.WithTimeout(t.Context(), 10*time.Millisecond)
	defer cancel()
	if err := Wait(short, dir, "e1"); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("got %v", err)
	}
	file := filepath.Join(dir, "endpoint-status", "libnetwork libnetwork%2Flibnetwork e1")
	go func() {
		_ = os.MkdirAll(filepath.Dir(file), 0o755)
		_ = os.WriteFile(file, nil, 0o600)
	}()
	if err := Wait(t.Context(), dir, "e1"); err != nil {
		t.Error(err)
	}
}
