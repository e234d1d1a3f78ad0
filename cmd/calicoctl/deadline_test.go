package main

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/calicoctl/calicoctl/internal/cli"

	"github.com/spf13/cobra"
	clientv3 "go.etcd.io/etcd/client/v3"
	"go.uber.org/zap"

	"github.com/calicoctl/calicoctl/internal/testkit/embedetcd"
)

// A typed is a command line, and what stands on its standard input.
type typed struct{ line, stdin string }

const (
	someRules   = `{"inbound_rules": [{"action": "deny"}], "outbound_rules": []}`
	someListing = "Inbound rules:\nallow\ndeny\nlog\nOutbound rules:\n"
)

// everyCommand returns a line for each command that asks etcd, about profiles
// that prepareProfiles has made; n tells runs apart.
func everyCommand(n int) []typed {
	var all []typed
	for line := range strings.SplitSeq(fmt.Sprintf(`profile show
profile show --detailed
profile add new-%[1]d
profile remove remove-%[1]d
profile copy copy-%[1]d copied-%[1]d
profile migrate old-%[1]d
profile export export-%[1]d
profile export
profile lint
profile show-%[1]d lint
profile graph
profile tag-%[1]d tag show
profile tagged-%[1]d tag add red
profile untag-%[1]d tag remove red
profile show-%[1]d rule show
profile past-%[1]d history
profile undo-%[1]d undo
profile add-%[1]d rule add inbound allow tcp
profile take-%[1]d rule remove inbound --at=1
profile move-%[1]d rule move inbound --from=1 --to=2
profile replace-%[1]d rule replace inbound --at=1 log
profile edit-%[1]d rule edit
profile test-%[1]d rule test inbound tcp from 192.0.2.1
profile json-%[1]d rule json`, n), "\n") {
		all = append(all, typed{line: line})
	}
	return append(
		all,
		typed{fmt.Sprintf("profile update-%d rule update", n), someRules},
		typed{fmt.Sprintf("profile diff-%d rule diff -f -", n), someListing},
		typed{fmt.Sprintf("profile listed-%d rule apply -f -", n), someListing},
		typed{"profile apply -f -", fmt.Sprintf("Profile applied-%[1]d:\n%[2]s\nProfile made-%[1]d:\n%[2]s", n, someListing)},
	)
}

func prepareProfiles(t *testing.T, server *embedetcd.Server, n int) {
	t.Helper()
	client, err := clientv3.New(clientv3.Config{Endpoints: []string{server.Endpoint()}, Logger: zap.NewNop()})
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close()
	put := func(key, value string) {
		if _, err := client.Put(t.Context(), key, value); err != nil {
			t.Fatal(err)
		}
	}
	for _, name := range []string{
		"remove", "copy", "export", "tag", "tagged", "untag", "show", "add", "take", "move", "replace", "edit", "json",
		"update", "diff", "listed", "applied", "test", "past", "undo",
	} {
		id := fmt.Sprintf("%s-%d", name, n)
		labels := `,"labelsToApply":{"red":""}`
		if name == "tagged" {
			labels = ""
		}
		if name == "undo" {
			put("/calico/resources/v3/projectcalico.org/profiles/"+id, `{"kind":"Profile","apiVersion":"projectcalico.org/v3"}`)
		}
		put("/calico/resources/v3/projectcalico.org/profiles/"+id, fmt.Sprintf(`{"kind":"Profile","apiVersion":"projectcalico.org/v3",`+
			`"metadata":{"name":%q},"spec":{"ingress":[{"action":"Allow"},{"action":"Deny"}]%s}}`, id, labels))
	}
	put(fmt.Sprintf("/calico/v1/policy/profile/old-%d/rules", n), someRules)
}

// TestEveryCommandIsListed makes sure that a new command is not forgotten.
func TestEveryCommandIsListed(t *testing.T) {
	t.Parallel()
	var walk func(c *cobra.Command)
	walk = func(c *cobra.Command) {
		for _, sub := range c.Commands() {
			walk(sub)
		}
		switch {
		case c.HasSubCommands(), c.Name() == "version", c.Name() == "help":
			return
		}
		words := strings.ReplaceAll(strings.TrimPrefix(cli.CommandName(c), "calicoctl "), "NAME", `\S+`)
		pattern := regexp.MustCompile(`^` + words + `\b`)
		if !slices.ContainsFunc(everyCommand(0), func(command typed) bool { return pattern.MatchString(command.line) }) {
			t.Errorf("everyCommand has no %q", cli.CommandName(c))
		}
	}
	for _, c := range (&app{}).command().Commands() {
		if c.Name() != "completion" {
			walk(c)
		}
	}
}

// An ended is how a command ended.
type ended struct {
	code           int
	stdout, stderr string
	took           time.Duration
}

