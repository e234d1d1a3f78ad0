package store

import (
	"bytes"
	"context"
	"errors"

	clientv3 "go.etcd.io/etcd/client/v3"

	"github.com/calicoctl/calicoctl/internal/etcd"
	"github.com/calicoctl/calicoctl/internal/keys"
	"github.com/calicoctl/calicoctl/pkg/fault"
)

// fromHistory tells from what has happened to the profile's key since it was
// read whether the write was saved; now is a later look at it. A key that
// stands as it was read says that it was not, unless the write may still be on
// its way: then the answer is unsettled.
func (w *write) fromHistory(ctx context.Context, now *Snapshot, unsettled error) (outcome, error) {
	key := keys.Profile(w.profile)
	if w.before.found[key] == nil {
		saved, err := w.createdSince(ctx, now)
		if err != nil {
			return outcome{}, w.unknown(err)
		}
		if saved == 0 && now.found[key] == nil {
			return outcome{now: now}, unsettled
		}
		return outcome{saved: saved, now: now}, nil
	}
	if now.found[key].GetModRevision() == w.before.found[key].GetModRevision() {
		return outcome{now: now}, unsettled
	}
	saved, err := w.firstChange(ctx)
	w.logHistory(saved, err)
	return outcome{saved: saved, now: now}, err
}

// firstChange looks at the first change of the key after it was read, of which
// is known that there is one. The write was conditional on there being none,
// so it is that one, or it was not saved and 0 is returned.
func (w *write) firstChange(ctx context.Context) (saved int64, err error) {
	for number := 0; ctx.Err() == nil; number++ {
		attempt, _, end := w.store.conn.Attempt(ctx)
		saved, err = w.watchOnce(attempt)
		end()
		if !errors.Is(err, errNoAnswer) {
			return saved, err
		}
		etcd.Pause(ctx, number)
	}
	return 0, w.unknown(errors.New("the history of the key was not told"))
}

func (w *write) watchOnce(ctx context.Context) (saved int64, err error) {
	changes := w.store.conn.Client.Watch(ctx, keys.Profile(w.profile), clientv3.WithRev(w.before.Revision+1))
	for answer := range changes {
		switch err := w.store.conn.WatchDenied(answer.Err(), keys.Profile(w.profile)); {
		case err == nil:
		case etcd.IsTransient(err) && !errors.Is(err, fault.ErrDenied):
			return 0, errNoAnswer
		default: // compacted, among others
			return 0, w.unknown(err)
		}
		for _, change := range answer.Events {
			if w.did(change) {
				return change.Kv.ModRevision, nil
			}
			return 0, nil
		}
	}
	return 0, errNoAnswer
}

// did reports whether a change of the profile's key is what the write does.
func (w *write) did(change *clientv3.Event) bool {
	if w.document == nil {
		return change.Type == clientv3.EventTypeDelete
	}
	return change.Type == clientv3.EventTypePut && bytes.Equal(change.Kv.Value, w.document)
}

// created looks, before a profile is created a second time, whether the first
// time was carried out: another client may have removed the profile since, and it
// must not come back. For a change of a profile that was there, the revision in
// the condition makes sure of that.
func (w *write) created(ctx context.Context) (out outcome, decided bool, err error) {
	if w.before.found[keys.Profile(w.profile)] != nil {
		return outcome{}, false, nil
	}
	w.store.conn.Log.Info("asking whether the profile was created", "profile", w.profile)
	now, err := w.store.Read(ctx, w.before.query)
	var saved int64
	if err == nil {
		saved, err = w.createdSince(ctx, now)
	}
	switch {
	case err == nil:
		return outcome{saved: saved, now: now}, saved > 0, nil
	case errors.Is(err, fault.ErrUnreachable), ctx.Err() != nil:
		return outcome{}, false, errNoAnswer
	}
	return outcome{}, false, w.unknown(err)
}

// errNoAnswer says that etcd could not be asked; it may be later.
var errNoAnswer = errors.New("no answer")

// maxLookBack is how many revisions of the datastore are looked through for a
// profile that was created and removed again.
const maxLookBack = 10 * etcd.MaxOperations

// createdSince looks for the write among all that the key has held from the
// time when it was absent to a later look. It returns the revision at which it
// was saved, or 0. A key that is gone tells nothing, so every revision in
// between is asked for.
func (w *write) createdSince(ctx context.Context, now *Snapshot) (saved int64, err error) {
	key, until := keys.Profile(w.profile), now.Revision
	if kv := now.found[key]; kv != nil && bytes.Equal(kv.Value, w.document) {
		return kv.ModRevision, nil
	}
	if until-w.before.Revision > maxLookBack {
		return 0, errors.New("too much has been written since")
	}
	for from := w.before.Revision + 1; from <= until; from += etcd.MaxOperations {
		found, err := w.store.keyAtEach(ctx, w.profile, from, min(from+etcd.MaxOperations-1, until))
		if err != nil { // compacted, among others
			return 0, err
		}
		for _, kv := range found {
			if kv != nil && bytes.Equal(kv.Value, w.document) {
				return kv.ModRevision, nil
			}
		}
	}
	return 0, nil
}
