package store_test

import (
	"context"
	"errors"
	"sync/atomic"
	"testing"
	"time"

	"github.com/calicoctl/calicoctl/internal/testkit/etcdtest"
	"github.com/calicoctl/calicoctl/pkg/fault"
	"github.com/calicoctl/calicoctl/pkg/store"
)

// edits of each kind, of a profile web that says deny, or is not there.
func edits(t *testing.T) map[string]func(context.Context, *store.Store) (store.Result, error) {
	t.Helper()
	return map[string]func(context.Context, *store.Store) (store.Result, error){
		"change": func(ctx context.Context, s *store.Store) (store.Result, error) {
			return s.Edit(ctx, "web", appending(t, "allow from cidr 10.0.0.0/8"))
		},
		"removal": func(ctx context.Context, s *store.Store) (store.Result, error) {
			return s.Remove(ctx, editing("web", nil), true)
		},
		"creation": func(ctx context.Context, s *store.Store) (store.Result, error) {
			return s.Update(ctx, nil, creating("new"))
		},
		"migration": func(ctx context.Context, s *store.Store) (store.Result, error) {
			return s.Migrate(ctx, store.Migration{From: "old", To: "old"})
		},
	}
}

// unknown carries an edit out of which the client does not hear any more, whether
// it was saved or not.
func (w *world) unknown(saved bool, edit func(context.Context, *store.Store) (store.Result, error)) *store.UnknownOutcomeError {
	w.t.Helper()
	var sent atomic.Bool
	lose := func(_ context.Context, method string, number int) error {
		if method == etcdtest.Commit && number == firstCommit {
			sent.Store(true)
		}
		if sent.Load() {
			return etcdtest.ErrLost()
		}
		return nil
	}
	before, after := statusOf(func(ctx context.Context, method string, number int) error {
		_, err := w.plain.Get(ctx, lockKey) // the client has sent its request by then
		return errors.Join(err, lose(ctx, method, number))
	}), etcdtest.Hook(nil)
	if saved {
		before, after = nil, lose
	}
	s, _ := w.behind(before, after)
	s.KeepTime()
	ctx, cancel := context.WithTimeout(soon(w.t), time.Second)
	defer cancel()
	_, err := edit(ctx, s)
	var unknown *store.UnknownOutcomeError
	if !errors.As(err, &unknown) {
		w.t.Fatalf("error %v, want an unknown outcome", err)
	}
	return unknown
}

const (
	oldRules = "/calico/v1/policy/profile/old/rules"
	oldTags  = "/calico/v1/policy/profile/old/tags"
)

func newTakeBackWorld(t *testing.T) *world {
	t.Helper()
	w := newWorld(t)
	w.putProfile("web", " "+document(t, "web", "deny")+" ")
	w.put(oldRules, ` {"inbound_rules":[],"outbound_rules":[]}`)
	w.put(oldTags, ` ["a"]`)
	return w
}

// wantUntouched makes sure that all is byte for byte as it was at first.
func (w *world) wantUntouched() {
	w.t.Helper()
	w.wantValue("web", " "+document(w.t, "web", "deny")+" ")
	for _, id := range []string{"new", "old"} {
		if kv := w.get(id); kv != nil {
			w.t.Errorf("profile %s is there: %s", id, kv.Value)
		}
	}
	for key, want := range map[string]string{oldRules: ` {"inbound_rules":[],"outbound_rules":[]}`, oldTags: ` ["a"]`} {
		if kv := get(w.t, w.plain, key); kv == nil || string(kv.Value) != want {
			w.t.Errorf("%s is %v", key, kv)
		}
	}
}

// Every edit is taken back as a whole; once more does nothing.
func TestRollBack(t *testing.T) {
	t.Parallel()
	for name, edit := range edits(t) {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newTakeBackWorld(t)
			s := w.direct()
			result, err := edit(soon(t), s)
			wantDone(t, result, err, 1)
			revision, err := s.RollBack(soon(t), result)
			must(t, err)
			if revision != result.Profile.Revision+1 {
				t.Errorf("taken back at revision %d, want %d", revision, result.Profile.Revision+1)
			}
			w.wantUntouched()
			revision, err = s.RollBack(soon(t), result)
			must(t, err)
			if revision != 0 {
				t.Errorf("taken back once more, at revision %d", revision)
			}
		})
	}
}

// What another client has changed since stays, whether before it is looked at or at
// the last moment.
func TestRollBackConflict(t *testing.T) {
	t.Parallel()
	for name, edit := range edits(t) {
		for when, number := range map[string]int{"before": 1, "at the last moment": 2} {
			t.Run(name+" "+when, func(t *testing.T) {
				t.Parallel()
				w := newTakeBackWorld(t)
				result, err := edit(soon(t), w.direct())
				wantDone(t, result, err, 1)
				id, other := result.Profile.ID, document(t, "x", "pass")
				s, _ := w.behind(on(number, func(ctx context.Context) error {
					_, err := w.plain.Put(ctx, key(id), other)
					return err
				}), nil)
				_, err = s.RollBack(soon(t), result)
				wantError(t, err, fault.ErrConflict, "")
				w.wantValue(id, other)
			})
		}
	}
}

// A lost answer is found out about, and a locked datastore is not written to.
func TestRollBackInTrouble(t *testing.T) {
	t.Parallel()
	for name, edit := range edits(t) {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newTakeBackWorld(t)
			result, err := edit(soon(t), w.direct())
			wantDone(t, result, err, 1)
			w.put(lockKey, locked)
			s, _ := w.behind(nil, on(firstCommit, func(context.Context) error { return etcdtest.ErrLost() }))
			_, err = s.RollBack(soon(t), result)
			wantError(t, err, fault.ErrLocked, "")
			w.put(lockKey, unlocked)
			_, err = s.RollBack(soon(t), result)
			must(t, err)
			w.wantUntouched()
		})
	}
}

// An edit of which is not known whether it was saved is not there afterwards, and
// cannot come any more.
func TestPrevent(t *testing.T) {
	t.Parallel()
	for name, edit := range edits(t) {
		for fault, saved := range map[string]bool{neverCame: false, answerLost: true} {
			t.Run(name+" "+fault, func(t *testing.T) {
				t.Parallel()
				w := newTakeBackWorld(t)
				unknown := w.unknown(saved, edit)
				_, err := w.direct().RollBackUnknown(soon(t), unknown)
				must(t, err)
				w.wantUntouched()
			})
		}
	}
}

// Of an edit that another client has changed since, everything stays, also where
// etcd has thrown away what would tell.
func TestPreventConflict(t *testing.T) {
	t.Parallel()
	for name, compacted := range map[string]bool{"known": false, "compacted": true} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newTakeBackWorld(t)
			unknown := w.unknown(true, edits(t)["change"])
			other := document(t, "web", "pass")
			revision := w.putProfile("web", other)
			if compacted {
				w.compact(revision)
			}
			_, err := w.direct().RollBackUnknown(soon(t), unknown)
			wantError(t, err, fault.ErrConflict, "")
			w.wantValue("web", other)
		})
	}
}
