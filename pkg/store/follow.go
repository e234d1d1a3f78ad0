package store

import (
	"context"
	"errors"
	"time"

	"go.etcd.io/etcd/api/v3/mvccpb"
	clientv3 "go.etcd.io/etcd/client/v3"
)

// heartbeat is how often a quiet watch is asked whether it is still alive, and how
// long it has for the answer.
const heartbeat = 5 * time.Second

// A Follower is told what becomes of a profile.
type Follower struct {
	// Seen gets each version that comes, in order. An error ends the following.
	Seen func(Version) error

	// Lost gets the reason when etcd does not answer any more, once, and nil when
	// it does again. What has come meanwhile is told then.
	Lost func(error)
}

// Follow tells what becomes of the v3 profile that was read as p, until the context
// ends, whatever becomes of connections. Where etcd has thrown away what came
// meanwhile, it tells what there is now, as Skipped, unless that is known. The
// errors are those of the context and of Seen, and ErrDenied.
func (s *Store) Follow(ctx context.Context, p *Profile, f Follower) error {
	w := &following{Follower: f, store: s, id: p.ID, known: p.Revision, next: p.Revision + 1}
	for number := 0; ; number++ {
		before := w.next
		err := w.watch(ctx)
		switch {
		case ctx.Err() != nil:
			return ctx.Err()
		case w.failed != nil:
			return w.failed
		case errors.Is(err, ErrDenied):
			return err
		case err != nil && !errors.Is(err, errNoAnswer) && !w.lost:
			w.lost = true
			f.Lost(err)
		case w.next != before:
			number = 0
		}
		pause(ctx, number)
	}
}

// A following is one use of Follow.
type following struct {
	Follower
	store *Store
	id    string
	way   attempt // of the watch

	known   int64 // the revision of the version that was told last; 0 is its absence
	next    int64 // from which on is not known what has come
	skipped bool  // that cannot be told any more
	lost    bool
	failed  error // of Seen
}

// watch follows until something comes between.
func (w *following) watch(ctx context.Context) error {
	if err := w.catchUp(ctx); err != nil {
		return err
	}
	ctx, cancel := context.WithCancel(clientv3.WithRequireLeader(context.WithValue(ctx, attemptKey{}, &w.way)))
	defer cancel()
	start, alive := time.Now(), true
	unborn := time.AfterFunc(heartbeat, func() { w.hangUp(); cancel() })
	answers := w.store.client.Watch(ctx, profileKey(w.id), clientv3.WithRev(w.next)) // waits for etcd
	if !unborn.Stop() {
		return w.silent(ctx, start)
	}
	beat := time.NewTicker(heartbeat)
	defer beat.Stop()
	for {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-beat.C:
			if !alive {
				w.hangUp()
				return w.silent(ctx, start)
			}
			start, alive = time.Now(), false
			w.ask(ctx)
		case answer, open := <-answers:
			if !open {
				return errNoAnswer
			}
			alive = true
			if done, err := w.take(answer); done {
				return err
			}
		}
	}
}

// hangUp closes the connection that the watch has fallen silent on.
func (w *following) hangUp() {
	if conn := w.way.conn.Load(); conn != nil {
		w.store.dials.hangUp(conn)
	}
}

func (w *following) silent(ctx context.Context, since time.Time) error {
	return w.store.unreachable(context.WithoutCancel(ctx), context.DeadlineExceeded, since)
}

// ask makes etcd say something.
func (w *following) ask(ctx context.Context) {
	ctx, cancel := context.WithTimeout(ctx, heartbeat/2)
	defer cancel()
	_ = w.store.client.RequestProgress(ctx) // without an answer it is not alive
}

// take takes what the watch says. It reports when the watch is over.
func (w *following) take(answer clientv3.WatchResponse) (done bool, err error) {
	err = w.store.watchDenied(answer.Err(), profileKey(w.id))
	switch {
	case answer.CompactRevision > 0:
		w.skipped = true
		return true, nil
	case errors.Is(err, ErrDenied):
		return true, err
	case err != nil:
		return true, errNoAnswer
	case answer.IsProgressNotify() && answer.Header.Revision < w.next-1:
		w.skipped = true // another etcd, such as one from a backup
		return true, nil
	case answer.IsProgressNotify():
		w.next = answer.Header.Revision + 1
		return false, nil
	}
	for _, change := range answer.Events {
		v := Version{Revision: change.Kv.ModRevision}
		if change.Type == clientv3.EventTypePut {
			v = versionOf(w.id, change.Kv)
		}
		w.next = v.Revision + 1
		if err := w.tell(v); err != nil {
			return true, err
		}
	}
	return false, nil
}

// tell passes a version on.
func (w *following) tell(v Version) error {
	w.known = v.Revision
	if v.Removed() {
		w.known = 0
	}
	w.failed = w.Seen(v)
	return w.failed
}

// catchUp makes sure that etcd answers and that it can tell all that has come. If
// it cannot, it tells what there is now.
func (w *following) catchUp(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, heartbeat)
	defer cancel()
	kv, newest, err := w.store.keyAt(ctx, w.id, 0)
	if err != nil {
		return err
	}
	if w.lost {
		w.lost = false
		w.Lost(nil)
	}
	if !w.skipped && newest >= w.next-1 {
		return nil
	}
	w.skipped, w.next = false, newest+1
	if kv.GetModRevision() == w.known {
		return nil
	}
	return w.tell(w.now(kv))
}

// now returns the version that there is now. When it was removed is not known.
func (w *following) now(kv *mvccpb.KeyValue) Version {
	v := Version{}
	if kv != nil {
		v = versionOf(w.id, kv)
	}
	v.Skipped = true
	return v
}
