//go:build unix

package main

import (
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/calicoctl/calicoctl/tools/bench/plan"
)

func TestQuantile(t *testing.T) {
	t.Parallel()
	values := []int64{50, 10, 40, 20, 30}
	for part, want := range map[float64]int64{0: 10, 0.1: 10, 0.5: 30, 0.9: 50, 1: 50} {
		if got := quantile(values, part); got != want {
			t.Errorf("quantile %v is %d, want %d", part, got, want)
		}
	}
	if got := median([]float64(nil)); got != 0 {
		t.Errorf("the median of nothing is %v", got)
	}
}

func TestRatiosAreOfTheSameRound(t *testing.T) {
	t.Parallel()
	wall := func(list ...time.Duration) (samples []plan.Sample) {
		for _, d := range list {
			samples = append(samples, plan.Sample{Wall: d})
		}
		return samples
	}
	// The machine was ten times slower in the second round.
	if got := median(ratios(wall(2, 20, 2), wall(1, 10, 1))); got != 2 {
		t.Errorf("ratio %v, want 2", got)
	}
}

func TestParseBenchmarks(t *testing.T) {
	t.Parallel()
	list := parseBenchmarks(`goos: linux
BenchmarkEdit/others=10-2         	    1315	    773826 ns/op	   99506 B/op	    1156 allocs/op
BenchmarkEdit/others=10-2         	    1315	    900000 ns/op	   99506 B/op	    1156 allocs/op
BenchmarkEdit/others=10-2         	    1315	    100000 ns/op	   99506 B/op	    1156 allocs/op
BenchmarkContention/writers=8-16  	       1	1298059985 ns/op	         2.13 attempts/edit
PASS
`)
	if len(list) != 2 || list[0].name != "Edit/others=10" || list[1].name != "Contention/writers=8" ||
		list[0].value("ns/op") != 773826 || list[0].value("allocs/op") != 1156 || list[1].value("attempts/edit") != 2.13 {
		t.Errorf("got %+v", list)
	}
	if title := (benchmark{name: "Contention/writers=8/edits=64"}).title(); title != "64 edits of one profile, writers at once: 8" {
		t.Error(title)
	}
	if title := list[0].title(); title != "edit one profile beside 10 others" {
		t.Error(title)
	}
}

func TestReportGoesBetweenItsMarks(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "performance.md")
	r := &report{
		rounds: 3,
		sections: []section{{title: "One", steps: [][]row{
			{{title: "base"}}, {{title: "other", floor: "base"}},
		}}},
		samples: plan.Samples{
			"One: base":  {{Wall: time.Millisecond}, {Wall: 3 * time.Millisecond}, {Wall: 2 * time.Millisecond}},
			"One: other": {{Wall: 2 * time.Millisecond}, {Wall: 3 * time.Millisecond}, {Wall: 4 * time.Millisecond}},
		},
	}
	for range 2 { // the second time in place of the first
		if err := os.WriteFile(file, []byte("before\n"+beginMark+"old\n"+endMark+"after\n"), 0o644); err != nil {
			t.Fatal(err)
		}
		if err := r.write(file); err != nil {
			t.Fatal(err)
		}
	}
	content, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	text := string(content)
	if !strings.HasPrefix(text, "before\n"+beginMark) || !strings.HasSuffix(text, endMark+"after\n") || strings.Contains(text, "old") {
		t.Errorf("the file is\n%s", text)
	}
	for _, want := range []string{"| base | 2.0 ms |", "| other | 3.0 ms |", "**2.00** (2.00 to 2.00)"} {
		if !strings.Contains(text, want) {
			t.Errorf("%q is missing in\n%s", want, text)
		}
	}
	if err := os.WriteFile(file, []byte("no marks"), 0o644); err != nil {
		t.Fatal(err)
	}
	if err := r.write(file); err == nil {
		t.Error("a file without marks was written")
	}
}

func TestSectionsHaveTheirFloors(t *testing.T) {
	t.Parallel()
	w := world{
		programs: programs{etcdctl: "etcdctl"},
		servers:  &servers{farSmall: &proxy{}, farSecure: &proxy{}},
		docker:   &networks{made: []madeNetwork{{"databases", "1"}, {"applications", "2"}}},
	}
	sections := w.sections()
	names := map[string]bool{}
	for _, group := range planOf(sections, 30).Groups {
		for _, step := range group {
			for _, c := range step {
				if names[c.Name] {
					t.Errorf("%s stands twice", c.Name)
				}
				names[c.Name] = true
			}
		}
	}
	for _, s := range sections {
		for _, step := range s.steps {
			for _, r := range step {
				if r.floor != "" && !names[s.name(r.floor)] {
					t.Errorf("%s: no floor %q", s.name(r.title), r.floor)
				}
				if near := (section{title: s.near}); s.near != "" && !names[near.name(r.title)] {
					t.Errorf("%s: nothing near to compare with", s.name(r.title))
				}
			}
		}
	}
}

func TestProxyPassesOn(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	const long = 1 << 20
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(w, r.Body)
	}))
	defer server.Close()
	p, err := startProxy(server.URL, 2*time.Millisecond)
	if err != nil {
		t.Fatal(err)
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, p.endpoint, strings.NewReader(strings.Repeat("x", long)))
	if err != nil {
		t.Fatal(err)
	}
	start := time.Now()
	answer, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	if content, err := io.ReadAll(answer.Body); err != nil || len(content) != long {
		t.Errorf("%d bytes came back: %v", len(content), err)
	}
	if took := time.Since(start); took < 2*time.Millisecond {
		t.Errorf("it took %v only", took)
	}
	if err := p.stop(); err != nil {
		t.Error(err)
	}
}
