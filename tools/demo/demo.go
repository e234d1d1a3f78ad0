package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"syscall"
	"time"

	"github.com/calicoctl/calicoctl/internal/testkit/embedetcd"
)

// childPatience is how long a command that was told to stop may take for it.
const childPatience = 5 * time.Second

// names are those of the two networks of the walkthrough, or of their profiles
// where there are no networks.
type names struct {
	databases, applications string
}

func (n names) all() []string { return []string{n.databases, n.applications} }

// walkthrough returns the commands that the demo runs, each as the words after
// calicoctl: two profiles, a rule that lets one into the other, and the removal
// of the rule that was there at first.
func walkthrough(n names) [][]string {
	lines := []string{
		"profile add " + n.databases,
		"profile add " + n.applications,
		"profile " + n.databases + " rule show",
		"profile " + n.databases + " rule add inbound allow tcp from tag " + n.applications + " to ports 3306",
		"profile " + n.databases + " rule show",
		"profile " + n.databases + " rule remove inbound --at=1",
		"profile " + n.databases + " rule show",
	}
	steps := make([][]string, len(lines))
	for i, line := range lines {
		steps[i] = strings.Fields(line)
	}
	return steps
}

// demo is one run of the walkthrough.
type demo struct {
	calicoctl      string // path of the program
	endpoint       string // of the etcd that it works on
	environ        []string
	names          names
	docker         networkAPI // nil when there is no engine to ask
	noDocker       error      // why docker is nil
	stdout, stderr io.Writer
}

// runDemo runs the walkthrough with the calicoctl at path, or the one that it
// finds when path is empty, and returns its exit code.
func runDemo(ctx context.Context, path string, stdout, stderr io.Writer) (code int, err error) {
	if path, err = findCalicoctl(path); err != nil {
		return exitFailed, err
	}
	if dir := os.Getenv(inside); dir != "" {
		return runInside(ctx, path, dir, stdout, stderr)
	}
	why := noDriver(path)
	if why == nil {
		return runWithDriver(ctx, path, stdout, stderr)
	}
	fmt.Fprintf(stdout, "# Without Calico's driver for Docker: %v.\n", why)
	server, err := embedetcd.Start(ctx, embedetcd.Options{Fast: true})
	if err != nil {
		if ctx.Err() != nil {
			return exitInterrupted, nil
		}
		return exitFailed, err
	}
	defer func() { err = errors.Join(err, server.Close()) }()
	if err := server.AddCalico(ctx); err != nil {
		return exitFailed, err
	}

	docker, noDocker := connectDocker(ctx)
	if docker != nil {
		defer docker.Close()
	}
	d := &demo{
		calicoctl: path,
		endpoint:  server.Endpoint(),
		environ:   os.Environ(),
		names:     names{databases: "databases", applications: "applications"},
		noDocker:  noDocker,
		stdout:    stdout,
		stderr:    stderr,
	}
	if docker != nil {
		d.docker = docker
	}
	return d.run(ctx)
}

// findCalicoctl returns the path of the calicoctl to run.
func findCalicoctl(path string) (string, error) {
	if path == "" {
		name := "calicoctl"
		if runtime.GOOS == "windows" {
			name += ".exe"
		}
		path = name
		if self, err := os.Executable(); err == nil {
			beside := filepath.Join(filepath.Dir(self), name)
			if _, err := os.Stat(beside); err == nil {
				path = beside
			}
		}
	}
	found, err := exec.LookPath(path)
	if err == nil {
		return found, nil
	}
	var why *exec.Error
	if errors.As(err, &why) {
		err = why.Err // without the path, which the message has already
	}
	return "", fmt.Errorf("cannot run %s: %w; build calicoctl with make build, or say with --calicoctl where it is", path, err)
}

// run makes the networks if it can, runs the commands, and removes what it made
// whatever came of them. Its code is that of the first command that failed.
func (d *demo) run(ctx context.Context) (code int, err error) {
	made, err := d.makeNetworks(ctx)
	if made != nil {
		defer func() { err = errors.Join(err, d.removeNetworks(ctx, made)) }()
	}
	if err != nil {
		return exitFailed, err
	}
	literal := made == nil
	for _, words := range walkthrough(d.names) {
		if ctx.Err() != nil {
			return exitInterrupted, nil
		}
		if code, err := d.command(ctx, words, literal); code != 0 || err != nil {
			return code, err
		}
	}
	return exitDone, nil
}

// command prints a calicoctl command, runs it, and returns its exit code.
func (d *demo) command(ctx context.Context, words []string, literal bool) (int, error) {
	fmt.Fprintf(d.stdout, "$ calicoctl %s\n", strings.Join(words, " "))
	cmd := exec.CommandContext(ctx, d.calicoctl, words...)
	cmd.Env = childEnv(d.environ, d.endpoint, literal)
	cmd.Stdout, cmd.Stderr = d.stdout, d.stderr
	cmd.Cancel = func() error { return cmd.Process.Signal(os.Interrupt) }
	cmd.WaitDelay = childPatience
	err := cmd.Run()
	var exit *exec.ExitError
	switch {
	case err == nil:
		return exitDone, nil
	case errors.As(err, &exit):
		return exitCode(exit), nil
	case ctx.Err() != nil:
		return exitInterrupted, nil // it went on to its end nevertheless
	}
	return exitFailed, fmt.Errorf("run calicoctl: %w", err)
}

// exitCode is the exit code of a command, counted as a shell does when a signal
// ended it.
func exitCode(exit *exec.ExitError) int {
	if status, ok := exit.Sys().(syscall.WaitStatus); ok && status.Signaled() {
		return 128 + int(status.Signal())
	}
	return exit.ExitCode()
}

// childEnv returns the environment of a command: environ without anything that
// would lead calicoctl to another datastore or change what it prints, and with
// what outweighs the machine's own configuration file, should it have one.
func childEnv(environ []string, endpoint string, literal bool) []string {
	env := slices.DeleteFunc(slices.Clone(environ), func(setting string) bool {
		for _, prefix := range []string{"ETCD_", "CALICO_", "CALICOCTL_", "DATASTORE_TYPE="} {
			if strings.HasPrefix(setting, prefix) {
				return true
			}
		}
		return false
	})
	env = append(env, "DATASTORE_TYPE=etcdv3", "ETCD_ENDPOINTS="+endpoint)
	if literal {
		env = append(env, "CALICOCTL_LITERAL=1")
	}
	return env
}
