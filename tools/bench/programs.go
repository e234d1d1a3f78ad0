//go:build unix

package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime/debug"

	"github.com/calicoctl/calicoctl/tools/bench/plan"
)

// programs are the files of what is measured, and of what measures it.
type programs struct {
	calicoctl, floor, floorBare, stopwatch string
	etcdctl                                string // empty when it could not be built
}

// findPrograms returns those that the Makefile has built beside this one.
func findPrograms() (programs, error) {
	self, err := os.Executable()
	if err != nil {
		return programs{}, err
	}
	dir := filepath.Dir(self)
	p := programs{
		calicoctl: filepath.Join(dir, "calicoctl"), floor: filepath.Join(dir, "floor"),
		floorBare: filepath.Join(dir, "floor-bare"), stopwatch: filepath.Join(dir, "stopwatch"),
	}
	for _, file := range []string{p.calicoctl, p.floor, p.floorBare, p.stopwatch} {
		if _, err := os.Stat(file); err != nil {
			return programs{}, fmt.Errorf("%w; make bench builds it", err)
		}
	}
	return p, nil
}

const (
	etcdctlPackage = "go.etcd.io/etcd/etcdctl/v3"
	etcdPackage    = "go.etcd.io/etcd/client/v3"
)

// buildEtcdctl builds etcdctl in a module of its own, as its own module cannot
// be installed by its name, of the version of etcd that is linked in here.
func buildEtcdctl(ctx context.Context, goTool, dir string) (string, error) {
	dir = filepath.Join(dir, "etcdctl")
	if err := os.Mkdir(dir, 0o755); err != nil {
		return "", err
	}
	version := moduleVersion(etcdPackage)
	progress("building etcdctl %s", version)
	output := filepath.Join(dir, "etcdctl")
	for _, args := range [][]string{
		{"mod", "init", "etcdctl"},
		{"get", "-tool", etcdctlPackage + "@" + version},
		{"build", "-trimpath", "-buildvcs=false", "-o", output, etcdctlPackage},
	} {
		cmd := exec.CommandContext(ctx, goTool, args...)
		cmd.Dir = dir
		cmd.Env = append(os.Environ(), "CGO_ENABLED=0", "GOWORK=off")
		if said, err := cmd.CombinedOutput(); err != nil {
			return "", fmt.Errorf("go %s: %w: %s", args[0], err, bytes.TrimSpace(lastLine(said)))
		}
	}
	return output, nil
}

func lastLine(text []byte) []byte {
	text = bytes.TrimSpace(text)
	return text[bytes.LastIndexByte(text, '\n')+1:]
}

// moduleVersion returns the version of a module that is linked in here.
func moduleVersion(path string) string {
	if info, ok := debug.ReadBuildInfo(); ok {
		for _, dep := range info.Deps {
			if dep.Path == path {
				return dep.Version
			}
		}
	}
	return "latest"
}

// measure lets the stopwatch carry out a plan.
func measure(ctx context.Context, stopwatch string, p plan.Plan) (plan.Samples, error) {
	in, err := json.Marshal(p)
	if err != nil {
		return nil, err
	}
	cmd := exec.CommandContext(ctx, stopwatch)
	cmd.Stdin, cmd.Stderr = bytes.NewReader(in), os.Stderr
	out, err := cmd.Output()
	if err != nil {
		return nil, err
	}
	var samples plan.Samples
	return samples, json.Unmarshal(out, &samples)
}
