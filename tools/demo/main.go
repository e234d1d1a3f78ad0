// Command demo runs calicoctl's walkthrough on an etcd of its own: with Calico's driver
// on a Docker engine of its own, or on two plain Docker networks if an engine answers.
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

const usage = `Usage: demo [--calicoctl PATH]

Runs calicoctl's walkthrough on an etcd of its own, and ends with the exit code of
the first command that failed, or 0. As root, where dockerd is installed and
calico-docker stands beside calicoctl, it starts a Docker engine with Calico's driver
in namespaces of its own. Otherwise, if a Docker engine answers, two plain networks
are made for it and removed at the end, unless their names, databases and
applications, are taken; otherwise the profiles just have these names.

      --calicoctl PATH  the calicoctl to run (default: the one beside this program,
                        else the one in PATH)
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
	if os.Getenv(inside) == "container" {
		os.Exit(contain(os.Args[1:]))
	}
	embedetcd.Quiet()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM, syscall.SIGHUP)
	code := run(ctx, os.Args[1:], os.Stdout, os.Stderr)
	stop()
	os.Exit(code)
}

func run(ctx context.Context, args []string, stdout, stderr io.Writer) int {
	flags := flag.NewFlagSet("demo", flag.ContinueOnError)
	flags.SetOutput(io.Discard)
	calicoctl := flags.String("calicoctl", "", "")
	err := flags.Parse(args)
	if err == nil && flags.NArg() > 0 {
		err = fmt.Errorf("unexpected argument %q", flags.Arg(0))
	}
	switch {
	case errors.Is(err, flag.ErrHelp):
		fmt.Fprint(stdout, usage)
		return exitDone
	case err != nil:
		fmt.Fprintf(stderr, "demo: %v; see demo --help\n", err)
		return exitUsage
	}
	code, err := runDemo(ctx, *calicoctl, stdout, stderr)
	if err != nil {
		fmt.Fprintf(stderr, "demo: %v\n", err)
		code = max(code, exitFailed)
	}
	return code
}
