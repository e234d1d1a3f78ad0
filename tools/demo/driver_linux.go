package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"

	"github.com/calicoctl/calicoctl/internal/testkit/cgroups"
)

// inside is the variable that tells the program that it runs in the namespaces. Its
// value is the directory of what it makes there.
const inside = "CALICOCTL_DEMO_INSIDE"

// groupVariable holds the name of the engine's control group.
const groupVariable = "CALICOCTL_DEMO_GROUP"

// configDir is where dockerd puts its key, whatever its flags say.
const configDir = "/etc/docker"

// noDriver returns why Calico's driver cannot be shown; nil if it can. It needs an
// engine of its own, in namespaces.
func noDriver(calicoctl string) error {
	if os.Getuid() != 0 {
		return errors.New("that takes root, to start a Docker engine in namespaces of its own")
	}
	if _, err := exec.LookPath("dockerd"); err != nil {
		return errors.New("dockerd is not installed")
	}
	if _, err := exec.LookPath(driverBeside(calicoctl)); err != nil {
		return fmt.Errorf("there is no calico-docker beside %s", calicoctl)
	}
	return nil
}

func driverBeside(calicoctl string) string {
	return filepath.Join(filepath.Dir(calicoctl), "calico-docker")
}

// runWithDriver runs the demo in namespaces: of the network, of mounts and of
// processes. All that is started there ends with the first process.
func runWithDriver(ctx context.Context, calicoctl string, stdout, stderr io.Writer) (code int, err error) {
	self, err := os.Executable()
	if err != nil {
		return exitFailed, err
	}
	calicoctl, err = filepath.Abs(calicoctl)
	if err != nil {
		return exitFailed, err
	}
	dir, err := os.MkdirTemp("", "demo")
	if err != nil {
		return exitFailed, err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	if os.Mkdir(configDir, 0o755) == nil { // something is mounted on it
		defer os.Remove(configDir)
	}
	group := cgroups.NewName()
	defer func() { err = errors.Join(err, cgroups.Remove(group)) }()
	cmd := exec.CommandContext(ctx, self, "--calicoctl", calicoctl)
	cmd.Env = append(os.Environ(), inside+"="+dir, groupVariable+"="+group, "TMPDIR="+dir)
	cmd.Stdout, cmd.Stderr = stdout, stderr
	cmd.SysProcAttr = &syscall.SysProcAttr{
		Cloneflags: syscall.CLONE_NEWNET | syscall.CLONE_NEWNS | syscall.CLONE_NEWPID, Pdeathsig: syscall.SIGKILL,
	}
	err = cmd.Run()
	var exit *exec.ExitError
	switch {
	case ctx.Err() != nil:
		return exitInterrupted, nil
	case errors.As(err, &exit):
		return exitCode(exit), nil
	case err != nil:
		return exitFailed, fmt.Errorf("no namespaces can be made: %w", err)
	}
	return exitDone, nil
}
