package main

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// withDriver builds the programs and returns the command that runs the demo with them.
func withDriver(t *testing.T) (cmd *exec.Cmd, temp string) {
	t.Helper()
	dir := t.TempDir()
	for name, pkg := range map[string]string{"calicoctl": "cmd/calicoctl", "calico-docker": "cmd/calico-docker", "demo": "tools/demo"} {
		build := exec.CommandContext(t.Context(), "go", "build", "-o", filepath.Join(dir, name), "github.com/calicoctl/calicoctl/"+pkg)
		build.Env = append(os.Environ(), "CGO_ENABLED=0")
		if out, err := build.CombinedOutput(); err != nil {
			t.Fatalf("%v\n%s", err, out)
		}
	}
	if why := noDriver(filepath.Join(dir, "calicoctl")); why != nil {
		if os.Getenv("CALICOCTL_TEST_DOCKER") == "1" && os.Getuid() == 0 {
			t.Fatal(why)
		}
		t.Skip(why)
	}
	temp, err := os.MkdirTemp("", "") // short, as sockets' paths have to be
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(temp) })
	cmd = exec.CommandContext(t.Context(), filepath.Join(dir, "demo"))
	cmd.Env = append(os.Environ(), "TMPDIR="+temp)
	return cmd, temp
}

// wantNothingLeft expects that files, processes and control groups are gone.
func wantNothingLeft(t *testing.T, temp string) {
	t.Helper()
	if left, err := os.ReadDir(temp); err != nil || len(left) > 0 {
		t.Errorf("left behind: %v, %v", left, err)
	}
	lines, err := filepath.Glob("/proc/[0-9]*/cmdline")
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range lines {
		if line, _ := os.ReadFile(file); bytes.Contains(line, []byte(temp)) {
			t.Errorf("still runs: %s: %q", file, line)
		}
	}
}

func TestDemoWithDriver(t *testing.T) {
	t.Parallel()
	cmd, temp := withDriver(t)
	out, err := cmd.CombinedOutput()
	text := string(out)
	if err != nil {
		t.Fatalf("%v\n%s", err, text)
	}
	for _, want := range []string{
		"# On a Docker engine of its own", "\n$ docker network create --driver calico --ipam-driver calico databases\n",
		"\n   2 allow tcp from tag applications to ports 3306\n", "\nanswered\n", "allowed by inbound rule 2", "# Not shown, because Felix is not here",
	} {
		if !strings.Contains(text, want) {
			t.Errorf("not shown: %q", want)
		}
	}
	if t.Failed() {
		t.Log(text)
	}
	wantNothingLeft(t, temp)
}

func TestDemoWithDriverIsInterrupted(t *testing.T) {
	t.Parallel()
	cmd, temp := withDriver(t)
	out := &trigger{buffer: &bytes.Buffer{}, word: "--name db", fire: func() { _ = cmd.Process.Signal(os.Interrupt) }}
	cmd.Stdout = out
	start := time.Now()
	_ = cmd.Run()
	if got := cmd.ProcessState.ExitCode(); got != exitInterrupted {
		t.Errorf("exit %d after %s:\n%s", got, time.Since(start), out.buffer)
	}
	wantNothingLeft(t, temp)
}