// variables returns an environment to look variables up in.
func variables(env map[string]string) func(string) (string, bool) {
	return func(name string) (string, bool) {
		value, set := env[name]
		return value, set
	}
}

// runHere runs a command line in this process.
func runHere(ctx context.Context, command typed, env map[string]string, options ...string) ended {
	var stdout, stderr bytes.Buffer
	start := time.Now()
	code := run(ctx, append(options, strings.Fields(command.line)...), strings.NewReader(command.stdin), &stdout, &stderr,
		variables(env))
	took := time.Since(start)
	for _, kept := range regexp.MustCompile(`the text is kept in (\S+)`).FindAllStringSubmatch(stderr.String(), -1) { // by rule edit
		_ = os.Remove(kept[1])
	}
	return ended{code, stdout.String(), stderr.String(), took}
}

// appending is an editor that adds a rule.
const appending = `sed -i '$a log'`

// bounded runs a command, up to three times if it takes longer than it may: a
// busy machine is late at times, a missing bound each time.
func bounded(t *testing.T, bound time.Duration, start func() ended) ended {
	t.Helper()
	var e ended
	for range 3 {
		if e = start(); e.took <= bound {
			return e
		}
	}
	t.Errorf("took %s, three times more than %s; it says %s", e.took, bound, e.stderr)
	return e
}

// hole returns an address that accepts connections and never answers, and a
// channel that gets something for each.
func hole(t *testing.T) (address string, accepted <-chan struct{}) {
	t.Helper()
	got := make(chan struct{}, 1000)
	return serveConns(t, "tcp", "127.0.0.1:0", func(conn net.Conn) {
		got <- struct{}{}
		_, _ = io.Copy(io.Discard, conn)
	}), got
}

func serveConns(t *testing.T, network, address string, answer func(net.Conn)) string {
	t.Helper()
	listener, err := net.Listen(network, address)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = listener.Close() })
	go func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			go func() {
				defer conn.Close()
				answer(conn)
			}()
		}
	}()
	return listener.Addr().String()
}

// slowly returns the address of a relay that holds back all that etcd says.
func slowly(t *testing.T, server *embedetcd.Server, delay time.Duration) string {
	t.Helper()
	return serveConns(t, "tcp", "127.0.0.1:0", func(conn net.Conn) {
		backend, err := net.Dial("tcp", strings.TrimPrefix(server.Endpoint(), "http://"))
		if err != nil {
			return
		}
		defer backend.Close()
		go func() { _, _ = io.Copy(backend, conn); _ = backend.Close() }()
		buffer := make([]byte, 1<<16)
		for {
			n, err := backend.Read(buffer)
			time.Sleep(delay)
			if _, failed := conn.Write(buffer[:n]); err != nil || failed != nil {
				return
			}
		}
	})
}

// closed returns an address that refuses connections.
func closed(t *testing.T) string {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	return listener.Addr().String()
}

// Whatever is wrong with etcd, every command ends in its time, and says which
// endpoints were tried, why that failed and how long it waited.
func TestDeadlines(t *testing.T) {
	t.Parallel()
	const timeout = time.Second
	silent, _ := hole(t)
	refusing := closed(t)
	for name, world := range map[string]struct{ endpoints, reason string }{
		"black hole":              {"http://" + silent, "no answer"},
		"refused":                 {"http://" + refusing, "connection refused"},
		"no such host":            {"http://nosuch.test:2379", "there is no host called nosuch.test"},
		"DNS does not answer":     {"http://silent.test:2379", "no answer"},
		"each is dead in its way": {"http://" + silent + ",http://" + refusing + ",http://silent.test:2379", refusing + ": connection refused"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			want := regexp.MustCompile(`^calicoctl: etcd at ` + regexp.QuoteMeta(strings.ReplaceAll(world.endpoints, ",", ", ")) + `: ` +
				regexp.QuoteMeta(world.reason) + ` \(waited [0-9.]+m?s\); nothing was changed\. Is ETCD_ENDPOINTS right\?\n$`)
			env := map[string]string{"ETCD_ENDPOINTS": world.endpoints, "CALICOCTL_LITERAL": "1", "EDITOR": appending}
			forAll(everyCommand(0), func(command typed) {
				e := bounded(t, timeout+time.Second, func() ended { return runHere(t.Context(), command, env, "--timeout", timeout.String()) })
				if e.code != exitUnreachable || e.stdout != "" || !want.MatchString(e.stderr) {
					t.Errorf("%s: exit code %d, says\n%s%s", command.line, e.code, e.stdout, e.stderr)
				}
			})
		})
	}
}

// lintedCode takes it for done that lint has found errors, as the profiles are not
// good ones.
func lintedCode(command typed, code int) int {
	if code == exitNo && strings.HasSuffix(command.line, " lint") {
		return exitDone
	}
	return code
}

func forAll(commands []typed, f func(typed)) {
	var all sync.WaitGroup
	for _, command := range commands {
		all.Go(func() { f(command) })
	}
	all.Wait()
}

