//go:build linux

package enginetest

import (
	"archive/tar"
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/docker/docker/api/types/image"
	"github.com/docker/docker/client"

	"github.com/calicoctl/calicoctl/internal/testkit/cgroups"
)

// Image is the image of the containers: the program [Probe].
const Image = "probe"

// setUp makes the directories of a host its own, then waits for its end.
const setUp = `set -e
mount -t tmpfs tmpfs /run
mkdir -p /run/docker/plugins /run/calico
mount -t tmpfs tmpfs /etc/docker
echo '{}' > /etc/docker/daemon.json
ip link set lo up
sysctl -qw net.ipv4.ip_forward=1 net.ipv6.conf.all.forwarding=1 || true
echo ready
exec cat
`

// A Host is a machine with a Docker engine.
type Host struct {
	Name   string
	Dir    string // its files, outside of its namespaces too
	Docker *client.Client

	t       testing.TB
	holder  *exec.Cmd // holds the namespaces
	dockerd *Process
	socket  string
}

// NewHost makes a host without an engine.
func NewHost(t testing.TB, name string) *Host {
	t.Helper()
	Require(t)
	dir, err := os.MkdirTemp("", "host") // short, as sockets' paths have to be
	if err != nil {
		t.Fatal(err)
	}
	h := &Host{Name: name, Dir: dir, t: t, socket: filepath.Join(dir, "docker.sock")}
	h.holder = exec.Command("unshare", "-n", "-m", "sh", "-c", setUp)
	h.holder.Stderr = os.Stderr
	keep, err := h.holder.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := h.holder.StdoutPipe()
	if err == nil {
		err = h.holder.Start()
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = keep.Close()
		_ = h.holder.Wait()
		_ = os.RemoveAll(dir)
	})
	if answer := make([]byte, 6); true {
		if _, err := io.ReadFull(out, answer); err != nil || string(answer) != "ready\n" {
			t.Fatalf("the host cannot be set up: %q, %v", answer, err)
		}
	}
	h.plug()
	return h
}

// plug connects the host to the bridge, as its device eth0.
func (h *Host) plug() {
	h.t.Helper()
	pid := strconv.Itoa(h.holder.Process.Pid)
	number, here := 0, ""
	for ; number < 250; number++ { // the first that is free
		here = fmt.Sprintf("h%d", number)
		if exec.Command("ip", "link", "add", here, "type", "veth", "peer", "name", "eth0", "netns", pid).Run() == nil {
			break
		}
	}
	h.must(exec.Command("ip", "link", "set", here, "master", bridge, "up"))
	h.must(h.Command("ip", "address", "add", fmt.Sprintf(hostAddresses, 2+number), "dev", "eth0"))
	// The next host with this address has the same, so that no neighbour entry is wrong.
	h.must(h.Command("ip", "link", "set", "eth0", "address", fmt.Sprintf("02:00:00:00:01:%02x", number), "up"))
	// Without a way out the kernel would not answer for the containers' gateway.
	h.must(h.Command("ip", "route", "add", "default", "via", worldAddress))
}

// Address returns the host's address on the bridge.
func (h *Host) Address() string {
	out, err := h.Command("ip", "-4", "-o", "address", "show", "dev", "eth0").Output()
	if err != nil {
		h.t.Fatal(err)
	}
	_, rest, _ := strings.Cut(string(out), "inet ")
	address, _, _ := strings.Cut(rest, "/")
	return address
}

func (h *Host) must(cmd *exec.Cmd) {
	h.t.Helper()
	if out, err := cmd.CombinedOutput(); err != nil {
		h.t.Fatalf("%v: %v\n%s", cmd.Args, err, out)
	}
}

// Command returns a command that runs on the host.
func (h *Host) Command(name string, args ...string) *exec.Cmd {
	return exec.Command("nsenter", append([]string{"-t", strconv.Itoa(h.holder.Process.Pid), "-n", "-m", name}, args...)...)
}

// A Process is one on a host, with its log.
type Process struct {
	cmd  *exec.Cmd
	done chan struct{}
	err  error

	mu  sync.Mutex
	log bytes.Buffer
}

// Write takes a part of the log.
func (p *Process) Write(text []byte) (int, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.log.Write(text)
}

// Log returns what the process has written so far.
func (p *Process) Log() string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.log.String()
}

// Start runs a command of [Host.Command] until the test ends.
func (h *Host) Start(cmd *exec.Cmd) *Process {
	h.t.Helper()
	p := &Process{cmd: cmd, done: make(chan struct{})}
	cmd.Stdout, cmd.Stderr = p, p
	if err := cmd.Start(); err != nil {
		h.t.Fatal(err)
	}
	go func() {
		p.err = cmd.Wait()
		close(p.done)
	}()
	h.t.Cleanup(func() {
		_ = p.Stop(syscall.SIGKILL)
		if h.t.Failed() {
			h.t.Logf("%v:\n%s", cmd.Args[6:], tail(p.Log()))
		}
	})
	return p
}

