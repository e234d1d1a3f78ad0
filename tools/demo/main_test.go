package main

import (
	"bytes"
	"context"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/calicoctl/calicoctl/internal/testkit/embedetcd"
)

// patience bounds everything that a test waits for; the machine may be busy.
const patience = time.Minute

// asDemo, when it is set, makes the test binary the demo itself.
const asDemo = "DEMO_TEST_MAIN"

func TestMain(m *testing.M) {
	if os.Getenv(asDemo) != "" {
		main()
	}
	embedetcd.Quiet()
	os.Exit(m.Run())
}

// process returns the command that runs the demo with args.
func process(t *testing.T, args ...string) *exec.Cmd {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	t.Cleanup(cancel)
	cmd := exec.CommandContext(ctx, os.Args[0], args...)
	cmd.Env = append(os.Environ(), asDemo+"=1")
	return cmd
}

func TestArguments(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		args           string
		code           int
		stdout, stderr string
	}{
		{"--help", 0, usage, ""},
		{"--nonsense", 2, "", "demo: flag provided but not defined: -nonsense; see demo --help\n"},
		{"start", 2, "", "demo: unexpected argument \"start\"; see demo --help\n"},
		{"--calicoctl /nonexistent/calicoctl", 1, "", "demo: cannot run /nonexistent/calicoctl: stat /nonexistent/calicoctl: no such file or directory; build calicoctl with make build, or say with --calicoctl where it is\n"},
	} {
		t.Run(test.args, func(t *testing.T) {
			t.Parallel()
			var stdout, stderr bytes.Buffer
			code := run(t.Context(), strings.Fields(test.args), &stdout, &stderr)
			if code != test.code || stdout.String() != test.stdout || stderr.String() != test.stderr {
				t.Errorf("exit %d, want %d\nstdout: %s\nstderr: %s", code, test.code, &stdout, &stderr)
			}
		})
	}
}
