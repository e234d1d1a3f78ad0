package main

import (
	"context"
	"errors"
	"fmt"
	"os/exec"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/calicoctl/calicoctl/internal/testkit/embedetcd"
)

// Forty processes that each add a rule to one profile at the same time leave
// all forty rules, round after round: no edit is lost, whoever is faster.
func TestManyProcessesAtOnce(t *testing.T) {
	t.Parallel()
	rounds := 10
	if testing.Short() {
		rounds = 2
	}
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Minute)
	defer cancel()
	server, err := embedetcd.Start(ctx, embedetcd.Options{Fast: true})
	if err != nil {
		t.Fatal(err)
	}
	defer server.Close()
	if err := server.AddCalico(ctx); err != nil {
		t.Fatal(err)
	}
	for round := range rounds {
		profile := fmt.Sprintf("round-%d", round)
		runAll(ctx, t, server, [][]string{{"profile", "add", profile}})
		var commands [][]string
		var want []string
		for i := range 40 {
			port := fmt.Sprint(4000 + i)
			commands = append(commands, []string{"profile", profile, "rule", "add", "inbound", "allow", "tcp", "to", "ports", port})
			want = append(want, "allow tcp to ports "+port)
		}
		runAll(ctx, t, server, commands)
		shown := runAll(ctx, t, server, [][]string{{"profile", profile, "rule", "show"}})[0]
		if got := addedRules(shown); !slices.Equal(got, want) {
			t.Fatalf("round %d: %d rules of 40 are there:\n%s", round, len(got), shown)
		}
	}
}

// runAll runs the real binary with each list of words at once, and returns what
// each prints on standard output. None may fail or complain.
func runAll(ctx context.Context, t *testing.T, server *embedetcd.Server, commands [][]string) []string {
	t.Helper()
	type result struct {
		number         int
		stdout, stderr string
		err            error
	}
	results := make(chan result)
	for i, words := range commands {
		cmd := exec.CommandContext(ctx, "calicoctl", append([]string{"--literal", "--timeout=60s"}, words...)...)
		cmd.Env = append(cmd.Environ(), "ETCD_ENDPOINTS="+server.Endpoint(), raceOptions)
		go func() {
			var stdout, stderr strings.Builder
			cmd.Stdout, cmd.Stderr = &stdout, &stderr
			err := cmd.Run()
			results <- result{i, stdout.String(), stderr.String(), err}
		}()
	}
	printed := make([]string, len(commands))
	var wrong []error
	for range commands {
		r := <-results
		printed[r.number] = r.stdout
		if r.err != nil || r.stderr != "" {
			wrong = append(wrong, fmt.Errorf("%q: %w: %s", commands[r.number], r.err, r.stderr))
		}
	}
	if len(wrong) > 0 {
		t.Fatal(errors.Join(wrong...))
	}
	return printed
}

// addedRules returns the rules about ports in a listing, sorted.
func addedRules(listing string) []string {
	var found []string
	for line := range strings.Lines(listing) {
		if _, rule, ok := strings.Cut(line, "allow tcp"); ok {
			found = append(found, "allow tcp "+strings.TrimSpace(rule))
		}
	}
	slices.Sort(found)
	return found
}