func tail(text string) string {
	const most = 12000
	if len(text) > most {
		return "..." + text[len(text)-most:]
	}
	return text
}

// Stop sends a signal and waits for the end, whose error it returns.
func (p *Process) Stop(signal os.Signal) error {
	select {
	case <-p.done:
		return p.err
	default:
	}
	_ = p.cmd.Process.Signal(signal)
	select {
	case <-p.done:
		return p.err
	case <-time.After(30 * time.Second):
		_ = p.cmd.Process.Kill()
		return errors.New("it did not end")
	}
}

// Done is closed when the process has ended.
func (p *Process) Done() <-chan struct{} { return p.done }

// StartEngine starts the host's engine and waits until it answers.
func (h *Host) StartEngine(ctx context.Context, args ...string) {
	h.t.Helper()
	h.LaunchEngine(args...)
	h.AwaitEngine(ctx)
}

// engineVariable names another dockerd than that of the path, to try a release by
// hand.
const engineVariable = "CALICOCTL_TEST_DOCKERD"

func dockerd() string { return cmp.Or(os.Getenv(engineVariable), "dockerd") }

// LaunchEngine starts the host's engine.
func (h *Host) LaunchEngine(args ...string) {
	h.t.Helper()
	all := append([]string{
		"--data-root", h.Dir + "/data", "--exec-root", h.Dir + "/exec", "--pidfile", h.Dir + "/docker.pid",
		"-H", "unix://" + h.socket, "--storage-driver", "vfs", "--bridge", "none", "--iptables=false", "--ip-masq=false",
	}, args...)
	all = append(all, cgroups.Flags(os.Getenv(groupVariable))...)
	h.dockerd = h.Start(h.Command(dockerd(), all...))
}

// AwaitEngine waits until the engine answers.
func (h *Host) AwaitEngine(ctx context.Context) {
	h.t.Helper()
	if h.Docker == nil {
		var err error
		if h.Docker, err = client.NewClientWithOpts(client.WithHost("unix://"+h.socket), client.WithAPIVersionNegotiation()); err != nil {
			h.t.Fatal(err)
		}
		h.t.Cleanup(func() { _ = h.Docker.Close() })
	}
	for {
		if _, err := h.Docker.Info(ctx); err == nil {
			return
		}
		select {
		case <-ctx.Done():
			h.t.Fatalf("the engine does not answer: %v\n%s", ctx.Err(), tail(h.dockerd.Log()))
		case <-h.dockerd.done:
			h.t.Fatalf("the engine has ended: %v\n%s", h.dockerd.err, tail(h.dockerd.Log()))
		case <-time.After(50 * time.Millisecond):
		}
	}
}

// StopEngine ends the host's engine with a signal.
func (h *Host) StopEngine(signal os.Signal) { _ = h.dockerd.Stop(signal) }

// Socket returns the engine's address.
func (h *Host) Socket() string { return "unix://" + h.socket }

// LoadImage gives the engine the image [Image].
func (h *Host) LoadImage(ctx context.Context, program string) {
	h.t.Helper()
	h.LoadImageAs(ctx, program, Image, "probe")
}

// LoadImageAs gives the engine an image that holds one program.
func (h *Host) LoadImageAs(ctx context.Context, program, name, path string) {
	h.t.Helper()
	content, err := os.ReadFile(program)
	if err != nil {
		h.t.Fatal(err)
	}
	var files bytes.Buffer
	archive := tar.NewWriter(&files)
	err = archive.WriteHeader(&tar.Header{Name: path, Mode: 0o755, Size: int64(len(content))})
	if err == nil {
		_, err = archive.Write(content)
	}
	if err = errors.Join(err, archive.Close()); err != nil {
		h.t.Fatal(err)
	}
	answer, err := h.Docker.ImageImport(ctx, image.ImportSource{Source: &files, SourceName: "-"}, name, image.ImportOptions{})
	if err != nil {
		h.t.Fatal(err)
	}
	defer answer.Close()
	if _, err := io.Copy(io.Discard, answer); err != nil { // it is done at the end of the answer
		h.t.Fatal(err)
	}
}

// Build builds a program of this module without libraries, for as long as the tests
// run.
func Build(pkg string) (string, error) {
	program := filepath.Join(os.Getenv(dirVariable), filepath.Base(pkg))
	build := exec.Command("go", "build", "-o", program, pkg)
	build.Env = append(os.Environ(), "CGO_ENABLED=0")
	if said, err := build.CombinedOutput(); err != nil {
		return "", fmt.Errorf("%w: %s", err, said)
	}
	return program, nil
}
