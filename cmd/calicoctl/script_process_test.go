package main

import (
	"context"
	"errors"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"syscall"

	"github.com/rogpeppe/go-internal/testscript"
)

// process prepares a command that runs beside the script; what it prints is the
// script's stdout and stderr.
func process(ts *testscript.TestScript, args []string) (cmd *exec.Cmd, end func()) {
	ctx, cancel := context.WithTimeout(context.Background(), safetyNet)
	file, err := exec.LookPath(args[0])
	ts.Check(err)
	cmd = exec.CommandContext(ctx, file, args[1:]...)
	cmd.Dir = ts.Getenv("WORK")
	cmd.Env = []string{raceOptions}
	for _, name := range []string{"PATH", "HOME", "TMPDIR", "DOCKER_HOST", "ETCD_ENDPOINTS"} {
		cmd.Env = append(cmd.Env, name+"="+ts.Getenv(name))
	}
	cmd.Stderr = ts.Stderr()
	cmd.Stdout = ts.Stdout()
	return cmd, cancel
}

// scriptInterrupt presses Ctrl-C as soon as the command waits for the answer of
// a hanging port.
func scriptInterrupt(ts *testscript.TestScript, _ bool, args []string) {
	want, err := strconv.Atoi(args[0])
	ts.Check(err)
	cmd, end := process(ts, args[1:])
	defer end()
	select {
	case <-worldOf(ts).accepted: // an earlier command of the script
	default:
	}
	ts.Check(cmd.Start())
	ended := make(chan error, 1)
	go func() { ended <- cmd.Wait() }()
	select {
	case <-worldOf(ts).accepted:
	case err := <-ended:
		ts.Fatalf("the command ended before it was interrupted: %v", err)
	}
	ts.Check(cmd.Process.Signal(os.Interrupt))
	<-ended
	if got := cmd.ProcessState.ExitCode(); got != want {
		ts.Fatalf("exit code %d (%s), want %d", got, cmd.ProcessState, want)
	}
}

// scriptClosedPipe lets a command print into a pipe that nobody reads any more,
// as that of "calicoctl ... | head -1" after head has ended. It must say nothing
// about it: it ends by the signal, or as if all had been read.
func scriptClosedPipe(ts *testscript.TestScript, _ bool, args []string) {
	cmd, end := process(ts, args)
	defer end()
	reader, writer, err := os.Pipe()
	ts.Check(err)
	ts.Check(reader.Close())
	var said strings.Builder
	cmd.Stdout, cmd.Stderr = writer, &said
	err = cmd.Run()
	ts.Check(writer.Close())
	var exit *exec.ExitError
	if errors.As(err, &exit) {
		if status, ok := exit.Sys().(syscall.WaitStatus); ok && status.Signaled() && status.Signal() == syscall.SIGPIPE {
			err = nil
		}
	}
	ts.Check(err)
	if said.Len() > 0 {
		ts.Fatalf("it says: %s", said.String())
	}
}
