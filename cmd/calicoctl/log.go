package main

import (
	"cmp"
	"io"
	"log/slog"
	"slices"
	"strings"
	"sync"

	"github.com/calicoctl/calicoctl/internal/cli"
)

// logLevels are the values of --log-level. Those after off add nothing: errors and
// warnings are printed in any case. Upstream's calicoctl has all but
// off.
func logLevels() []string { return []string{"debug", "info", "off", "warn", "error", "fatal", "panic"} }

// startLog makes the log that the flag or the environment asks for. Without one
// nothing is made, and what would be logged goes nowhere.
func (a *app) startLog() error {
	a.log = slog.New(slog.DiscardHandler)
	name := strings.ToLower(cmp.Or(a.flags.logLevel, a.io.getenv("CALICOCTL_LOG_LEVEL"), "off"))
	level := slog.LevelInfo
	switch {
	case name == "debug":
		level = slog.LevelDebug
	case name == "info":
	case slices.Contains(logLevels(), name):
		return nil
	default:
		return cli.Usagef("--log-level (CALICOCTL_LOG_LEVEL): expected debug, info or off, got %q", name)
	}
	a.msg.Out = &sharedWriter{out: a.msg.Out}
	a.log = slog.New(slog.NewTextHandler(a.msg.Out, &slog.HandlerOptions{Level: level}))
	a.flags.etcd.Log = a.log
	return nil
}

// A sharedWriter takes whole lines from several goroutines at once.
type sharedWriter struct {
	mu  sync.Mutex
	out io.Writer
}

func (w *sharedWriter) Write(line []byte) (int, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.out.Write(line)
}
