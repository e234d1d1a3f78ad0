package main

import (
	"bytes"
	"io"
	"os/exec"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/rogpeppe/go-internal/testscript"
)

// The commands of scripts for a command that stays:
//
//	start command...           run it beside the script
//	sees TEXT                  wait until it has printed a text
//	types [TEXT]               type a line, which it has on standard input
//	closes                     end its standard input
//	ends N [SIGNAL]            send it INT, TERM or HUP, or nothing, and wait for its
//	                           end with exit code N; what it has printed is stdout
//	                           and stderr then

// A beside is a command that runs beside the script.
type beside struct {
	cmd            *exec.Cmd
	stdin          io.WriteCloser
	stdout, stderr screen
	ended          chan struct{} // closed at its end
}

// A screen takes what a command prints.
type screen struct {
	mu    sync.Mutex
	text  bytes.Buffer
	fresh chan struct{} // gets something when there is more
}

func (s *screen) Write(text []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	select {
	case s.fresh <- struct{}{}:
	default:
	}
	return s.text.Write(text)
}

func (s *screen) String() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.text.String()
}

func scriptStart(ts *testscript.TestScript, _ bool, args []string) {
	b := &beside{ended: make(chan struct{})}
	fresh := make(chan struct{}, 1)
	b.stdout.fresh, b.stderr.fresh = fresh, fresh
	cmd, end := process(ts, args)
	b.cmd, cmd.Stdout, cmd.Stderr = cmd, &b.stdout, &b.stderr
	var err error
	b.stdin, err = cmd.StdinPipe()
	ts.Check(err)
	ts.Check(cmd.Start())
	go func() {
		_ = cmd.Wait()
		close(b.ended)
	}()
	ts.Defer(func() {
		end()
		<-b.ended
	})
	worldOf(ts).beside = b
}

func scriptSees(ts *testscript.TestScript, _ bool, args []string) {
	b, text := worldOf(ts).beside, strings.Join(args, " ")
	patience := time.NewTimer(time.Minute)
	defer patience.Stop()
	for there := func() bool { return strings.Contains(b.stdout.String()+b.stderr.String(), text) }; !there(); {
		select {
		case <-b.stdout.fresh:
			continue
		case <-b.ended:
			if there() {
				return
			}
		case <-patience.C:
		}
		ts.Fatalf("%q does not come; it has printed\n%s%s", text, b.stdout.String(), b.stderr.String())
	}
}

func scriptTypes(ts *testscript.TestScript, _ bool, args []string) {
	_, err := io.WriteString(worldOf(ts).beside.stdin, strings.Join(args, " ")+"\n")
	ts.Check(err)
}

func scriptCloses(ts *testscript.TestScript, _ bool, _ []string) {
	ts.Check(worldOf(ts).beside.stdin.Close())
}

func scriptEnds(ts *testscript.TestScript, _ bool, args []string) {
	b := worldOf(ts).beside
	want, err := strconv.Atoi(args[0])
	ts.Check(err)
	if len(args) > 1 {
		signals := map[string]syscall.Signal{"INT": syscall.SIGINT, "TERM": syscall.SIGTERM, "HUP": syscall.SIGHUP, "KILL": syscall.SIGKILL}
		ts.Check(b.cmd.Process.Signal(signals[args[1]]))
	}
	<-b.ended
	_, _ = io.WriteString(ts.Stdout(), b.stdout.String())
	_, _ = io.WriteString(ts.Stderr(), b.stderr.String())
	if got := b.cmd.ProcessState.ExitCode(); got != want {
		ts.Fatalf("exit code %d (%s), want %d", got, b.cmd.ProcessState, want)
	}
}
