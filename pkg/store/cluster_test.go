package store_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	clientv3 "go.etcd.io/etcd/client/v3"

	"github.com/calicoctl/calicoctl/internal/etcd"
	"github.com/calicoctl/calicoctl/internal/testkit/embedetcd"
	"github.com/calicoctl/calicoctl/pkg/fault"
	"github.com/calicoctl/calicoctl/pkg/profile"
	"github.com/calicoctl/calicoctl/pkg/rules"
	"github.com/calicoctl/calicoctl/pkg/store"
)

// An attempt is what an editor was told about its rule.
type attempt struct {
	words string
	err   error
}

// Editors go on while the leader is killed and comes back, again and again.
// What was reported done is there once, what was reported as failed is not, and
// of the unknown there is at most one.
func TestLeaderIsKilled(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	cluster, err := embedetcd.StartCluster(ctx, 3, embedetcd.Options{Fast: true})
	must(t, err)
	t.Cleanup(func() { _ = cluster.Close() })
	client := plainClient(t, clientv3.Config{Endpoints: cluster.Endpoints()})
	_, err = client.Put(ctx, key("web"), document(t, "web"))
	must(t, err)

	const editors, kills = 4, 3
	attempts := make(chan attempt, 10_000)
	stop := make(chan struct{})
	var running sync.WaitGroup
	for editor := range editors {
		s := open(t, etcd.Config{Endpoints: cluster.Endpoints()})
		running.Go(func() { keepEditing(ctx, t, s, editor, stop, attempts) })
	}
	for range kills {
		leader, err := cluster.WaitLeader(ctx)
		must(t, err)
		waitForEdits(ctx, t, client)
		must(t, cluster.Stop(leader))
		waitForEdits(ctx, t, client) // by the two that are left
		must(t, cluster.Restart(leader))
	}
	waitForEdits(ctx, t, client)
	close(stop)
	running.Wait()
	close(attempts)
	wantEveryEdit(t, get(t, client, key("web")).Value, attempts)
}

// keepEditing appends rules, no two alike, until it is told to stop.
func keepEditing(ctx context.Context, t *testing.T, s *store.Store, editor int, stop <-chan struct{}, attempts chan<- attempt) {
	for i := 0; ; i++ {
		select {
		case <-stop:
			return
		default:
		}
		words := fmt.Sprintf("allow tcp from tag editor-%d to ports %d", editor, i+1)
		ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
		_, err := s.Edit(ctx, "web", func(p *profile.Profile) error {
			r, err := rules.ParseLine(words, rules.AsNew)
			if err != nil {
				return err
			}
			return profile.AppendRule(p, rules.Inbound, r)
		})
		cancel()
		attempts <- attempt{words, err}
		if err != nil && !errors.Is(err, fault.ErrUnknownOutcome) {
			t.Logf("%s: %v", words, err)
		}
	}
}

// waitForEdits returns when the profile has been changed a few times more.
func waitForEdits(ctx context.Context, t *testing.T, client *clientv3.Client) {
	t.Helper()
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	seen := 0
	for answer := range client.Watch(ctx, key("web")) {
		if seen += len(answer.Events); seen >= 5 {
			return
		}
	}
	t.Fatalf("no more edits: %v", ctx.Err())
}

func wantEveryEdit(t *testing.T, document []byte, attempts <-chan attempt) {
	t.Helper()
	p, err := store.DecodeProfile("web", 1, document)
	must(t, err)
	count := map[string]int{}
	for _, r := range p.Inbound {
		count[rules.Format(r.Rule)]++
	}
	done, failed, unknown := 0, 0, 0
	for a := range attempts {
		n := count[a.words]
		delete(count, a.words)
		switch {
		case a.err == nil:
			if done++; n != 1 {
				t.Errorf("%s was reported done and is there %d times", a.words, n)
			}
		case errors.Is(a.err, fault.ErrUnknownOutcome):
			if unknown++; n > 1 {
				t.Errorf("%s is there %d times", a.words, n)
			}
		default:
			if failed++; n != 0 {
				t.Errorf("%s was reported as failed (%v) and is there", a.words, a.err)
			}
		}
	}
	if len(count) > 0 {
		t.Errorf("nobody added %v", count)
	}
	t.Logf("%d done, %d failed, %d unknown", done, failed, unknown)
	if done == 0 || strings.Count(string(document), "editor-") < done {
		t.Errorf("%d edits were done", done)
	}
}
