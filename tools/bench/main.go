//go:build unix

// Command bench measures whole commands of calicoctl beside the least programs
// that ask the same of etcd and Docker, and beside etcdctl, and writes what it
// finds to docs/performance.md. "make bench" builds all of them and runs it.
//
// Everything runs on this machine: etcd servers of its own, each in a process
// of its own, and the Docker engine, if one answers, where it makes two
// networks and removes them.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"syscall"
	"time"
)

// minRounds is how often each command is run at least, for a median to mean
// something.
const minRounds = 30

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := run(ctx, os.Args[1:])
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

// options are the words of the command line.
type options struct {
	rounds int
	output string
	goTool string
	skipGo bool
}

func run(ctx context.Context, args []string) error {
	if len(args) > 0 && args[0] == "serve" {
		return serve(ctx, args[1:])
	}
	opts := options{}
	flags := flag.NewFlagSet("bench", flag.ContinueOnError)
	flags.IntVar(&opts.rounds, "rounds", 40, "how often each command is run")
	flags.StringVar(&opts.output, "output", "docs/performance.md", "the file whose generated part is written")
	flags.StringVar(&opts.goTool, "go", "go", "the go command")
	flags.BoolVar(&opts.skipGo, "skip-go", false, "without the Go benchmarks")
	switch err := flags.Parse(args); {
	case errors.Is(err, flag.ErrHelp):
		return nil
	case err != nil:
		return err
	case opts.rounds < minRounds:
		return fmt.Errorf("--rounds has to be %d at least", minRounds)
	}
	return bench(ctx, opts)
}

// bench measures, and writes the report.
func bench(ctx context.Context, opts options) (err error) {
	start := time.Now()
	dir, err := os.MkdirTemp("", "bench")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	programs, err := findPrograms()
	if err != nil {
		return err
	}
	report := &report{rounds: opts.rounds, machine: describeMachine(ctx, programs)}
	if programs.etcdctl, err = buildEtcdctl(ctx, opts.goTool, dir); err != nil {
		report.note("etcdctl could not be built, so it is missing below: %v", err)
	}
	if err := measureCommands(ctx, dir, programs, report); err != nil {
		return err
	}
	if !opts.skipGo {
		if report.benchmarks, err = goBenchmarks(ctx, opts.goTool); err != nil {
			return err
		}
	}
	if report.driver, err = driverSpeed(ctx, opts.goTool); err != nil {
		report.note("The Docker driver is missing below: %v", err)
	}
	progress("all done in %.0f s", time.Since(start).Seconds())
	fmt.Print(report.markdown())
	return report.write(opts.output)
}

// measureCommands sets up what the commands work on, and runs them.
func measureCommands(ctx context.Context, dir string, programs programs, report *report) (err error) {
	servers, err := startServers(ctx, dir)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, servers.stop()) }()
	docker, err := makeNetworks(ctx)
	switch {
	case err != nil:
		return err
	case docker.missing != nil:
		report.note("No Docker engine answers, so its part is missing below: %v", docker.missing)
	default:
		report.machine.versions += ", Docker " + docker.version
	}
	defer func() { err = errors.Join(err, docker.remove(ctx)) }()
	if err := servers.fill(ctx, docker); err != nil {
		return err
	}
	report.sections = world{programs, servers, docker}.sections()
	progress("running each command %d times", report.rounds)
	report.samples, err = measure(ctx, programs.stopwatch, planOf(report.sections, report.rounds))
	return err
}

// progress tells a person what is going on.
func progress(format string, args ...any) {
	fmt.Fprintf(os.Stderr, "bench: "+format+"\n", args...)
}
