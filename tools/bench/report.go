//go:build unix

package main

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"strings"
	"time"

	"github.com/calicoctl/calicoctl/tools/bench/plan"
)

// A report is all that was found.
type report struct {
	rounds     int
	machine    machine
	notes      []string
	sections   []section
	samples    plan.Samples
	benchmarks []benchmark
	driver     []driverRow
}

func (r *report) note(format string, args ...any) {
	r.notes = append(r.notes, fmt.Sprintf(format, args...))
	progress(format, args...)
}

// The generated part of the file stands between these lines.
const (
	beginMark = "<!-- bench:begin -->\n"
	endMark   = "<!-- bench:end -->\n"
)

// write puts the report into its place in a file.
func (r *report) write(file string) error {
	content, err := os.ReadFile(file)
	if err != nil {
		return err
	}
	before, rest, found := strings.Cut(string(content), beginMark)
	_, after, closed := strings.Cut(rest, endMark)
	if !found || !closed {
		return errors.New(file + " has no lines " + beginMark + " and " + endMark)
	}
	return os.WriteFile(file, []byte(before+beginMark+r.markdown()+endMark+after), 0o644)
}

func (r *report) markdown() string {
	var out bytes.Buffer
	m := r.machine
	fmt.Fprintf(&out, "\nMeasured on %s with calicoctl %s:\n\n- %s\n- %s\n- %s\n- `make bench`: %d runs of each command, in a random order in each round\n",
		m.date, m.calicoctl, m.hardware, m.system, m.versions, r.rounds)
	for _, note := range r.notes {
		fmt.Fprintf(&out, "- %s\n", note)
	}
	for _, s := range r.sections {
		r.table(&out, s)
		r.distance(&out, s)
	}
	if len(r.benchmarks) > 0 {
		fmt.Fprint(&out, "\n### Inside of the program\n\n")
		benchmarkTable(&out, r.benchmarks)
	}
	if len(r.driver) > 0 {
		fmt.Fprint(&out, "\n### Docker driver: from the API's first request until the container runs\n\n")
		driverTable(&out, r.driver)
	}
	fmt.Fprintln(&out)
	return out.String()
}

func (r *report) table(out *bytes.Buffer, s section) {
	fmt.Fprintf(out, "\n### %s\n\n", s.title)
	fmt.Fprintln(out, "| | median | 10 % to 90 % | times the floor | CPU | memory | page faults |")
	fmt.Fprintln(out, "|---|--:|--:|--:|--:|--:|--:|")
	for _, step := range s.steps {
		for _, row := range step {
			samples := r.samples[s.name(row.title)]
			wall := each(samples, func(s plan.Sample) int64 { return int64(s.Wall) })
			fmt.Fprintf(out, "| %s | %s ms | %s to %s ms | %s | %s ms | %.1f MB | %d |\n", row.title,
				milliseconds(median(wall)), milliseconds(quantile(wall, 0.1)), milliseconds(quantile(wall, 0.9)),
				r.times(s, row),
				milliseconds(median(each(samples, func(s plan.Sample) int64 { return int64(s.CPU) }))),
				float64(median(each(samples, func(s plan.Sample) int64 { return s.Memory })))/1e6,
				median(each(samples, func(s plan.Sample) int64 { return s.Faults })))
		}
	}
}

// distance says, below the table of an etcd that is far away, what of the times
// is due to that, in round trips.
func (r *report) distance(out *bytes.Buffer, s section) {
	if s.near == "" {
		return
	}
	near := section{title: s.near}
	var list []string
	for _, step := range s.steps {
		for _, row := range step {
			wall := func(s section) int64 {
				return median(each(r.samples[s.name(row.title)], func(s plan.Sample) int64 { return int64(s.Wall) }))
			}
			list = append(list, fmt.Sprintf("%.1f (%s)", float64(wall(s)-wall(near))/float64(roundTrip), row.title))
		}
	}
	fmt.Fprintf(out, "\nWhat the distance adds, in round trips of %v: %s.\n", roundTrip, strings.Join(list, ", "))
}

// times returns how a row compares with its floor: the median, and between what
// half of the rounds lie.
func (r *report) times(s section, row row) string {
	if row.floor == "" {
		return "1"
	}
	list := ratios(r.samples[s.name(row.title)], r.samples[s.name(row.floor)])
	return fmt.Sprintf("**%.2f** (%.2f to %.2f)", median(list), quantile(list, 0.25), quantile(list, 0.75))
}

// milliseconds returns a time with three digits that mean something.
func milliseconds(nanoseconds int64) string {
	ms := float64(nanoseconds) / float64(time.Millisecond)
	if ms < 100 {
		return fmt.Sprintf("%.1f", ms)
	}
	return fmt.Sprintf("%.0f", ms)
}
