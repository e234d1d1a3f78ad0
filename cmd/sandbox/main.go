// Command sandbox gives calicoctl something to work on without a Calico
// installation: an etcd that lives as long as the program does.
//
// It is a program of its own so that the code of an etcd server does not end
// up in calicoctl.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"

	"github.com/calicoctl/calicoctl/internal/testkit/embedetcd"
)

const usage = `Usage: sandbox [--dir DIR]

Starts an etcd on free ports of 127.0.0.1 and prints the line for a shell to
use it, "export ETCD_ENDPOINTS=...". It runs until Ctrl-C.

      --dir DIR  keep the data in DIR (default: a temporary directory that is
                 removed at the end)
      --help     print this text
`

// Exit codes.
const (
	exitDone   = 0
	exitFailed = 1
	exitUsage  = 2
)

func main() {
	embedetcd.Quiet()
	signals := []os.Signal{os.Interrupt, syscall.SIGTERM}
	if !signal.Ignored(syscall.SIGHUP) { // nohup wants it to go on
		signals = append(signals, syscall.SIGHUP)
	}
	ctx, stop := signal.NotifyContext(context.Background(), signals...)
	code := run(ctx, os.Args[1:], os.Stdout, os.Stderr)
	stop()
	os.Exit(code)
}

// run serves until ctx ends, and returns the exit code.
func run(ctx context.Context, args []string, stdout, stderr io.Writer) int {
	flags := flag.NewFlagSet("sandbox", flag.ContinueOnError)
	flags.SetOutput(io.Discard)
	dir := flags.String("dir", "", "")
	err := flags.Parse(args)
	if err == nil && flags.NArg() > 0 {
		err = fmt.Errorf("unexpected argument %q", flags.Arg(0))
	}
	switch {
	case errors.Is(err, flag.ErrHelp):
		fmt.Fprint(stdout, usage)
		return exitDone
	case err != nil:
		fmt.Fprintf(stderr, "sandbox: %v; see sandbox --help\n", err)
		return exitUsage
	}
	if err := serve(ctx, *dir, stdout, stderr); err != nil {
		fmt.Fprintf(stderr, "sandbox: %v\n", err)
		return exitFailed
	}
	return exitDone
}

// serve runs an etcd until ctx ends. Only the line for the shell goes to
// stdout, so that a script can read it.
func serve(ctx context.Context, dir string, stdout, stderr io.Writer) (err error) {
	server, err := embedetcd.Start(ctx, embedetcd.Options{Dir: dir})
	if err != nil {
		if ctx.Err() != nil {
			return nil // Ctrl-C came before etcd was up
		}
		return err
	}
	defer func() { err = errors.Join(err, server.Close()) }()
	if err := server.AddCalico(ctx); err != nil {
		return err
	}

	if _, err := fmt.Fprintf(stdout, "export ETCD_ENDPOINTS=%s\n", server.Endpoint()); err != nil {
		return err
	}
	fate := "Its data is gone afterwards."
	if dir != "" {
		fate = "Its data stays in " + dir + "."
	}
	fmt.Fprintf(stderr, "An empty etcd runs until Ctrl-C. %s\n"+
		"Paste the line above into another shell and try: calicoctl profile add web\n", fate)
	select {
	case <-ctx.Done():
		return nil
	case <-server.Stopped():
		return errors.New("etcd stopped by itself")
	}
}
