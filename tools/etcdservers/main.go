// Command etcdservers runs tests against etcd servers of other versions than the
// one that the tests are built with. It builds each server from the Go module
// proxy, in a module of its own, so that none has a say in the versions of ours:
//
//	etcdservers [flags] VERSION... -- go test ARGUMENTS...
//
// A VERSION is a release, such as 3.5.12, or a line, such as 3.5, of which it is
// the newest release. An etcd of 3.4 cannot be built so: that is the program etcd
// in the PATH.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/calicoctl/calicoctl/internal/testkit/embedetcd"
)

const module = "go.etcd.io/etcd/server/v3"

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	err := run(ctx)
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "etcdservers:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context) error {
	dir := flag.String("dir", "bin/etcd", "where servers are built")
	flag.Parse()
	split := slices.Index(flag.Args(), "--")
	if split < 1 || split == flag.NArg()-1 {
		return errors.New("expected VERSION, more of them if need be, then -- and a COMMAND")
	}
	var report []string
	var failed error
	for _, version := range flag.Args()[:split] {
		program, err := server(ctx, *dir, version)
		if err != nil {
			return fmt.Errorf("etcd %s: %w", version, err)
		}
		line, err := test(ctx, program, flag.Args()[split+1:])
		if err != nil {
			failed = err
		}
		report = append(report, line)
	}
	fmt.Println(strings.Join(report, "\n"))
	return failed
}

// test runs a command with a server, and returns what became of it.
func test(ctx context.Context, program string, args []string) (line string, err error) {
	name, err := versionOf(ctx, program)
	if err != nil {
		return "", err
	}
	fmt.Println("==>", name)
	start := time.Now()
	cmd := exec.CommandContext(ctx, args[0], args[1:]...)
	cmd.Env = append(os.Environ(), embedetcd.ProgramVariable+"="+program)
	cmd.Stdout, cmd.Stderr = os.Stdout, os.Stderr
	result := "passed"
	if err = cmd.Run(); err != nil {
		result, err = "FAILED", fmt.Errorf("%s: %w", name, err)
	}
	return fmt.Sprintf("%-22s %s after %s", name, result, time.Since(start).Round(time.Second)), err
}

// server returns the path of a server, which is built unless it is there.
func server(ctx context.Context, dir, version string) (program string, err error) {
	if version == "3.4" || strings.HasPrefix(version, "3.4.") {
		return installed(ctx, version)
	}
	release, err := command(ctx, "", "go", "list", "-m", "-f", "{{.Version}}", module+"@v"+version)
	if err != nil {
		return "", err
	}
	if dir, err = filepath.Abs(filepath.Join(dir, release)); err != nil {
		return "", err
	}
	program = filepath.Join(dir, "etcd")
	if _, err := os.Stat(program); err == nil {
		return program, nil
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return "", err
	}
	fmt.Println("building etcd", release)
	if err := os.WriteFile(filepath.Join(dir, "go.mod"), []byte("module server\n\ngo 1.26\n"), 0o644); err != nil {
		return "", err
	}
	if _, err := command(ctx, dir, "go", "get", module+"@"+release); err != nil {
		return "", err
	}
	_, err = command(ctx, dir, "go", "build", "-buildvcs=false", "-mod=mod", "-o", program, module)
	return program, err
}

// installed returns the etcd in the PATH if it is of a version.
func installed(ctx context.Context, version string) (program string, err error) {
	if program, err = exec.LookPath("etcd"); err != nil {
		return "", fmt.Errorf("%w; Debian has it in the package etcd-server", err)
	}
	name, err := versionOf(ctx, program)
	if err == nil && !strings.HasPrefix(name+".", "etcd "+version+".") {
		err = fmt.Errorf("%s is %s", program, name)
	}
	return program, err
}

// versionOf returns "etcd 3.4.23", as the program itself says.
func versionOf(ctx context.Context, program string) (string, error) {
	text, err := command(ctx, "", program, "--version")
	first, _, _ := strings.Cut(text, "\n")
	return strings.Replace(first, " Version:", "", 1), err
}

// command returns what a program prints.
func command(ctx context.Context, dir, program string, args ...string) (string, error) {
	cmd := exec.CommandContext(ctx, program, args...)
	cmd.Dir, cmd.Env = dir, append(os.Environ(), "CGO_ENABLED=0")
	var stderr strings.Builder
	cmd.Stderr = &stderr
	output, err := cmd.Output()
	if err != nil {
		return "", fmt.Errorf("%s %s: %w\n%s", program, strings.Join(args, " "), err, stderr.String())
	}
	return strings.TrimSpace(string(output)), nil
}
