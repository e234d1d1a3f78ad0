package main

import (
	"bufio"
	"bytes"
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"time"

	clientv3 "go.etcd.io/etcd/client/v3"
	"go.uber.org/zap"

	"github.com/calicoctl/calicoctl/internal/testkit/embedetcd"
)

// patience bounds everything that a test waits for; the machine may be busy.
const patience = time.Minute

// asSandbox, when it is set, makes the test binary the sandbox itself.
const asSandbox = "SANDBOX_TEST_MAIN"

// TestMain lets tests run the program as a process, with its exit code and with
// signals.
func TestMain(m *testing.M) {
	if os.Getenv(asSandbox) != "" {
		main()
	}
	embedetcd.Quiet()
	os.Exit(m.Run())
}

// process returns the command that runs the sandbox with args.
func process(t *testing.T, args ...string) *exec.Cmd {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	t.Cleanup(cancel)
	cmd := exec.CommandContext(ctx, os.Args[0], args...)
	cmd.Env = append(os.Environ(), asSandbox+"=1")
	return cmd
}

func TestServesUntilSignal(t *testing.T) {
	t.Parallel()
	for _, sig := range []os.Signal{os.Interrupt, syscall.SIGTERM, syscall.SIGHUP} {
		t.Run(sig.String(), func(t *testing.T) {
			t.Parallel()
			temp := t.TempDir()
			cmd := process(t)
			cmd.Env = append(cmd.Env, "TMPDIR="+temp)
			var stderr bytes.Buffer
			cmd.Stderr = &stderr
			line, rest := startReading(t, cmd)
			endpoint, ok := strings.CutPrefix(line, "export ETCD_ENDPOINTS=")
			if !ok || !regexp.MustCompile(`^http://127\.0\.0\.1:\d+$`).MatchString(endpoint) {
				t.Fatalf("printed %q", line)
			}
			if got := value(t, endpoint, "colour", "green"); got != "green" {
				t.Errorf("etcd at %s holds %q", endpoint, got)
			}

			if err := cmd.Process.Signal(sig); err != nil {
				t.Fatal(err)
			}
			if more := rest(); more != "" {
				t.Errorf("more on stdout: %q", more)
			}
			if err := cmd.Wait(); err != nil {
				t.Errorf("ended with %v\n%s", err, &stderr)
			}
			if left, err := os.ReadDir(temp); err != nil || len(left) != 0 {
				t.Errorf("left behind: %v, %v", left, err)
			}
			if got := strings.Count(stderr.String(), "\n"); got != 2 || !strings.Contains(stderr.String(), "Ctrl-C") {
				t.Errorf("stderr is not the hint of two lines:\n%s", &stderr)
			}
		})
	}
}

// startReading starts cmd and returns the first line of its stdout, and a
// function that reads the rest.
func startReading(t *testing.T, cmd *exec.Cmd) (line string, rest func() string) {
	t.Helper()
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	reader := bufio.NewReader(stdout)
	line, err = reader.ReadString('\n')
	if err != nil {
		t.Fatalf("no line on stdout: %v; %v", err, cmd.Wait())
	}
	return strings.TrimSuffix(line, "\n"), func() string {
		var text bytes.Buffer
		if _, err := text.ReadFrom(reader); err != nil {
			t.Error(err)
		}
		return text.String()
	}
}

// value puts a value if it is not empty, and returns what etcd holds then.
func value(t *testing.T, endpoint, key, put string) string {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	client, err := clientv3.New(clientv3.Config{Endpoints: []string{endpoint}, Logger: zap.NewNop()})
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close()
	if put != "" {
		if _, err := client.Put(ctx, key, put); err != nil {
			t.Fatal(err)
		}
	}
	got, err := client.Get(ctx, key)
	if err != nil {
		t.Fatal(err)
	}
	if len(got.Kvs) == 0 {
		return ""
	}
	return string(got.Kvs[0].Value)
}

func TestKeepsDir(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "data")
	for _, put := range []string{"green", ""} {
		cmd := process(t, "--dir", dir)
		line, rest := startReading(t, cmd)
		if got := value(t, strings.TrimPrefix(line, "export ETCD_ENDPOINTS="), "colour", put); got != "green" {
			t.Errorf("etcd holds %q", got)
		}
		if err := cmd.Process.Signal(os.Interrupt); err != nil {
			t.Fatal(err)
		}
		rest()
		if err := cmd.Wait(); err != nil {
			t.Error(err)
		}
	}
}

func TestWords(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		args           string
		code           int
		stdout, stderr string
	}{
		{"--help", 0, usage, ""},
		{"-h", 0, usage, ""},
		{"--nonsense", 2, "", "sandbox: flag provided but not defined: -nonsense; see sandbox --help\n"},
		{"start", 2, "", "sandbox: unexpected argument \"start\"; see sandbox --help\n"},
		{"--dir", 2, "", "sandbox: flag needs an argument: -dir; see sandbox --help\n"},
		{"--dir /dev/null/x", 1, "", "sandbox: start embedded etcd: member-0: "},
	} {
		t.Run(test.args, func(t *testing.T) {
			t.Parallel()
			var stdout, stderr bytes.Buffer
			ctx, cancel := context.WithTimeout(t.Context(), patience)
			defer cancel()
			code := run(ctx, strings.Fields(test.args), &stdout, &stderr)
			if code != test.code || stdout.String() != test.stdout || !strings.HasPrefix(stderr.String(), test.stderr) {
				t.Errorf("exit %d, want %d\nstdout: %s\nstderr: %s", code, test.code, &stdout, &stderr)
			}
		})
	}
}
