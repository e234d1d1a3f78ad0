//go:build !generate

// The limits of the container's CPU, which the runtime would look up and watch,
// do not matter to a process of ten milliseconds.

//go:debug containermaxprocs=0

// Command calicoctl reads and changes the security policy of Calico networks.
package main

import (
	"context"
	"io"
	"os"
	"os/signal"
	"syscall"

	"google.golang.org/grpc/grpclog"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	// After the first signal a second one ends the process at once.
	context.AfterFunc(ctx, stop)
	// gRPC would print lines of its own; the errors hold what they say.
	grpclog.SetLoggerV2(grpclog.NewLoggerV2(io.Discard, io.Discard, io.Discard))
	os.Exit(run(ctx, os.Args[1:], os.Stdin, os.Stdout, os.Stderr, os.LookupEnv))
}
