package main

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// fakeCalicoctl is the program that the demo runs here; it describes itself.
const fakeCalicoctl = "testdata/calicoctl"

// transcript runs a demo with the fake calicoctl and returns what it printed.
func transcript(ctx context.Context, t *testing.T, d *demo, environ ...string) (code int, stdout, stderr string, err error) {
	t.Helper()
	var out, errs bytes.Buffer
	d.calicoctl = fakeCalicoctl
	d.endpoint = "http://127.0.0.1:1"
	d.environ = append(os.Environ(), environ...)
	d.stdout, d.stderr = &out, &errs
	if d.names == (names{}) {
		d.names = names{databases: "databases", applications: "applications"}
	}
	code, err = d.run(ctx)
	return code, out.String(), errs.String(), err
}

const noEngine = "# With plain profile names instead of Docker networks: no Docker engine answers (gone fishing).\n"

func TestDemoWithoutDocker(t *testing.T) {
	t.Parallel()
	code, stdout, stderr, err := transcript(t.Context(), t, &demo{noDocker: errors.New("gone\nfishing")})
	if code != 0 || err != nil {
		t.Fatalf("exit %d, %v", code, err)
	}
	want := noEngine + `$ calicoctl profile add databases
ran profile add databases
$ calicoctl profile add applications
ran profile add applications
$ calicoctl profile databases rule show
ran profile databases rule show
$ calicoctl profile databases rule add inbound allow tcp from tag applications to ports 3306
ran profile databases rule add inbound allow tcp from tag applications to ports 3306
$ calicoctl profile databases rule show
ran profile databases rule show
$ calicoctl profile databases rule remove inbound --at=1
ran profile databases rule remove inbound --at=1
$ calicoctl profile databases rule show
ran profile databases rule show
`
	if diff := cmp.Diff(want, stdout); diff != "" {
		t.Errorf("stdout (-want +got):\n%s", diff)
	}
	if got := strings.Count(stderr, "warning about profile"); got != 7 {
		t.Errorf("%d of 7 commands were heard on stderr:\n%s", got, stderr)
	}
}

func TestDemoPassesExitCodeOn(t *testing.T) {
	t.Parallel()
	code, stdout, _, err := transcript(t.Context(), t, &demo{noDocker: errors.New("none")},
		"FAKE_FAIL=rule add", "FAKE_CODE=4")
	if code != 4 || err != nil {
		t.Errorf("exit %d, %v", code, err)
	}
	if !strings.HasSuffix(stdout, "ran profile databases rule add inbound allow tcp from tag applications to ports 3306\n") {
		t.Errorf("went on after the command that failed:\n%s", stdout)
	}
}

// The program itself ends with that code as well.
func TestDemoProcess(t *testing.T) {
	t.Parallel()
	for _, code := range []int{0, 10} {
		cmd := process(t, "--calicoctl", fakeCalicoctl)
		cmd.Env = append(cmd.Env, "DOCKER_HOST=unix:///nonexistent/docker.sock")
		if code != 0 {
			cmd.Env = append(cmd.Env, "FAKE_FAIL=profile add", fmt.Sprintf("FAKE_CODE=%d", code))
		}
		out, _ := cmd.CombinedOutput()
		if got := cmd.ProcessState.ExitCode(); got != code {
			t.Errorf("exit %d, want %d\n%s", got, code, out)
		}
		if !strings.Contains(string(out), "\n$ calicoctl profile add databases\nran profile add databases\nwarning about profile add databases\n") {
			t.Errorf("printed\n%s", out)
		}
	}
}

// A signal to the program reaches the command that runs and ends both.
func TestDemoProcessIsInterrupted(t *testing.T) {
	t.Parallel()
	temp := t.TempDir()
	cmd := process(t, "--calicoctl", fakeCalicoctl)
	cmd.Env = append(cmd.Env, "DOCKER_HOST=unix:///nonexistent/docker.sock", "FAKE_FAIL=profile add", "TMPDIR="+temp)
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	for lines := bufio.NewScanner(stdout); lines.Scan(); {
		if lines.Text() == "waiting" {
			if err := cmd.Process.Signal(os.Interrupt); err != nil {
				t.Fatal(err)
			}
		}
	}
	_ = cmd.Wait()
	if got := cmd.ProcessState.ExitCode(); got != exitInterrupted {
		t.Errorf("exit %d", got)
	}
	if left, err := os.ReadDir(temp); err != nil || len(left) != 0 {
		t.Errorf("left behind: %v, %v", left, err)
	}
}

func TestDemoIsInterrupted(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	var out bytes.Buffer
	d := &demo{
		calicoctl: fakeCalicoctl,
		environ:   append(os.Environ(), "FAKE_FAIL=rule show"),
		names:     names{databases: "databases", applications: "applications"},
		noDocker:  errors.New("none"),
		stderr:    &bytes.Buffer{},
		stdout:    &trigger{buffer: &out, word: "waiting", fire: cancel},
	}
	code, err := d.run(ctx)
	if code != exitInterrupted || err != nil {
		t.Errorf("exit %d, %v", code, err)
	}
	if !strings.HasSuffix(out.String(), "waiting\n") {
		t.Errorf("went on after the interruption:\n%s", &out)
	}
}

// trigger is a writer that calls fire once word has been written.
type trigger struct {
	buffer *bytes.Buffer
	word   string
	fire   func()
}

func (w *trigger) Write(p []byte) (int, error) {
	n, err := w.buffer.Write(p)
	if strings.Contains(w.buffer.String(), w.word) {
		w.fire()
	}
	return n, err
}

func TestDemoEnvironment(t *testing.T) {
	t.Parallel()
	environ := []string{
		"ETCD_ENDPOINTS=http://production:2379", "ETCD_AUTHORITY=production:2379", "ETCD_PASSWORD=secret",
		"CALICO_ETCD_ENDPOINTS=http://production:2379", "CALICO_DATASTORE_TYPE=kubernetes",
		"DATASTORE_TYPE=kubernetes", "CALICOCTL_LITERAL=0", "CALICOCTL_ANYTHING=1",
		"HOME=/home/me", "DOCKER_HOST=unix:///run/docker.sock", "XETCD_=kept", "DATASTORE_TYPES=kept",
	}
	before := slices.Clone(environ)
	kept := []string{"HOME=/home/me", "DOCKER_HOST=unix:///run/docker.sock", "XETCD_=kept", "DATASTORE_TYPES=kept", "DATASTORE_TYPE=etcdv3", "ETCD_ENDPOINTS=http://127.0.0.1:1"}
	if diff := cmp.Diff(kept, childEnv(environ, "http://127.0.0.1:1", false)); diff != "" {
		t.Errorf("with Docker (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff(append(kept, "CALICOCTL_LITERAL=1"), childEnv(environ, "http://127.0.0.1:1", true)); diff != "" {
		t.Errorf("without Docker (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff(before, environ); diff != "" {
		t.Errorf("changed what it was given (-want +got):\n%s", diff)
	}

	_, stdout, _, err := transcript(t.Context(), t, &demo{noDocker: errors.New("none")}, append(before, "FAKE_ENV=1")...)
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(stdout, "\nETCD_ENDPOINTS=http://127.0.0.1:1\n") || !strings.Contains(stdout, "\nCALICOCTL_LITERAL=1\n") {
		t.Errorf("a command does not see its settings:\n%s", stdout)
	}
	if strings.Contains(stdout, "production") || strings.Contains(stdout, "secret") {
		t.Errorf("a command sees settings of the machine:\n%s", stdout)
	}
}
