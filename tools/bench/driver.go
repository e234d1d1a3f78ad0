//go:build unix

package main

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"strings"
)

// A driverRow is a result of the test of the driver's speed.
type driverRow struct{ what, value string }

// driverSpeed compares Docker networks of calico-docker with those of Docker's bridge
// driver. missing says why that was not possible.
func driverSpeed(ctx context.Context, goTool string) (rows []driverRow, missing error) {
	if os.Getuid() != 0 {
		return nil, fmt.Errorf("that takes root, to start a Docker engine in namespaces")
	}
	if _, err := exec.LookPath("dockerd"); err != nil {
		return nil, err
	}
	progress("starting containers with calico-docker and with Docker's bridge driver")
	cmd := exec.CommandContext(ctx, goTool, "test", "-run=^TestSpeed$", "-count=1", "-v", "./cmd/calico-docker")
	cmd.Env = append(os.Environ(), "CALICOCTL_TEST_SPEED=1")
	out, err := cmd.CombinedOutput() // it fails where an aim is missed, and tells what it measured
	if rows = parseDriver(string(out)); len(rows) == 0 {
		return nil, fmt.Errorf("it was not measured: %w", err)
	}
	return rows, nil
}

// parseDriver reads the lines "speed: WHAT | VALUE".
func parseDriver(text string) (rows []driverRow) {
	for line := range strings.Lines(text) {
		_, result, found := strings.Cut(line, " speed: ")
		if what, value, ok := strings.Cut(strings.TrimSpace(result), " | "); found && ok {
			rows = append(rows, driverRow{what, value})
		}
	}
	return rows
}

func driverTable(out *bytes.Buffer, rows []driverRow) {
	fmt.Fprintln(out, "| | time |")
	fmt.Fprintln(out, "|---|--:|")
	for _, r := range rows {
		fmt.Fprintf(out, "| %s | %s |\n", r.what, r.value)
	}
}
