//go:build linux

package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/calicoctl/calicoctl/internal/testkit/console"
)

// TestDocs runs what docs/docker.md shows: on hosts with engines, with a double of
// Felix, or with a real one if felixVariable names it. What a reader sees only with
// a real one stands behind the comment "enforced".
func TestDocs(t *testing.T) {
	if _, err := exec.LookPath("docker"); err != nil {
		t.Skip("needs the program docker")
	}
	w := newWorld(t)
	content, err := os.ReadFile("../../docs/docker.md")
	if err != nil {
		t.Fatal(err)
	}
	hosts := map[string]*machine{"h1": w.docsHost("h1"), "h2": w.docsHost("h2")}
	h, enforced := hosts["h1"], false
	for _, step := range console.Steps(string(content)) {
		if !console.IsHidden(step.Command) {
			if !enforced || os.Getenv(felixVariable) != "" {
				h.show(step)
			}
			enforced = false
			continue
		}
		argument := strings.TrimSuffix(step.Command, " -->")
		switch {
		case step.Command == console.EnforcedComment+" -->":
			enforced = true
		case strings.HasPrefix(argument, console.HostComment):
			h = hosts[strings.TrimPrefix(argument, console.HostComment)]
		case strings.HasPrefix(argument, console.FelixComment):
			w.felix(hosts[strings.TrimPrefix(argument, console.FelixComment)])
		default:
			t.Fatalf("nothing is known of %s", step.Command)
		}
	}
}

func (w *world) docsHost(name string) *machine {
	w.Helper()
	h := w.bareHost(name)
	h.startDriver()
	h.startEngine()
	built, err := programs()
	if err != nil {
		w.Fatal(err)
	}
	h.LoadImageAs(w.ctx, built["probe"], "busybox", "bin/nc") // it stands for that of the Docker Hub
	return h
}

// felix starts Felix, or its double, once.
func (w *world) felix(h *machine) {
	w.Helper()
	if program := os.Getenv(felixVariable); program != "" {
		h.startFelix(program, "FELIX_IPV6SUPPORT=true")
		return
	}
	h.doubleFelix()
	w.felixReports(h.Name, time.Now())
}

// show runs a command and compares what it prints.
func (h *machine) show(step console.Step) {
	h.w.Helper()
	built, err := programs()
	if err != nil {
		h.w.Fatal(err)
	}
	cmd := h.command("sh", "-c", "{ "+step.Command+"\n} 2>&1")
	cmd.Env = append(cmd.Env, "PATH="+filepath.Dir(built["calicoctl"])+":"+os.Getenv("PATH"))
	start := time.Now()
	out, _ := cmd.Output() // what it prints tells whether it failed
	h.w.Logf("%s$ %s\n%s(%s)", h.Name, step.Command, out, time.Since(start).Round(time.Millisecond))
	if got, want := h.masked(string(out)), h.masked(step.Output); got != want {
		h.w.Errorf("%s$ %s\n%s\nbut the document shows\n%s", h.Name, step.Command, got, want)
	}
}

// masked replaces what is another text on each run, and sorts the lines of what is
// sorted by IDs.
func (h *machine) masked(text string) string {
	text = strings.NewReplacer(h.w.url, "http://127.0.0.1:2379", h.Address(), "192.0.2.11", h.Socket(), "unix:///var/run/docker.sock").Replace(text)
	for pattern, mask := range map[string]string{`[0-9a-f]{64}`: "ID", `engine [0-9][^ ]*`: "engine VERSION", `10\.233\.116\.13[0-9]`: "ADDRESS"} {
		text = regexp.MustCompile(pattern).ReplaceAllString(text, mask)
	}
	if lines := strings.SplitAfter(text, "\n"); strings.Contains(text, "| ID |") {
		slices.Sort(lines)
		text = strings.Join(lines, "")
	}
	return text
}