// Ctrl-C ends every command at once while it waits for etcd.
func TestInterruptEverywhere(t *testing.T) {
	t.Parallel()
	for _, command := range everyCommand(0) {
		t.Run(command.line, func(t *testing.T) {
			t.Parallel()
			silent, accepted := hole(t)
			env := map[string]string{"ETCD_ENDPOINTS": "http://" + silent, "CALICOCTL_LITERAL": "1", "EDITOR": appending}
			e := bounded(t, time.Second, func() ended {
				ctx, cancel := context.WithCancel(t.Context())
				var interrupted time.Time
				go func() { <-accepted; interrupted = time.Now(); cancel() }()
				e := runHere(ctx, command, env)
				e.took = time.Since(interrupted)
				return e
			})
			if e.code != exitInterrupted || e.stdout != "" || e.stderr != "calicoctl: interrupted; nothing was changed\n" {
				t.Errorf("exit code %d, says\n%s%s", e.code, e.stdout, e.stderr)
			}
		})
	}
}

// Every command does its work where etcd is hard to get at, and ends in its time
// where it is too slow.
func TestHardToGetAt(t *testing.T) {
	t.Parallel()
	server, err := embedetcd.Start(t.Context(), embedetcd.Options{Fast: true})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = server.Close() })
	silent, _ := hole(t)
	dead := "http://" + silent + ",http://" + closed(t)
	for n, world := range []struct {
		name      string
		endpoints string
		timeout   time.Duration
		codes     []int // that may occur
	}{
		{"one of three lives", dead + "," + server.Endpoint(), 20 * time.Second, []int{exitDone}},
		{"half of them live", server.Endpoint() + "," + dead + ",http://" + slowly(t, server, 0), 20 * time.Second, []int{exitDone}},
		{"slow", "http://" + slowly(t, server, 100*time.Millisecond), 20 * time.Second, []int{exitDone}},
		{"too slow", "http://" + slowly(t, server, time.Second), 1500 * time.Millisecond, []int{exitUnreachable, exitUnknown}},
	} {
		t.Run(world.name, func(t *testing.T) {
			t.Parallel()
			prepareProfiles(t, server, n)
			env := map[string]string{"ETCD_ENDPOINTS": world.endpoints, "CALICOCTL_LITERAL": "1", "EDITOR": appending}
			forAll(everyCommand(n), func(command typed) {
				e := runHere(t.Context(), command, env, "--timeout", world.timeout.String())
				e.code = lintedCode(command, e.code)
				if !slices.Contains(world.codes, e.code) {
					t.Errorf("%s: exit code %d, says\n%s%s", command.line, e.code, e.stdout, e.stderr)
				}
				if e.took > world.timeout+time.Second {
					t.Errorf("%s: took %s", command.line, e.took)
				}
			})
		})
	}
}

// A Docker engine that hangs costs two seconds at most: what only reads goes on
// with IDs, and what writes ends.
func TestDockerHangs(t *testing.T) {
	t.Parallel()
	server, err := embedetcd.Start(t.Context(), embedetcd.Options{Fast: true})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = server.Close() })
	prepareProfiles(t, server, 0)
	socket := serveConns(t, "unix", filepath.Join(t.TempDir(), "docker.sock"), func(conn net.Conn) { _, _ = io.Copy(io.Discard, conn) })
	reads := regexp.MustCompile(` show | show$| json| export| test| lint| graph| history`)
	forAll(everyCommand(0), func(command typed) {
		e := bounded(t, 4*time.Second, func() ended {
			cmd := exec.CommandContext(t.Context(), "calicoctl", strings.Fields(command.line)...)
			cmd.Env = append(cmd.Environ(), "ETCD_ENDPOINTS="+server.Endpoint(), "DOCKER_HOST=unix://"+socket, "EDITOR="+appending, raceOptions)
			var stdout, stderr strings.Builder
			cmd.Stdin, cmd.Stdout, cmd.Stderr = strings.NewReader(command.stdin), &stdout, &stderr
			start := time.Now()
			if err := cmd.Run(); cmd.ProcessState == nil {
				t.Error(err)
				return ended{}
			}
			return ended{cmd.ProcessState.ExitCode(), stdout.String(), stderr.String(), time.Since(start)}
		})
		want, says := exitUnreachable, "no answer in 2s; nothing was changed"
		switch {
		case reads.MatchString(command.line):
			want, says = exitDone, "no answer in 2s; names of Docker networks are not known"
		case strings.HasPrefix(command.line, "profile migrate"): // is about names in etcd alone
			want, says = exitDone, ""
		}
		if lintedCode(command, e.code) != want || !strings.Contains(e.stderr, says) {
			t.Errorf("%s: exit code %d, want %d, says\n%s%s", command.line, e.code, want, e.stdout, e.stderr)
		}
	})
}
