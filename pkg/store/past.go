package store

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"go.etcd.io/etcd/api/v3/mvccpb"
	"go.etcd.io/etcd/api/v3/v3rpc/rpctypes"
	clientv3 "go.etcd.io/etcd/client/v3"

	"github.com/calicoctl/calicoctl/internal/printable"
)

// A Version is what a profile was from one revision on. It was removed then when
// it has neither a profile nor an error.
type Version struct {
	Revision int64    // 0 where that of a removal is not known
	Profile  *Profile // as it was; its Revision is this one
	Created  bool     // it was not there before
	Damaged  error    // why it cannot be read: ErrDamaged
	Skipped  bool     // what was between it and the one before is not known; see Follow
}

// Removed reports whether the profile was gone from this revision on.
func (v Version) Removed() bool { return v.Profile == nil && v.Damaged == nil }

func versionOf(id string, kv *mvccpb.KeyValue) Version {
	v := Version{Revision: kv.ModRevision, Created: kv.Version == 1}
	v.Profile, v.Damaged = decodeProfile(id, kv.ModRevision, kv.Value)
	if v.Damaged != nil {
		v.Profile = nil
	}
	return v
}

// History calls visit for each version of a v3 profile that etcd still has, the
// newest first, from that which is there now, or from its removal. An error from
// visit ends it. compacted reports whether there may have been older versions,
// which etcd has thrown away. A profile without a past has no versions.
//
// A version costs one small request; only what stood before a creation makes etcd
// look through all that it still has.
func (s *Store) History(ctx context.Context, id string, visit func(Version) error) (compacted bool, err error) {
	kv, newest, err := s.keyAt(ctx, id, 0)
	if err != nil {
		return false, err
	}
	past := &removals{store: s, id: id, until: newest}
	for before := newest + 1; ; {
		if kv == nil {
			removed, err := past.before(ctx, before)
			if err != nil || removed == 0 {
				return past.compacted, err
			}
			if err := visit(Version{Revision: removed}); err != nil {
				return false, err
			}
			before = removed
		} else {
			v := versionOf(id, kv)
			if err := visit(v); err != nil {
				return false, err
			}
			before = v.Revision
			if v.Created {
				kv = nil
				continue
			}
		}
		if kv, _, err = s.keyAt(ctx, id, before-1); isCompacted(err) {
			return true, nil
		} else if err != nil {
			return false, err
		}
	}
}

// keyAt returns what a profile's key held at a revision, 0 being now, nil if it
// was not there, and the newest revision of etcd.
func (s *Store) keyAt(ctx context.Context, id string, revision int64) (kv *mvccpb.KeyValue, newest int64, err error) {
	key := profileKey(id)
	err = s.retry(ctx, func(ctx context.Context) error {
		answer, err := s.client.Get(ctx, key, clientv3.WithRev(revision))
		if err != nil {
			return err
		}
		kv, newest = nil, answer.Header.Revision
		if len(answer.Kvs) > 0 {
			kv = answer.Kvs[0]
		}
		return nil
	})
	return kv, newest, s.denied(ctx, err, access{reads: []span{{key: key}}})
}

func isCompacted(err error) bool { return isServerError(err, rpctypes.ErrCompacted) }

func isServerError(err, wanted error) bool {
	var e *Error
	return errors.As(err, &e) && errors.Is(rpctypes.Error(e.Cause), wanted)
}

// VersionAt returns the version of a profile that stood at a revision of etcd,
// which may be that of an older change; ErrNotFound when there was none, and
// ErrRefused when etcd has no such revision, any more or yet, and when what stood
// there cannot be read.
func (s *Store) VersionAt(ctx context.Context, id string, revision int64) (Version, error) {
	kv, _, err := s.keyAt(ctx, id, revision)
	name := printable.Text(id)
	switch {
	case isCompacted(err):
		return Version{}, Refusedf("what profile %s was at revision %d is compacted: etcd has thrown it away", name, revision)
	case isServerError(err, rpctypes.ErrFutureRev):
		return Version{}, Refusedf("there is no revision %d yet", revision)
	case err != nil:
		return Version{}, err
	case kv == nil:
		return Version{}, errorf(ErrNotFound, "at revision %d there was no profile %s", revision, name)
	}
	v := versionOf(id, kv)
	if v.Damaged != nil { // which nobody can repair any more
		return v, &Error{Kind: ErrRefused, Cause: v.Damaged, Text: fmt.Sprintf("at revision %d, %v", v.Revision, v.Damaged)}
	}
	return v, nil
}

// removals are the revisions at which a profile was removed, of which the key
// itself tells nothing.
type removals struct {
	store *Store
	id    string
	until int64 // the newest revision that counts

	read      bool
	revisions []int64 // ascending
	compacted bool    // there may have been older ones
}

// before returns the newest removal before a revision, 0 when there is none.
func (r *removals) before(ctx context.Context, revision int64) (int64, error) {
	for from, number := int64(1), 0; !r.read; number++ {
		attempt, _, end := r.store.attempt(ctx)
		oldest, err := r.watch(attempt, from)
		end()
		switch {
		case oldest > 0:
			from, r.compacted = oldest, true
		case errors.Is(err, errNoAnswer) && pause(ctx, number):
		case errors.Is(err, errNoAnswer):
			return 0, context.Cause(ctx)
		case err != nil:
			return 0, err
		}
	}
	at, _ := slices.BinarySearch(r.revisions, revision)
	if at == 0 {
		return 0, nil
	}
	return r.revisions[at-1], nil
}

// askAgain is how long etcd is given to look through its history before it is
// asked whether it is done.
const askAgain = 20 * time.Millisecond

// watch reads all removals from a revision on. If that is compacted, it returns
// the oldest revision that is not. That a watch has caught up, etcd says only when
// it is asked; etcd before 3.4.25 and 3.5.8 may say so too early.
func (r *removals) watch(ctx context.Context, from int64) (oldest int64, err error) {
	r.revisions = nil
	key := profileKey(r.id)
	answers := r.store.client.Watch(ctx, key, clientv3.WithRev(from), clientv3.WithFilterPut())
	ask := time.NewTicker(askAgain)
	defer ask.Stop()
	for {
		select {
		case <-ask.C:
			if err := r.store.client.RequestProgress(ctx); err != nil {
				return 0, errNoAnswer
			}
		case answer, open := <-answers:
			switch err := r.store.watchDenied(answer.Err(), key); {
			case !open, err != nil && isTransient(err) && !errors.Is(err, ErrDenied) && answer.CompactRevision == 0:
				return 0, errNoAnswer
			case answer.CompactRevision > 0:
				return answer.CompactRevision, nil
			case err != nil:
				return 0, err
			}
			for _, change := range answer.Events {
				r.revisions = append(r.revisions, change.Kv.ModRevision)
			}
			if answer.IsProgressNotify() && answer.Header.Revision >= r.until {
				r.read = true
				return 0, nil
			}
		}
	}
}
