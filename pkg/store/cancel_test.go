package store_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/calicoctl/calicoctl/internal/testkit/etcdtest"
	"github.com/calicoctl/calicoctl/pkg/fault"
	"github.com/calicoctl/calicoctl/pkg/profile"
)

// Ctrl-C while the commit is under way.
func TestCancelDuringCommit(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name     string
		after    bool // the hook stands behind etcd, not before it
		answers  bool // soon after Ctrl-C; otherwise not before the edit has ended
		conflict bool // another writer was faster
		done     bool
		err      error
		versions int
	}{
		{name: "saved, and the answer comes", after: true, answers: true, done: true, versions: 2},
		{name: "saved, and no answer comes", after: true, done: true, versions: 2},
		{name: "not there yet, and then saved", answers: true, done: true, versions: 2},
		{name: "not there yet, and no answer comes", err: fault.ErrUnknownOutcome, versions: 1},
		{name: "another was faster, and the answer comes", after: true, answers: true, conflict: true, err: context.Canceled, versions: 2},
		{name: "another was faster, and no answer comes", after: true, conflict: true, err: context.Canceled, versions: 2},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			w.putProfile("web", lettered(t, "A"))
			reached, release := make(chan struct{}), make(chan struct{})
			block := first(func(ctx context.Context) error {
				close(reached)
				select {
				case <-release:
					return nil
				case <-ctx.Done(): // the client has given up
					return etcdtest.ErrLost()
				}
			})
			faster := first(func(ctx context.Context) error {
				_, err := w.plain.Put(ctx, key("web"), lettered(t, "A B"))
				return err
			})
			before, after := block, etcdtest.Hook(nil)
			if test.after {
				before, after = nil, block
			}
			if test.conflict {
				before = faster
			}
			s, _ := w.behind(before, after)
			if errors.Is(test.err, fault.ErrUnknownOutcome) {
				s.KeepTime()
			}
			ctx, cancel := context.WithCancel(soon(t))
			go func() {
				<-reached
				cancel()
				if test.answers {
					close(release)
				}
			}()
			result, err := s.Edit(ctx, "web", appending(t, letter(t, "new")))
			if test.done {
				wantDone(t, result, err, 1)
			} else if !errors.Is(err, test.err) {
				t.Errorf("error %v, want %v", err, test.err)
			}
			w.wantVersions("web", test.versions)
			if test.done != strings.Contains(string(w.get("web").Value), "new") {
				t.Errorf("list %s", w.letters())
			}
		})
	}
}

// Ctrl-C while the transaction is sent for the second time. The first sending
// was saved, so the guard of the second fails, and the history tells.
func TestCancelDuringSecondSending(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.putProfile("web", lettered(t, "A"))
	ctx, cancel := context.WithCancel(soon(t))
	defer cancel()
	s, _ := w.behind(nil, func(_ context.Context, method string, number int) error {
		switch {
		case method == etcdtest.Commit && number == firstCommit:
			return etcdtest.ErrLost()
		case method == etcdtest.Commit && number == firstCommit+1:
			cancel()
		}
		return nil
	})
	result, err := s.Edit(ctx, "web", appending(t, letter(t, "new")))
	wantDone(t, result, err, 1)
	w.wantVersions("web", 2)
}

// Ctrl-C while reading: nothing was sent.
func TestCancelDuringRead(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.putProfile("web", lettered(t, "A"))
	ctx, cancel := context.WithCancelCause(soon(t))
	s, between := w.behind(on(1, func(ctx context.Context) error {
		cancel(nil)
		<-ctx.Done()
		return etcdtest.ErrLost()
	}), nil)
	_, err := s.Edit(ctx, "web", appending(t, letter(t, "new")))
	if !errors.Is(err, context.Canceled) || errors.Is(err, fault.ErrUnreachable) {
		t.Errorf("error %v (%T)", err, err)
	}
	if n := between.Count(etcdtest.Commit); n != 1 {
		t.Errorf("%d requests", n)
	}
	w.wantVersions("web", 1)
}

// A deadline between read and commit, before anything was sent.
func TestDeadlineBeforeCommit(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.putProfile("web", lettered(t, "A"))
	s, between := w.behind(nil, nil)
	ctx, cancel := context.WithTimeout(t.Context(), time.Second)
	defer cancel()
	_, err := s.Edit(ctx, "web", func(p *profile.Profile) error {
		<-ctx.Done()
		return appending(t, letter(t, "new"))(p)
	})
	wantUnreachable(t, err, s.Endpoints(), "no answer")
	if n := between.Count(etcdtest.Commit); n != 1 {
		t.Errorf("%d requests", n)
	}
	w.wantVersions("web", 1)
}
