//go:build unix

package main

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"time"

	"go.etcd.io/etcd/api/v3/version"
	"golang.org/x/sys/unix"
)

// A machine is what the figures hold for.
type machine struct {
	hardware, system, calicoctl, versions, date string
}

func describeMachine(ctx context.Context, p programs) machine {
	m := machine{
		hardware: fmt.Sprintf("%s, %d cores", processor(), runtime.NumCPU()),
		system:   fmt.Sprintf("%s, Linux %s", distribution(), kernel()),
		versions: fmt.Sprintf("%s, etcd %s", runtime.Version(), version.Version),
		date:     time.Now().UTC().Format(time.DateOnly),
	}
	if said, err := exec.CommandContext(ctx, p.calicoctl, "version").Output(); err == nil {
		m.calicoctl = strings.Fields(string(said))[1]
	}
	return m
}

// setting returns the first value of a key in a file of lines "key: value" or
// "key=value".
func setting(file, key, separator string) string {
	content, err := os.ReadFile(file)
	if err != nil {
		return ""
	}
	for line := range strings.Lines(string(content)) {
		name, value, found := strings.Cut(line, separator)
		if found && strings.TrimSpace(name) == key {
			return strings.Trim(strings.TrimSpace(value), `"`)
		}
	}
	return ""
}

func processor() string {
	if model := setting("/proc/cpuinfo", "model name", ":"); model != "" {
		return model
	}
	return runtime.GOARCH
}

func distribution() string {
	if name := setting("/etc/os-release", "PRETTY_NAME", "="); name != "" {
		return name
	}
	return runtime.GOOS
}

func kernel() string {
	var name unix.Utsname
	if err := unix.Uname(&name); err != nil {
		return "of unknown version"
	}
	return unix.ByteSliceToString(name.Release[:])
}
