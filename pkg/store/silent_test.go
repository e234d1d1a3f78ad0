package store_test

import (
	"context"
	"sync/atomic"
	"testing"
	"time"

	"github.com/calicoctl/calicoctl/internal/etcd"
	"github.com/calicoctl/calicoctl/internal/testkit/etcdtest"
	"github.com/calicoctl/calicoctl/pkg/store"
)

// besideSilent returns a Store with two ways to one etcd. The one that a
// transaction takes falls silent at it for good: before etcd gets it or, with
// after, when etcd has carried it out.
func (w *world) besideSilent(transaction int64, after bool) *store.Store {
	w.t.Helper()
	var count, silent atomic.Int64
	var endpoints []string
	for way := range int64(2) {
		hush := func(ctx context.Context, method string, _ int) error {
			if method == etcdtest.Commit && count.Add(1) == transaction {
				silent.Store(way + 1)
			}
			if silent.Load() == way+1 {
				<-ctx.Done()
				return etcdtest.ErrLost()
			}
			return nil
		}
		between := &etcdtest.Interposer{Before: hush}
		if after {
			between = &etcdtest.Interposer{After: hush}
		}
		must(w.t, between.Start(w.endpoint))
		w.t.Cleanup(func() { _ = between.Close() })
		endpoints = append(endpoints, between.Endpoint())
	}
	return open(w.t, etcd.Config{Endpoints: endpoints})
}

func TestEndpointFallsSilent(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		transaction int64
		after       bool
	}{
		"at the read":              {1, false},
		"at the commit":            {firstCommit, false},
		"when it has been carried": {firstCommit, true},
	} {
		t.Run("edit, "+name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			w.putProfile("web", lettered(t, "A"))
			s := w.besideSilent(test.transaction, test.after)
			result, err := s.Edit(soon(t), "web", appending(t, letter(t, "new")))
			wantDone(t, result, err, 1)
			w.wantVersions("web", 2)
		})
		t.Run("creation, "+name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			s := w.besideSilent(test.transaction, test.after)
			result, err := s.Update(soon(t), nil, creating("web"))
			wantDone(t, result, err, 1)
			w.wantVersions("web", 1)
		})
	}
}

// An etcd without a leader does not begin with a write, so it is known that
// nothing was saved, although the request was sent.
func TestNoLeaderAtCommit(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.putProfile("web", lettered(t, "A"))
	s, _ := w.behind(func(_ context.Context, method string, number int) error {
		if method == etcdtest.Commit && number >= firstCommit {
			return errNoLeader()
		}
		return nil
	}, nil)
	ctx, cancel := context.WithTimeout(t.Context(), time.Second)
	defer cancel()
	_, err := s.Edit(ctx, "web", appending(t, letter(t, "new")))
	wantUnreachable(t, err, s.Endpoints(), "no leader")
	w.wantVersions("web", 1)
}
