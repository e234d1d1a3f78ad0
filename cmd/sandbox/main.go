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
       sandbox --demo [--calicoctl PATH]

Starts an etcd on free ports of 127.0.0.1 and prints the line for a shell to
use it, "export ETCD_ENDPOINTS=...". It runs until Ctrl-C.

      --dir DIR         keep the data in DIR (default: a temporary directory
                        that is removed at the end)
      --demo            instead run calicoctl's walkthrough on that etcd, then
                        end with the exit code of the first command that
                        failed, or 0. Two Docker networks are made for it, and
                        removed at the end, if a Docker engine answers and
                        their names, databases and applications, are free;
                        otherwise the profiles just have these names
      --calicoctl PATH  the calicoctl of the demo (default: the one beside this
                        program, else the one in PATH)
      --help            print this text
`

// Exit codes. The demo also ends with those of calicoctl.
const (
	exitDone        = 0
	exitFailed      = 1
	exitUsage       = 2
	exitInterrupted = 130
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

// options are the words of the command line.
type options struct {
	dir       string
	demo      bool
	calicoctl string
}

// parseOptions reads the command line; its error is flag.ErrHelp when help was
// asked for.
func parseOptions(args []string) (options, error) {
	var opts options
	flags := flag.NewFlagSet("sandbox", flag.ContinueOnError)
	flags.SetOutput(io.Discard)
	flags.StringVar(&opts.dir, "dir", "", "")
	flags.BoolVar(&opts.demo, "demo", false, "")
	flags.StringVar(&opts.calicoctl, "calicoctl", "", "")
	if err := flags.Parse(args); err != nil {
		return options{}, err
	}
	switch {
	case flags.NArg() > 0:
		return options{}, fmt.Errorf("unexpected word %q", flags.Arg(0))
	case opts.demo && opts.dir != "":
		return options{}, errors.New("--dir does not go with --demo, which begins with an empty etcd")
	case !opts.demo && opts.calicoctl != "":
		return options{}, errors.New("--calicoctl is for --demo only")
	}
	return opts, nil
}

// run does what args say until it is done or ctx ends, and returns the exit
// code.
func run(ctx context.Context, args []string, stdout, stderr io.Writer) int {
	opts, err := parseOptions(args)
	if errors.Is(err, flag.ErrHelp) {
		fmt.Fprint(stdout, usage)
		return exitDone
	}
	if err != nil {
		fmt.Fprintf(stderr, "sandbox: %v; see sandbox --help\n", err)
		return exitUsage
	}
	code := exitDone
	if opts.demo {
		code, err = runDemo(ctx, opts.calicoctl, stdout, stderr)
	} else {
		err = serve(ctx, opts.dir, stdout, stderr)
	}
	if err != nil {
		fmt.Fprintf(stderr, "sandbox: %v\n", err)
		code = max(code, exitFailed)
	}
	return code
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
