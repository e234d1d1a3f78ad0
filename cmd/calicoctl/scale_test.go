package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"runtime/debug"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	clientv3 "go.etcd.io/etcd/client/v3"
	"go.uber.org/zap"

	"github.com/calicoctl/calicoctl/internal/testkit/embedetcd"
)

const (
	manyProfiles  = 10_000
	manyEndpoints = 100_000
	// maxMegabytes is how much memory a listing may take; maxScaleTime only
	// tells a listing from one that does not end.
	maxMegabytes = 100
	maxScaleTime = 3 * time.Minute
)

// TestScale lists 10,000 profiles and 100,000 endpoints with the real program
// and looks at what it prints and how much memory it took. It is not parallel:
// what it does to the machine would keep other tests from their time limits.
func TestScale(t *testing.T) {
	if testing.Short() {
		t.Skip("writes 110,000 keys")
	}
	if runtime.GOOS != "linux" {
		t.Skip("the memory of a process is counted otherwise here")
	}
	if withRaceDetector() {
		t.Skip("the program that is measured is built without the race detector, and etcd is slow with it")
	}
	ctx, cancel := context.WithTimeout(context.Background(), maxScaleTime)
	defer cancel()
	dir := t.TempDir()
	program, measure := filepath.Join(dir, "calicoctl"), filepath.Join(dir, "measure")
	build(ctx, t, program, ".")
	source := filepath.Join(dir, "measure.go")
	if err := os.WriteFile(source, []byte(measureSource), 0o644); err != nil {
		t.Fatal(err)
	}
	build(ctx, t, measure, source)

	server, err := embedetcd.Start(ctx, embedetcd.Options{Fast: true})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = server.Close() })
	start := time.Now()
	writeMany(ctx, t, server.Endpoint())
	t.Logf("%d keys written in %.1f s", manyProfiles+manyEndpoints, time.Since(start).Seconds())

	s := &scale{t: t, ctx: ctx, program: program, measure: measure, endpoint: server.Endpoint(), maxMegabytes: maxMegabytes}
	list := s.run(0, "profile", "show")
	s.contains(list.stdout, manyProfiles+1+4, profileName(0), profileName(manyProfiles-1), "projectcalico-default-allow")
	list = s.run(0, "profile", "show", "-o", "json")
	s.counts(list.stdout, `"profile": "`, manyProfiles+1)

	// Each endpoint has one profile, but the last profiles have none.
	detailed := s.run(0, "profile", "show", "--detailed")
	s.contains(detailed.stdout, manyEndpoints+manyProfiles-usedProfiles+1+4,
		profileName(0), profileName(manyProfiles-1), endpointName(0), endpointName(manyEndpoints-1))
	detailed = s.run(0, "profile", "show", "--detailed", "-o", "json")
	s.counts(detailed.stdout, `"endpoint": "`, manyEndpoints)

	// Each profile lets in its own endpoints.
	lint := s.run(0, "profile", "lint")
	s.counts(lint.stdout, "[unused-profile]", manyProfiles-usedProfiles)
	s.counts(lint.stdout, "  warning: ", manyProfiles-usedProfiles)
	graph := s.run(0, "profile", "graph")
	s.contains(graph.stdout, manyProfiles+4, profileName(0), profileName(manyProfiles-1))
	graph = s.run(0, "profile", "graph", "-o", "dot")
	s.counts(graph.stdout, " -> ", manyProfiles)

	// The check looks at every endpoint: one that stands last alone has the
	// profile, ten are named of many, and none has it.
	inUse := s.run(1, "profile", "remove", lastProfile)
	s.counts(inUse.stderr, "profile in use by endpoint(s). 1 ha", 1)
	s.counts(inUse.stderr, endpointName(manyEndpoints-1), 1)
	inUse = s.run(1, "profile", "remove", profileName(0))
	s.counts(inUse.stderr, fmt.Sprintf("profile in use by endpoint(s). %d have it", countOf(0)), 1)
	s.counts(inUse.stderr, " more. ", 1)
	unused := s.run(0, "profile", "remove", profileName(manyProfiles-1))
	s.counts(unused.stdout, "Deleted profile "+profileName(manyProfiles-1)+"\n", 1)
}

// withRaceDetector reports whether the tests run with the race detector.
func withRaceDetector() bool {
	info, ok := debug.ReadBuildInfo()
	return ok && slices.Contains(info.Settings, debug.BuildSetting{Key: "-race", Value: "true"})
}

// What is in etcd: endpoint i has profile i modulo usedProfiles, but the last
// one has lastProfile alone.
const (
	usedProfiles = manyProfiles - 100
	lastUsed     = usedProfiles - 1
)

var lastProfile = profileName(lastUsed)

func profileName(i int) string { return fmt.Sprintf("profile-%05d", i) }

func endpointName(i int) string { return fmt.Sprintf("endpoint-%06d", i) }

// profileOf returns the number of the profile that an endpoint has.
func profileOf(endpoint int) int {
	if endpoint == manyEndpoints-1 {
		return lastUsed
	}
	return endpoint % lastUsed
}

func countOf(profile int) int {
	n := 0
	for i := range manyEndpoints {
		if profileOf(i) == profile {
			n++
		}
	}
	return n
}

