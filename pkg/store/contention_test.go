package store_test

import (
	"container/heap"
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/calicoctl/calicoctl/internal/testkit/etcdtest"
	"github.com/calicoctl/calicoctl/pkg/fault"
	"github.com/calicoctl/calicoctl/pkg/store"
)

// The model is etcd as one queue, and writers that wait as the store does, in a
// time of its own: what a busy machine does to the times of a real server does not
// matter. BenchmarkContention measures the same on a real one.
func TestContentionModel(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		writers, edits int
		times          float64 // what one writer takes
		total          time.Duration
	}{
		{8, 64, 3, time.Second},
		{8, 512, 3, time.Second},
		{64, 64, 10, time.Second},
		{64, 512, 7, 1740 * time.Millisecond},
	} {
		t.Run(fmt.Sprintf("writers=%d/edits=%d", test.writers, test.edits), func(t *testing.T) {
			t.Parallel()
			const runs = 10
			var one, all, longest time.Duration
			for range runs {
				alone, _ := newModel(1, test.edits).run()
				total, edit := newModel(test.writers, test.edits).run()
				one, all, longest = one+alone, all+total, max(longest, edit)
			}
			if times := float64(all) / float64(one); times > test.times || all/runs > test.total {
				t.Errorf("%v, %.1f times what one writer takes; at most %v and %.0f times are wanted", all/runs, times, test.total, test.times)
			}
			if longest > time.Second {
				t.Errorf("an edit took %v", longest)
			}
		})
	}
}

// What a request takes in the model, and what an edit takes between two.
const (
	modelServer  = 150 * time.Microsecond
	modelNetwork = 50 * time.Microsecond // each way
	modelPrepare = 50 * time.Microsecond
)

type model struct {
	queue   []modelEvent // a heap by time
	free    time.Duration
	version int
	longest time.Duration
}

type modelWriter struct {
	left       int
	start, had time.Duration // of the edit; when it had the document
	version    int           // that it has
	races      *store.Contention
}

type modelEvent struct {
	at     time.Duration
	writer *modelWriter
	do     func(*model, *modelWriter, time.Duration)
}

func (m *model) Len() int           { return len(m.queue) }
func (m *model) Less(i, j int) bool { return m.queue[i].at < m.queue[j].at }
func (m *model) Swap(i, j int)      { m.queue[i], m.queue[j] = m.queue[j], m.queue[i] }
func (m *model) Push(e any)         { m.queue = append(m.queue, e.(modelEvent)) }
func (m *model) Pop() any {
	last := m.queue[len(m.queue)-1]
	m.queue = m.queue[:len(m.queue)-1]
	return last
}

func (m *model) at(when time.Duration, w *modelWriter, do func(*model, *modelWriter, time.Duration)) {
	heap.Push(m, modelEvent{when, w, do})
}

func newModel(writers, edits int) *model {
	m := &model{}
	for range writers {
		m.at(0, &modelWriter{left: edits / writers}, (*model).begin)
	}
	return m
}

func (m *model) run() (total, longest time.Duration) {
	for m.Len() > 0 {
		e := heap.Pop(m).(modelEvent)
		total = e.at
		e.do(m, e.writer, e.at)
	}
	return total, m.longest
}

func (m *model) begin(w *modelWriter, now time.Duration) {
	w.start, w.races = now, &store.Contention{}
	m.read(w, now)
}

// serve lets the server do something when it comes to the request.
func (m *model) serve(w *modelWriter, now time.Duration, do func(*model, *modelWriter, time.Duration)) {
	m.free = max(m.free, now+modelNetwork) + modelServer
	m.at(m.free, w, do)
}

func (m *model) read(w *modelWriter, now time.Duration) {
	m.serve(w, now, func(m *model, w *modelWriter, now time.Duration) {
		w.version = m.version
		m.at(now+modelNetwork, w, (*model).try)
	})
}

func (m *model) try(w *modelWriter, now time.Duration) {
	w.had = now
	m.serve(w, now+modelPrepare, (*model).commit)
}

func (m *model) commit(w *modelWriter, now time.Duration) {
	if w.version != m.version {
		w.version = m.version
		m.at(now+modelNetwork, w, (*model).lose)
		return
	}
	m.version++
	m.at(now+modelNetwork, w, func(m *model, w *modelWriter, now time.Duration) {
		m.longest = max(m.longest, now-w.start)
		if w.left--; w.left > 0 {
			m.begin(w, now)
		}
	})
}

func (m *model) lose(w *modelWriter, now time.Duration) {
	w.races.Lose(now - w.had)
	wait, reads := w.races.Wait()
	next := (*model).try
	if reads {
		next = (*model).read
	}
	m.at(now+wait, w, next)
}

