package store

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"go.etcd.io/etcd/api/v3/mvccpb"
	clientv3 "go.etcd.io/etcd/client/v3"

	"github.com/calicoctl/calicoctl/internal/etcd"
	"github.com/calicoctl/calicoctl/internal/keys"
	"github.com/calicoctl/calicoctl/internal/printable"
	"github.com/calicoctl/calicoctl/pkg/fault"
)

// removals finds the revisions at which a profile was removed. A removed key
// holds nothing that tells of it, so the key is read at one revision after
// another, backwards. Only before a creation that is old there is a cheaper way: a
// watch from the oldest revision, which is complete when the creation itself
// arrives.
//
// Nothing here depends on progress notifications: etcd before 3.4.25 and 3.5.8
// sends them before the events that they are about, 3.5.8 to 3.5.12 may not send
// them, and a grpc-proxy never does.
type removals struct {
	store *Store
	id    string

	compacted bool    // there may have been older ones
	read      bool    // the watch has told all of them
	revisions []int64 // ascending; once read
}

// maxReads is how many revisions before a creation are read one by one.
const maxReads = 100 * etcd.MaxOperations

// beforeNow returns the newest removal up to a revision, at which the profile is
// not there; 0 when there is none.
func (r *removals) beforeNow(ctx context.Context, newest int64) (int64, error) {
	return r.scan(ctx, newest, 1)
}

// beforeCreation returns the newest removal before the revision of a creation; 0
// when there is none.
func (r *removals) beforeCreation(ctx context.Context, created int64) (int64, error) {
	if !r.read {
		oldest := max(created-r.store.maxReads, 1)
		removed, err := r.scan(ctx, created-1, oldest)
		if err != nil || removed > 0 || r.compacted || oldest == 1 {
			return removed, err
		}
		if err := r.readAll(ctx, created); err != nil {
			return 0, err
		}
	}
	at, _ := slices.BinarySearch(r.revisions, created)
	if at == 0 {
		return 0, nil
	}
	return r.revisions[at-1], nil
}

// scan reads the key at each revision from newest down to oldest, until the
// profile is there. It was removed at the next revision.
func (r *removals) scan(ctx context.Context, newest, oldest int64) (removed int64, err error) {
	for upper := newest; upper >= oldest; {
		lower := max(upper-etcd.MaxOperations+1, oldest)
		start := time.Now()
		found, err := r.store.keyAtEach(ctx, r.id, lower, upper)
		if etcd.IsCompacted(err) {
			r.compacted = true
			if oldest, err = r.oldestKept(ctx, lower, upper); err == nil {
				lower = oldest
				found, err = r.store.keyAtEach(ctx, r.id, lower, upper)
			}
		}
		if err != nil {
			return 0, r.noTime(ctx, err, start, newest-upper, upper+1)
		}
		for i, kv := range slices.Backward(found) {
			if kv != nil {
				return lower + int64(i) + 1, nil
			}
		}
		upper = lower - 1
	}
	return 0, nil
}

// noTime returns an error that says how far back the revisions were read, when
// the time was over although etcd answers.
func (r *removals) noTime(ctx context.Context, err error, start time.Time, done, reached int64) error {
	if done == 0 || !errors.Is(context.Cause(ctx), context.DeadlineExceeded) || time.Since(start) > time.Second {
		return err
	}
	return &fault.Error{Kind: fault.ErrUnreachable, Cause: err, Text: fmt.Sprintf("there was no time to look for profile %s before revision %d of etcd; "+
		"give it more time", printable.Text(r.id), reached)}
}

// oldestKept returns the oldest revision from lower on that is not compacted,
// which is after upper when all are.
func (r *removals) oldestKept(ctx context.Context, lower, upper int64) (int64, error) {
	for lower <= upper {
		middle := lower + (upper-lower)/2
		switch _, _, err := r.store.keyAt(ctx, r.id, middle); {
		case etcd.IsCompacted(err):
			lower = middle + 1
		case err != nil:
			return 0, err
		default:
			upper = middle - 1
		}
	}
	return lower, nil
}

// readAll reads all removals before a creation.
func (r *removals) readAll(ctx context.Context, created int64) error {
	for from, number := int64(1), 0; !r.read; number++ {
		attempt, _, end := r.store.conn.Attempt(ctx)
		oldest, err := r.watch(attempt, from, created)
		end()
		switch {
		case oldest > created: // nothing is left of what was before
			r.revisions, r.compacted, r.read = nil, true, true
		case oldest > 0:
			from, r.compacted = oldest, true
		case errors.Is(err, errNoAnswer) && etcd.Pause(ctx, number):
		case errors.Is(err, errNoAnswer):
			return context.Cause(ctx)
		case err != nil:
			return err
		}
	}
	return nil
}

// watch reads all removals from a revision up to that of a creation. If the first
// is compacted, it returns the oldest revision that is not.
func (r *removals) watch(ctx context.Context, from, created int64) (oldest int64, err error) {
	r.revisions = nil
	key := keys.Profile(r.id)
	for answer := range r.store.conn.Client.Watch(ctx, key, clientv3.WithRev(from)) {
		switch err := r.store.conn.WatchDenied(answer.Err(), key); {
		case answer.CompactRevision > 0:
			return answer.CompactRevision, nil
		case err != nil && etcd.IsTransient(err) && !errors.Is(err, fault.ErrDenied):
			return 0, errNoAnswer
		case err != nil:
			return 0, err
		}
		for _, change := range answer.Events {
			if change.Kv.ModRevision >= created {
				r.read = true
				return 0, nil
			}
			if change.Type == clientv3.EventTypeDelete {
				r.revisions = append(r.revisions, change.Kv.ModRevision)
			}
		}
	}
	return 0, errNoAnswer
}

// keyAtEach returns what a profile's key held at each revision from one to
// another, nil where it was not there. There may be maxOperations of them.
func (s *Store) keyAtEach(ctx context.Context, id string, from, to int64) (found []*mvccpb.KeyValue, err error) {
	key := keys.Profile(id)
	if from > to {
		return nil, nil
	}
	var ops []clientv3.Op
	for revision := from; revision <= to; revision++ {
		ops = append(ops, clientv3.OpGet(key, clientv3.WithRev(revision)))
	}
	err = s.conn.Retry(ctx, func(ctx context.Context) error {
		answer, err := s.conn.Client.Txn(ctx).Then(ops...).Commit()
		if err != nil {
			return err
		}
		found = make([]*mvccpb.KeyValue, len(ops))
		for i, r := range answer.Responses {
			if kvs := r.GetResponseRange().GetKvs(); len(kvs) > 0 {
				found[i] = kvs[0]
			}
		}
		return nil
	})
	return found, s.conn.Denied(ctx, err, etcd.Access{Reads: []etcd.Span{{Key: key}}})
}
