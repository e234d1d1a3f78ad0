//go:build unix

// Command stopwatch runs programs again and again and says what each run took.
// It is a program of its own because the kernel counts the memory of the
// process that starts a program as that program's: this one has little.
//
// It reads a plan from standard input and writes its samples to standard
// output, both as JSON; see package plan.
package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"time"

	"github.com/calicoctl/calicoctl/tools/bench/plan"
)

func main() {
	if err := run(os.Stdin, os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "stopwatch:", err)
		os.Exit(1)
	}
}

func run(in io.Reader, out io.Writer) error {
	var p plan.Plan
	if err := json.NewDecoder(in).Decode(&p); err != nil {
		return err
	}
	samples := plan.Samples{}
	for round := range p.Warmup + p.Rounds {
		if round == p.Warmup {
			clear(samples)
		}
		if err := runRound(p, samples); err != nil {
			return err
		}
	}
	return json.NewEncoder(out).Encode(samples)
}

// runRound runs every command once.
func runRound(p plan.Plan, samples plan.Samples) error {
	for _, g := range rand.Perm(len(p.Groups)) {
		for _, s := range rand.Perm(len(p.Groups[g])) {
			for _, c := range p.Groups[g][s] {
				sample, err := measure(c)
				if err != nil {
					return fmt.Errorf("%s: %w", c.Name, err)
				}
				samples[c.Name] = append(samples[c.Name], sample)
			}
		}
	}
	return nil
}

// measure runs a command once.
func measure(c plan.Command) (plan.Sample, error) {
	cmd := exec.Command(c.Args[0], c.Args[1:]...)
	cmd.Env = c.Env
	var printed counter
	var complaint strings.Builder
	cmd.Stdout, cmd.Stderr = &printed, &complaint
	start := time.Now()
	err := cmd.Run()
	wall := time.Since(start)
	switch {
	case err != nil || complaint.Len() > 0:
		return plan.Sample{}, errors.Join(err, errors.New(strings.TrimSpace(complaint.String())))
	case int(printed) < c.AtLeast:
		return plan.Sample{}, fmt.Errorf("it printed %d bytes, at least %d were expected", printed, c.AtLeast)
	}
	usage, ok := cmd.ProcessState.SysUsage().(*syscall.Rusage)
	if !ok {
		return plan.Sample{}, errors.New("this system does not say what a process took")
	}
	return plan.Sample{
		Wall:     wall,
		CPU:      cmd.ProcessState.UserTime() + cmd.ProcessState.SystemTime(),
		Memory:   int64(usage.Maxrss) << 10, // Linux counts in kilobytes
		Faults:   int64(usage.Minflt + usage.Majflt),
		Switches: int64(usage.Nvcsw + usage.Nivcsw),
	}, nil
}

// A counter counts the bytes that are written to it.
type counter int

func (c *counter) Write(text []byte) (int, error) {
	*c += counter(len(text))
	return len(text), nil
}