// writeMany writes profiles and endpoints in transactions of 100.
func writeMany(ctx context.Context, t *testing.T, endpoint string) {
	t.Helper()
	client, err := clientv3.New(clientv3.Config{Endpoints: []string{endpoint}, Logger: zap.NewNop()})
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close()
	const atOnce = 100
	ops := make([]clientv3.Op, 0, atOnce)
	put := func(key, value string) {
		ops = append(ops, clientv3.OpPut("/calico/resources/v3/projectcalico.org/"+key, value))
		if len(ops) == atOnce {
			if _, err := client.Txn(ctx).Then(ops...).Commit(); err != nil {
				t.Fatal(err)
			}
			ops = ops[:0]
		}
	}
	for i := range manyProfiles {
		name := profileName(i)
		put("profiles/"+name, fmt.Sprintf(`{"kind":"Profile","apiVersion":"projectcalico.org/v3","metadata":{"name":%q,"uid":"00000000-0000-4000-8000-%012d"},`+
			`"spec":{"ingress":[{"action":"Allow","source":{"selector":"has(%s)"}}],"egress":[{"action":"Allow"}],"labelsToApply":{%q:""}}}`, name, i, name, name))
	}
	for i := range manyEndpoints {
		name := endpointName(i)
		put("workloadendpoints/libnetwork/"+name, fmt.Sprintf(`{"kind":"WorkloadEndpoint","apiVersion":"projectcalico.org/v3","metadata":{"name":%q,"namespace":"libnetwork"},`+
			`"spec":{"node":"host-%03d","orchestrator":"libnetwork","workload":"container-%06d","endpoint":%q,"interfaceName":"cali%06d",`+
			`"mac":"ee:ee:ee:ee:ee:ee","profiles":[%q],"ipNetworks":["10.%d.%d.%d/32"]}}`,
			name, i%500, i, name, i, profileName(profileOf(i)), i>>16, i>>8&255, i&255))
	}
}

// scale runs the program on the many keys.
type scale struct {
	t                          *testing.T
	ctx                        context.Context //nolint:containedctx // of the one test
	program, measure, endpoint string
	maxMegabytes               float64
}

type ran struct{ stdout, stderr string }

// run runs the program, which must end with an exit code and within the bound on
// its memory.
func (s *scale) run(code int, args ...string) ran {
	s.t.Helper()
	said := filepath.Join(s.t.TempDir(), "kilobytes")
	cmd := exec.CommandContext(s.ctx, s.measure, append([]string{said, s.program, "--literal", "--timeout=2m"}, args...)...)
	cmd.Env = append(os.Environ(), "ETCD_ENDPOINTS="+s.endpoint)
	var out, err bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &err
	start := time.Now()
	failed := cmd.Run()
	took := time.Since(start)
	var exit *exec.ExitError
	if failed != nil && !errors.As(failed, &exit) {
		s.t.Fatal(failed)
	}
	if got := cmd.ProcessState.ExitCode(); got != code {
		s.t.Errorf("%s: exit code %d, want %d: %s", strings.Join(args, " "), got, code, err.String())
	}
	text, rerr := os.ReadFile(said)
	if rerr != nil {
		s.t.Fatal(rerr)
	}
	kilobytes, rerr := strconv.Atoi(string(text))
	if rerr != nil {
		s.t.Fatal(rerr)
	}
	megabytes := float64(kilobytes) / 1024
	s.t.Logf("%-34s %5.2f s %6.1f MB, %d bytes printed", strings.Join(args, " "), took.Seconds(), megabytes, out.Len())
	if megabytes >= s.maxMegabytes {
		s.t.Errorf("%s took %.0f MB, %.0f are allowed", strings.Join(args, " "), megabytes, s.maxMegabytes)
	}
	return ran{out.String(), err.String()}
}

// contains checks a table: the number of its lines, and some of its words.
func (s *scale) contains(text string, lines int, words ...string) {
	s.t.Helper()
	s.counts(text, "\n", lines)
	for _, word := range words {
		if !strings.Contains(text, word+" ") {
			s.t.Errorf("%s is missing", word)
		}
	}
}

func (s *scale) counts(text, part string, want int) {
	s.t.Helper()
	if got := strings.Count(text, part); got != want {
		s.t.Errorf("%q stands there %d times, want %d, in %d bytes that begin with %.300s", part, got, want, len(text), text)
	}
}

func build(ctx context.Context, t *testing.T, output, source string) {
	t.Helper()
	cmd := exec.CommandContext(ctx, "go", "build", "-buildvcs=false", "-o", output, source)
	if said, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("go build %s: %v: %s", source, err, said)
	}
}

// measureSource is a program that runs a command and writes the most memory that
// it had, in kilobytes, to a file. The kernel counts the memory of the process that
// starts a command as that command's, so this test, in which etcd runs, must not
// be the one that starts it.
const measureSource = `package main

import (
	"fmt"
	"os"
	"os/exec"
	"syscall"
)

func main() {
	cmd := exec.Command(os.Args[2], os.Args[3:]...)
	cmd.Stdin, cmd.Stdout, cmd.Stderr = os.Stdin, os.Stdout, os.Stderr
	_ = cmd.Run()
	if cmd.ProcessState == nil {
		os.Exit(99)
	}
	usage := cmd.ProcessState.SysUsage().(*syscall.Rusage)
	if err := os.WriteFile(os.Args[1], fmt.Append(nil, usage.Maxrss), 0o644); err != nil {
		panic(err)
	}
	os.Exit(cmd.ProcessState.ExitCode())
}
`
