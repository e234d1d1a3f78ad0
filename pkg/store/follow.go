package store

import (
	"context"
	"errors"
	"time"

	"go.etcd.io/etcd/api/v3/mvccpb"
	clientv3 "go.etcd.io/etcd/client/v3"

	"github.com/calicoctl/calicoctl/internal/etcd"
	"github.com/calicoctl/calicoctl/internal/keys"
	"github.com/calicoctl/calicoctl/pkg/fault"
	"github.com/calicoctl/calicoctl/pkg/profile"
)

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
func (s *Store) Follow(ctx context.Context, p *profile.Profile, f Follower) error {
	w := &following{Follower: f, store: s, id: p.ID, known: p.Revision, next: p.Revision + 1}
	for number := 0; ; number++ {
		before := w.next
		err := w.watch(ctx)
		switch {
		case ctx.Err() != nil:
			return ctx.Err()
		case w.failed != nil:
			return w.failed
		case errors.Is(err, fault.ErrDenied) && w.watches && !w.denied:
			w.denied = true // the reason may be the token, which the next read renews
			continue
		case errors.Is(err, fault.ErrDenied):
			return err
		case err != nil && !errors.Is(err, errNoAnswer) && !w.lost:
			w.lost = true
			f.Lost(err)
		case w.next != before:
			number = 0
		}
		etcd.Pause(ctx, number)
	}
}

// A following is one use of Follow. The store's heartbeat is how long the watch may
// be quiet before the profile is read, and how long that may take.
type following struct {
	Follower
	store *Store
	id    string
	way   etcd.Attempt // of the watch

	known   int64 // the revision of the version that was told last; 0 is its absence
	next    int64 // from which on is not known what has come
	skipped bool  // that cannot be told any more
	lost    bool
	watches bool  // catchUp has read the profile
	denied  bool  // the watch was, which was then read
	failed  error // of Seen
}

// watch follows until something comes between.
func (w *following) watch(ctx context.Context) error {
	w.watches = false
	if err := w.catchUp(ctx); err != nil {
		return err
	}
	w.watches = true
	ctx, cancel := context.WithCancel(w.way.Context(ctx))
	defer cancel()
	start := time.Now()
	unborn := time.AfterFunc(w.store.times.heartbeat, func() { w.hangUp(); cancel() })
	answers := w.store.conn.Client.Watch(ctx, keys.Profile(w.id), clientv3.WithRev(w.next)) // waits for etcd
	if !unborn.Stop() {
		return w.silent(ctx, start)
	}
	beat := time.NewTicker(w.store.times.heartbeat)
	defer beat.Stop()
	for quiet, overdue := true, false; ; {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-beat.C:
			if quiet {
				if done, err := w.look(ctx, &overdue); done {
					w.hangUp()
					return err
				}
			}
			quiet = true
		case answer, open := <-answers:
			if !open {
				return errNoAnswer
			}
			quiet, overdue = false, false
			if done, err := w.take(answer); done {
				return err
			}
			w.denied = false
		}
	}
}

// hangUp closes the connection that the watch has fallen silent on.
func (w *following) hangUp() { w.store.conn.HangUp(&w.way) }

func (w *following) silent(ctx context.Context, since time.Time) error {
	return w.store.conn.Unreachable(context.WithoutCancel(ctx), context.DeadlineExceeded, since)
}

// look reads the profile, because nothing has come from the watch for a while. It
// reports that the watch is over when etcd does not answer, or when the watch
// should have told what is there: the second time, as it may be on its way the
// first time. A watch that has nothing to tell need not say anything: not every
// server answers a request for progress.
func (w *following) look(ctx context.Context, overdue *bool) (done bool, err error) {
	ctx, cancel := context.WithTimeout(ctx, w.store.times.heartbeat)
	defer cancel()
	kv, newest, err := w.store.keyAt(ctx, w.id, 0)
	switch {
	case err != nil:
		return true, err
	case newest < w.next-1:
		w.skipped = true // another etcd, such as one from a backup
		return true, nil
	case kv.GetModRevision() != w.known:
		done, *overdue = *overdue, true
		return done, errNoAnswer
	case kv != nil: // if it is not there, it may have been meanwhile
		w.next = newest + 1
	}
	return false, nil
}

// take takes what the watch says. It reports when the watch is over.
func (w *following) take(answer clientv3.WatchResponse) (done bool, err error) {
	err = w.store.conn.WatchDenied(answer.Err(), keys.Profile(w.id))
	switch {
	case answer.CompactRevision > 0:
		w.skipped = true
		return true, nil
	case errors.Is(err, fault.ErrDenied):
		return true, err
	case err != nil:
		return true, errNoAnswer
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
	ctx, cancel := context.WithTimeout(ctx, w.store.times.heartbeat)
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
