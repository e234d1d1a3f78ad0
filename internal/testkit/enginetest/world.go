//go:build linux

// Package enginetest runs hosts for tests: each is a network namespace and a mount
// namespace with a Docker engine of its own. All of them end with the test process,
// and the machine's engine, firewall and routes stay as they are.
package enginetest

import (
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"

	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"

	"github.com/calicoctl/calicoctl/internal/testkit/cgroups"
)

// inside is the variable that tells a process that it is in the namespaces, and what
// it is there: the first process, which takes leave of those whose parents have
// ended, or the tests.
const (
	inside  = "CALICO_ENGINETEST"
	isFirst = "first"
	isTests = "tests"
)

// groupVariable holds the name of the control group of all engines.
const groupVariable = "CALICO_ENGINETEST_GROUP"

// dirVariable holds a directory for what tests share, which ends with them.
const dirVariable = "CALICO_ENGINETEST_DIR"

// bridge connects the hosts and the test process.
const (
	bridge        = "world"
	worldAddress  = "172.31.255.1"
	hostAddresses = "172.31.255.%d/24"
)

// Run runs the tests of a package in namespaces of their own: network, mounts and
// processes. Without root, or without dockerd, it runs them where they are, and
// [Require] skips those that need an engine.
func Run(m *testing.M) int {
	switch os.Getenv(inside) {
	case isFirst:
		return first()
	case isTests:
		return m.Run()
	}
	if reason() != "" {
		return m.Run()
	}
	dir, err := os.MkdirTemp("", "enginetest")
	if err != nil {
		fmt.Fprintln(os.Stderr, "enginetest:", err)
		return 1
	}
	group := cgroups.NewName()
	defer func() {
		if err := errors.Join(cgroups.Remove(group), os.RemoveAll(dir)); err != nil {
			fmt.Fprintln(os.Stderr, "enginetest:", err)
		}
	}()
	cmd := exec.Command("/proc/self/exe", os.Args[1:]...)
	cmd.Env = append(os.Environ(), inside+"="+isFirst, groupVariable+"="+group, dirVariable+"="+dir)
	cmd.Stdin, cmd.Stdout, cmd.Stderr = os.Stdin, os.Stdout, os.Stderr
	cmd.SysProcAttr = &syscall.SysProcAttr{
		Cloneflags: syscall.CLONE_NEWNET | syscall.CLONE_NEWNS | syscall.CLONE_NEWPID, Pdeathsig: syscall.SIGKILL,
	}
	err = cmd.Run()
	var failed *exec.ExitError
	if errors.As(err, &failed) {
		return failed.ExitCode()
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "enginetest:", err)
		return 1
	}
	return 0
}

// first makes the namespaces ready and runs the tests in a second process. It waits
// for every process, or those that were killed would seem to be alive.
func first() int {
	err := enter()
	child := 0
	if err == nil {
		environment := slices.DeleteFunc(os.Environ(), func(v string) bool { return strings.HasPrefix(v, inside+"=") })
		child, err = syscall.ForkExec("/proc/self/exe", os.Args, &syscall.ProcAttr{
			Env: append(environment, inside+"="+isTests), Files: []uintptr{0, 1, 2},
		})
	}
	for err == nil {
		var status syscall.WaitStatus
		pid := 0
		if pid, err = syscall.Wait4(-1, &status, 0, nil); errors.Is(err, syscall.EINTR) {
			err = nil
		}
		switch {
		case pid != child:
		case status.Exited():
			return status.ExitStatus()
		default:
			return 1
		}
	}
	fmt.Fprintln(os.Stderr, "enginetest:", err)
	return 1
}

// reason returns why no engine can be started; empty if one can.
func reason() string {
	if os.Getuid() != 0 {
		return "needs root, to make namespaces and to start a Docker engine"
	}
	for _, program := range []string{dockerd(), "nsenter"} {
		if _, err := exec.LookPath(program); err != nil {
			return "needs " + program
		}
	}
	return ""
}

// Require skips a test that needs an engine where none can be started. With
// CALICOCTL_TEST_DOCKER=1 that is a failure.
func Require(t testing.TB) {
	t.Helper()
	why := reason()
	if why == "" && os.Getenv(inside) == "" {
		why = "the package's TestMain does not call enginetest.Run"
	}
	if why != "" && os.Getenv("CALICOCTL_TEST_DOCKER") == "1" && os.Getuid() == 0 {
		t.Fatal(why)
	}
	if why != "" {
		t.Skip(why)
	}
}

// enter makes the namespaces ready.
func enter() error {
	if err := unix.Mount("", "/", "", unix.MS_REC|unix.MS_PRIVATE, ""); err != nil {
		return fmt.Errorf("mounts cannot be made private: %w", err)
	}
	if err := unix.Mount("proc", "/proc", "proc", 0, ""); err != nil {
		return fmt.Errorf("/proc cannot be mounted: %w", err)
	}
	loopback, err := netlink.LinkByName("lo")
	if err == nil {
		err = netlink.LinkSetUp(loopback)
	}
	if err != nil {
		return err
	}
	attributes := netlink.NewLinkAttrs()
	attributes.Name = bridge
	// Its own would be that of a host, and change with the end of that: for seconds
	// the others would not reach the bridge.
	attributes.HardwareAddr = net.HardwareAddr{2, 0, 0, 0, 0, 1}
	device := &netlink.Bridge{LinkAttrs: attributes}
	if err := netlink.LinkAdd(device); err != nil {
		return fmt.Errorf("the bridge between the hosts cannot be made: %w", err)
	}
	address, err := netlink.ParseAddr(worldAddress + "/24")
	if err == nil {
		err = netlink.AddrAdd(device, address)
	}
	if err == nil {
		err = netlink.LinkSetUp(device)
	}
	return err
}

// Forward makes an address of the test process, 127.0.0.1:PORT, one that hosts can
// reach, and returns that. It ends with the test.
func Forward(t testing.TB, target string) string {
	t.Helper()
	listener, err := net.Listen("tcp", worldAddress+":0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = listener.Close() })
	go func() {
		for {
			client, err := listener.Accept()
			if err != nil {
				return
			}
			go pipe(client, target)
		}
	}()
	return listener.Addr().String()
}

func pipe(client net.Conn, target string) {
	defer client.Close()
	server, err := net.Dial("tcp", target)
	if err != nil {
		return
	}
	defer server.Close()
	var both sync.WaitGroup
	for _, pair := range [][2]net.Conn{{client, server}, {server, client}} {
		both.Go(func() {
			_, _ = io.Copy(pair[0], pair[1])
			_ = pair[0].(*net.TCPConn).CloseWrite()
		})
	}
	both.Wait()
}
