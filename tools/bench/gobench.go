//go:build unix

package main

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"slices"
	"strconv"
	"strings"
)

// A benchmark is what "go test -bench" prints of one: a number for each unit and
// run.
type benchmark struct {
	name  string
	units []string // in the order of the line
	runs  map[string][]float64
}

// value returns the median of the runs.
func (b benchmark) value(unit string) float64 { return median(b.runs[unit]) }

// goBenchmarks runs those of the packages.
func goBenchmarks(ctx context.Context, goTool string) ([]benchmark, error) {
	var list []benchmark
	for _, run := range []struct{ pkg, time, count string }{
		{"./pkg/rules", "0.2s", "7"}, // what is short, a busy machine upsets most
		{"./pkg/store", "1s", "1"},
	} {
		progress("running the Go benchmarks of %s", run.pkg)
		cmd := exec.CommandContext(ctx, goTool, "test", "-run=^$", "-bench=.", "-benchmem", "-benchtime="+run.time, "-count="+run.count, run.pkg)
		cmd.Stderr = os.Stderr
		out, err := cmd.Output()
		if err != nil {
			return nil, fmt.Errorf("the Go benchmarks of %s: %w\n%s", run.pkg, err, out)
		}
		list = append(list, parseBenchmarks(string(out))...)
	}
	return list, nil
}

// parseBenchmarks reads what "go test -bench" prints, one line for each run:
//
//	BenchmarkName/sub-2   100   123 ns/op   4 B/op   5 allocs/op
func parseBenchmarks(text string) []benchmark {
	var list []benchmark
	for line := range strings.Lines(text) {
		words := strings.Fields(line)
		if len(words) < 4 || !strings.HasPrefix(words[0], "Benchmark") {
			continue
		}
		name := benchmarkName(words[0])
		at := slices.IndexFunc(list, func(b benchmark) bool { return b.name == name })
		if at < 0 {
			at = len(list)
			list = append(list, benchmark{name: name, runs: map[string][]float64{}})
		}
		list[at].add(words[2:])
	}
	return list
}

// add takes over the numbers of a run, each with its unit behind it.
func (b *benchmark) add(words []string) {
	for ; len(words) > 1; words = words[2:] {
		value, err := strconv.ParseFloat(words[0], 64)
		if err != nil {
			return
		}
		unit := words[1]
		if b.runs[unit] == nil {
			b.units = append(b.units, unit)
		}
		b.runs[unit] = append(b.runs[unit], value)
	}
}

// benchmarkName returns a name without the number of processors at its end.
func benchmarkName(word string) string {
	word = strings.TrimPrefix(word, "Benchmark")
	if i := strings.LastIndexByte(word, '-'); i > 0 {
		if _, err := strconv.Atoi(word[i+1:]); err == nil {
			word = word[:i]
		}
	}
	return word
}

// title says in words what a benchmark does.
func (b benchmark) title() string {
	for _, t := range [...]struct{ name, words string }{
		{"ParseAndFormat", "parse and format `allow tcp from tag applications to ports 3306`"},
		{"Parse", "parse it"},
		{"Format", "format it"},
		{"DecodeRule/v1", "decode it from JSON of v1"},
		{"DecodeRule/v3", "decode it from JSON of v3"},
		{"EncodeRule/v1", "encode it as JSON of v1"},
		{"EncodeRule/v3", "encode it as JSON of v3"},
		{"Rules1000V1", "1,000 rules in v1: decode, add one, encode"},
		{"Rules1000V3", "1,000 rules in v3: decode, add one, encode"},
		{"Listing1000/format", "1,000 rules: print the listing"},
		{"Listing1000/parse", "1,000 rules: read the listing"},
		{"Edit/others=10", "edit one profile beside 10 others"},
		{"Edit/others=100000", "edit one profile beside 100,000 others"},
		{"Scale/list=10000", "list 10,000 profiles"},
		{"Scale/inuse=100000", "look through 100,000 endpoints for a profile"},
	} {
		if t.name == b.name {
			return t.words
		}
	}
	var writers, edits int
	if n, _ := fmt.Sscanf(b.name, "Contention/writers=%d/edits=%d", &writers, &edits); n == 2 {
		return fmt.Sprintf("%d edits of one profile, writers at once: %d", edits, writers)
	}
	return b.name
}

// benchmarkTable has a column of its own for what all have, and one for what
// only some tell.
func benchmarkTable(out *bytes.Buffer, list []benchmark) {
	fmt.Fprintln(out, "| | time | allocations | allocated | |")
	fmt.Fprintln(out, "|---|--:|--:|--:|---|")
	for _, b := range list {
		var more []string
		for _, unit := range b.units {
			switch unit {
			case "ns/op", "allocs/op", "B/op":
			default:
				more = append(more, fmt.Sprintf("%.4g %s", b.value(unit), strings.ReplaceAll(unit, "-", " ")))
			}
		}
		fmt.Fprintf(out, "| %s | %s | %.0f | %s | %s |\n", b.title(), duration(b.value("ns/op")),
			b.value("allocs/op"), size(b.value("B/op")), strings.Join(more, ", "))
	}
}

func duration(nanoseconds float64) string {
	switch {
	case nanoseconds < 1e3:
		return fmt.Sprintf("%.0f ns", nanoseconds)
	case nanoseconds < 1e6:
		return fmt.Sprintf("%.3g µs", nanoseconds/1e3)
	case nanoseconds < 1e9:
		return fmt.Sprintf("%.3g ms", nanoseconds/1e6)
	}
	return fmt.Sprintf("%.3g s", nanoseconds/1e9)
}

func size(bytes float64) string {
	switch {
	case bytes < 1e3:
		return fmt.Sprintf("%.0f B", bytes)
	case bytes < 1e6:
		return fmt.Sprintf("%.3g kB", bytes/1e3)
	}
	return fmt.Sprintf("%.3g MB", bytes/1e6)
}