// The first retry is sent at once; the waits follow the time of an attempt, are
// bounded, and end for an edit that has lost many races.
func TestContentionWaits(t *testing.T) {
	t.Parallel()
	for _, attempt := range []time.Duration{100 * time.Microsecond, time.Millisecond, 20 * time.Millisecond, time.Minute} {
		var c store.Contention
		for lost := 1; lost <= 60; lost++ {
			c.Lose(attempt)
			wait, reads := c.Wait()
			switch {
			case lost == 1 && (wait != 0 || reads):
				t.Errorf("%v: a wait of %v before the first retry", attempt, wait)
			case lost == 2 && (wait < min(4*attempt, 80*time.Millisecond) || wait > 8*attempt):
				t.Errorf("%v: the second wait is %v", attempt, wait)
			case wait > 160*time.Millisecond || wait > 128*attempt:
				t.Errorf("%v: a wait of %v", attempt, wait)
			case lost > 50 && wait > attempt/1000:
				t.Errorf("%v: after %d lost races still a wait of %v", attempt, lost, wait)
			case reads != (wait > attempt):
				t.Errorf("%v: reads %v after a wait of %v", attempt, reads, wait)
			}
		}
	}
}

// Another writer lands before each of the first commits: after the second lost race
// the edit has waited, and what came with it would be old.
func TestReadsAfterAPause(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.putProfile("web", lettered(t, "A"))
	documents := map[int]string{2: lettered(t, "A B"), 3: lettered(t, "A B C"), 4: lettered(t, "A B C D")}
	s, between := w.behind(func(ctx context.Context, method string, n int) error {
		if method != etcdtest.Commit || documents[n] == "" {
			return nil
		}
		_, err := w.plain.Put(ctx, key("web"), documents[n])
		return err
	}, nil)
	result, err := s.Edit(soon(t), "web", appending(t, letter(t, "new")))
	wantDone(t, result, err, 3)
	if got := w.letters(); got != "A B C D new" {
		t.Errorf("list %s", got)
	}
	if n := between.Count(etcdtest.Commit); n != 5 { // read, lost, lost, read, commit
		t.Errorf("%d requests", n)
	}
}

// etcd is gone when an edit that has lost two races reads again.
func TestReadAfterAPauseFails(t *testing.T) {
	t.Parallel()
	const again = 4 // the fourth request
	for name, test := range map[string]struct {
		fails error
		kind  error // nil when the edit lands
	}{
		"for a moment": {etcdtest.ErrLost(), nil},
		"for good":     {status.Error(codes.FailedPrecondition, "etcdserver: no"), fault.ErrRefused},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			w.putProfile("web", lettered(t, "A"))
			s, _ := w.behind(func(ctx context.Context, _ string, n int) error {
				switch n {
				case 2, 3:
					_, err := w.plain.Put(ctx, key("web"), lettered(t, strings.Repeat("A ", n)))
					return err
				case again:
					return test.fails
				}
				return nil
			}, nil)
			result, err := s.Edit(soon(t), "web", appending(t, letter(t, "new")))
			if test.kind != nil {
				wantError(t, err, test.kind, "")
				w.wantVersions("web", 3)
				return
			}
			wantDone(t, result, err, 3)
			if got := w.letters(); got != "A A A new" {
				t.Errorf("list %s", got)
			}
		})
	}
}

// The time ends, or the caller gives up, in the pause and in the read after it.
func TestContextEndsAfterRaces(t *testing.T) {
	if testing.Short() {
		t.Skip("a slow attempt, as with the race detector, leaves a read out; make test runs it")
	}
	t.Parallel()
	cause := map[string]func(context.Context) (context.Context, context.CancelFunc){
		"cancelled": context.WithCancel,
		"time over": func(ctx context.Context) (context.Context, context.CancelFunc) {
			return context.WithTimeout(ctx, 3*time.Second)
		},
	}
	for name, begin := range cause {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			w.putProfile("web", lettered(t, "A"))
			ctx, end := begin(soon(t))
			defer end()
			s, _ := w.behind(func(request context.Context, _ string, n int) error {
				if n == 4 { // the read after the pause
					if name == "cancelled" {
						end()
					}
					<-request.Done()
					return request.Err()
				}
				_, err := w.plain.Put(request, key("web"), lettered(t, strings.Repeat("A ", n)))
				return err
			}, nil)
			_, err := s.Edit(ctx, "web", appending(t, letter(t, "new")))
			if name == "cancelled" {
				if !errors.Is(err, context.Canceled) {
					t.Errorf("error %v", err)
				}
			} else {
				wantError(t, err, fault.ErrConflict, "other writers kept changing profile web until the time was over; nothing was changed")
			}
			w.wantVersions("web", 4)
		})
	}
}
