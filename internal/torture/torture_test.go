package torture

import (
	"flag"
	"os"
	"testing"
	"time"

	"github.com/calicoctl/calicoctl/internal/testkit/embedetcd"
)

// The flags of make torture.
const (
	durationFlag = "torture.duration"
	seedFlag     = "torture.seed"
)

func TestMain(m *testing.M) {
	embedetcd.Quiet()
	flag.Duration(durationFlag, 30*time.Second, "how long TestTorture lets everybody work")
	flag.Uint64(seedFlag, 0, "seed of the choices of TestTorture; 0 is any")
	os.Exit(m.Run())
}

// flagValue returns the value of a flag.
func flagValue[T any](t *testing.T, name string) T {
	t.Helper()
	value, ok := flag.Lookup(name).Value.(flag.Getter).Get().(T)
	if !ok {
		t.Fatalf("flag %s is of another type", name)
	}
	return value
}

func TestTorture(t *testing.T) {
	t.Parallel()
	cfg := Config{Seed: flagValue[uint64](t, seedFlag), Duration: flagValue[time.Duration](t, durationFlag), Writers: 16, Readers: 4}
	if cfg.Seed == 0 {
		cfg.Seed = uint64(time.Now().UnixNano())
	}
	if testing.Short() {
		cfg.Duration = min(cfg.Duration, 10*time.Second)
	}
	t.Logf("to repeat these choices: go test ./internal/torture -run TestTorture -torture.duration=%s -torture.seed=%d", cfg.Duration, cfg.Seed)
	result, err := Run(t.Context(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Log(result.Report())
	if len(result.Anomalies) > 0 {
		t.Fail()
	}
	wantTortured(t, result)
}

// wantTortured checks that the run has met what it is about.
func wantTortured(t *testing.T, r *Result) {
	t.Helper()
	edits, reads := 0, 0
	for _, o := range r.Ops {
		switch {
		case o.Outcome == Done && o.Kind == Read:
			reads++
		case o.Outcome == Done:
			edits++
		}
	}
	if edits == 0 || reads == 0 || r.Windows == 0 || len(r.Versions) < 2 {
		t.Errorf("%d edits and %d reads were done, in %d windows, for %d versions", edits, reads, r.Windows, len(r.Versions))
	}
	for _, f := range []Fault{CutAfter, StopLeader} {
		if r.Faults[f] == 0 {
			t.Errorf("there was no %q", f)
		}
	}
	if r.Leaders == 0 && r.Faults[StopLeader] > 2 {
		t.Error("the leader never changed")
	}
}
