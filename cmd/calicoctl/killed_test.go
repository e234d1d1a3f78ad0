package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/calicoctl/calicoctl/internal/testkit/embedetcd"
	"github.com/calicoctl/calicoctl/internal/testkit/etcdtest"
)

// A writing is a command that writes, with the profile as it was before.
type writing struct {
	setUp []string // commands, one a string
	run   string   // the command
}

// A command that is killed before or after any of its requests has either done what it
// does or nothing, and does it when it is run again.
func TestKilledAtEachRequest(t *testing.T) {
	t.Parallel()
	document := filepath.Join(t.TempDir(), "rules.json")
	if err := os.WriteFile(document, []byte(`{"inbound_rules":[{"action":"deny"}],"outbound_rules":[]}`), 0o600); err != nil {
		t.Fatal(err)
	}
	add := []string{"profile add web"}
	for name, w := range map[string]writing{
		"add":              {nil, "profile add web"},
		"update":           {add, "profile web rule update -f " + document},
		"remove":           {add, "profile remove web"},
		"confirmed remove": {add, "profile remove web --confirm-within=1h"},
		"undo":             {[]string{"profile add web", "profile web rule add inbound deny"}, "profile web undo"},
		"revive":           {[]string{"profile add web", "profile remove web"}, "profile web undo"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			ctx, cancel := context.WithTimeout(t.Context(), safetyNet)
			defer cancel()
			server, err := embedetcd.Start(ctx, embedetcd.Options{Fast: true})
			if err != nil {
				t.Fatal(err)
			}
			defer server.Close()
			if err := server.AddCalico(ctx); err != nil {
				t.Fatal(err)
			}
			kills := map[bool]int{}
			for number, killed := int64(1), true; killed; number++ {
				for _, after := range []bool{false, true} {
					profile := fmt.Sprintf("web-%d-%t", number, after)
					killed = w.killAt(ctx, t, server.Endpoint(), profile, number, after)
					kills[killed]++
				}
			}
			if kills[true] < 4 || kills[false] == 0 {
				t.Errorf("killed %d times, not killed %d times", kills[true], kills[false])
			}
		})
	}
}

// killAt runs the command, which is killed before or after a request, and reports
// whether there was such a request.
func (w writing) killAt(ctx context.Context, t *testing.T, endpoint, profile string, number int64, after bool) bool {
	t.Helper()
	named := func(line string) []string { return strings.Fields(strings.ReplaceAll(line, "web", profile)) }
	for _, line := range w.setUp {
		mustRun(ctx, t, endpoint, named(line))
	}
	before := rulesOf(ctx, t, endpoint, profile)
	cmd := command(ctx, endpoint, named(w.run))
	var count atomic.Int64
	var killed atomic.Bool
	started := make(chan struct{})
	between := &etcdtest.Interposer{}
	hook := func(context.Context, string, int) error {
		if count.Add(1) != number {
			return nil
		}
		<-started
		killed.Store(true)
		_ = cmd.Process.Kill()
		return etcdtest.ErrLost()
	}
	if after {
		between.After = hook
	} else {
		between.Before = hook
	}
	if err := between.Start(endpoint); err != nil {
		t.Fatal(err)
	}
	cmd.Env = append(cmd.Env, "ETCD_ENDPOINTS="+between.Endpoint())
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	close(started)
	_ = cmd.Wait()
	if err := between.Close(); err != nil {
		t.Error(err)
	}
	found := rulesOf(ctx, t, endpoint, profile)
	if found == before {
		mustRun(ctx, t, endpoint, named(strings.ReplaceAll(w.run, " --confirm-within=1h", "")))
	}
	done := rulesOf(ctx, t, endpoint, profile)
	if found != before && found != done || done == before {
		t.Errorf("killed %t at request %d: before\n%sfound\n%sdone\n%s", killed.Load(), number, before, found, done)
	}
	return killed.Load()
}

// command returns a use of the real binary.
func command(ctx context.Context, endpoint string, args []string) *exec.Cmd {
	cmd := exec.CommandContext(ctx, "calicoctl", append([]string{"--literal", "--timeout=60s"}, args...)...)
	cmd.Env = append(cmd.Environ(), "ETCD_ENDPOINTS="+endpoint, raceOptions)
	return cmd
}

func mustRun(ctx context.Context, t *testing.T, endpoint string, args []string) {
	t.Helper()
	if output, err := command(ctx, endpoint, args).CombinedOutput(); err != nil {
		t.Fatalf("%q: %v: %s", args, err, output)
	}
}

// rulesOf returns the rules of a profile, or that it is not there.
func rulesOf(ctx context.Context, t *testing.T, endpoint, profile string) string {
	t.Helper()
	output, err := command(ctx, endpoint, []string{"profile", profile, "rule", "show"}).CombinedOutput()
	if err != nil && !strings.Contains(string(output), "not found") {
		t.Fatalf("%v: %s", err, output)
	}
	return string(output)
}

// Of processes that update one profile at once with documents of one revision, one
// does it, and the others are told of the conflict.
func TestUpdatesAtOnce(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithTimeout(t.Context(), safetyNet)
	defer cancel()
	server, err := embedetcd.Start(ctx, embedetcd.Options{Fast: true})
	if err != nil {
		t.Fatal(err)
	}
	defer server.Close()
	if err := server.AddCalico(ctx); err != nil {
		t.Fatal(err)
	}
	mustRun(ctx, t, server.Endpoint(), []string{"profile", "add", "web"})
	for round := range 10 {
		document, err := command(ctx, server.Endpoint(), []string{"profile", "web", "rule", "json"}).Output()
		if err != nil {
			t.Fatal(err)
		}
		const writers = 4
		ended := make(chan error, writers)
		for i := range writers {
			cmd := command(ctx, server.Endpoint(), []string{"profile", "web", "rule", "update"})
			rule := fmt.Sprintf(`"outbound_rules": [{"action":"deny","dst_ports":[%d],"protocol":"tcp"}],"calicoctl"`, 1+10*round+i)
			head, tail, _ := strings.Cut(string(document), `"outbound_rules"`)
			_, tail, _ = strings.Cut(tail, `"calicoctl"`)
			cmd.Stdin = strings.NewReader(head + rule + tail)
			go func() { ended <- cmd.Run() }()
		}
		codes := map[int]int{}
		for range writers {
			err := <-ended
			code := 0
			if exit := new(exec.ExitError); errors.As(err, &exit) {
				code = exit.ExitCode()
			} else if err != nil {
				t.Fatal(err)
			}
			codes[code]++
		}
		if codes[exitDone] != 1 || codes[exitConflict] != writers-1 {
			t.Errorf("round %d: exit codes %v", round, codes)
		}
	}
}
