package store

import (
	"context"
	"fmt"

	"go.etcd.io/etcd/api/v3/mvccpb"
	"go.etcd.io/etcd/api/v3/v3rpc/rpctypes"
	clientv3 "go.etcd.io/etcd/client/v3"

	"github.com/calicoctl/calicoctl/internal/etcd"
	"github.com/calicoctl/calicoctl/internal/keys"
	"github.com/calicoctl/calicoctl/internal/printable"
	"github.com/calicoctl/calicoctl/pkg/fault"
	"github.com/calicoctl/calicoctl/pkg/profile"
)

// A Version is what a profile was from one revision on. It was removed then when
// it has neither a profile nor an error.
type Version struct {
	Revision  int64            // 0 where that of a removal is not known
	Profile   *profile.Profile // as it was; its Revision is this one
	Created   bool             // it was not there before
	Malformed error            // why it cannot be read: ErrMalformed
	Skipped   bool             // what was between it and the one before is not known; see Follow
}

// Removed reports whether the profile was gone from this revision on.
func (v Version) Removed() bool { return v.Profile == nil && v.Malformed == nil }

func versionOf(id string, kv *mvccpb.KeyValue) Version {
	v := Version{Revision: kv.ModRevision, Created: kv.Version == 1}
	v.Profile, v.Malformed = decodeProfile(id, kv.ModRevision, kv.Value)
	if v.Malformed != nil {
		v.Profile = nil
	}
	return v
}

// History calls visit for each version of a v3 profile that etcd still has, the
// newest first, from that which is there now, or from its removal. An error from
// visit ends it. compacted reports whether there may have been older versions,
// which etcd has thrown away. A profile without a past has no versions.
//
// A version costs one small request. What stood before a creation, and what a
// profile that is not there was, costs one for each hundred revisions in between.
func (s *Store) History(ctx context.Context, id string, visit func(Version) error) (compacted bool, err error) {
	kv, newest, err := s.keyAt(ctx, id, 0)
	if err != nil {
		return false, err
	}
	past := &removals{store: s, id: id}
	find := past.beforeNow
	for before := newest; ; find = past.beforeCreation {
		if kv == nil {
			removed, err := find(ctx, before)
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
		if kv, _, err = s.keyAt(ctx, id, before-1); etcd.IsCompacted(err) {
			return true, nil
		} else if err != nil {
			return false, err
		}
	}
}

// keyAt returns what a profile's key held at a revision, 0 being now, nil if it
// was not there, and the newest revision of etcd.
func (s *Store) keyAt(ctx context.Context, id string, revision int64) (kv *mvccpb.KeyValue, newest int64, err error) {
	key := keys.Profile(id)
	err = s.conn.Retry(ctx, func(ctx context.Context) error {
		answer, err := s.conn.Client.Get(ctx, key, clientv3.WithRev(revision))
		if err != nil {
			return err
		}
		kv, newest = nil, answer.Header.Revision
		if len(answer.Kvs) > 0 {
			kv = answer.Kvs[0]
		}
		return nil
	})
	return kv, newest, s.conn.Denied(ctx, err, etcd.Access{Reads: []etcd.Span{{Key: key}}})
}

// VersionAt returns the version of a profile that stood at a revision of etcd,
// which may be that of an older change; ErrNotFound when there was none, and
// ErrRefused when etcd has no such revision, any more or yet, and when what stood
// there cannot be read.
func (s *Store) VersionAt(ctx context.Context, id string, revision int64) (Version, error) {
	kv, _, err := s.keyAt(ctx, id, revision)
	name := printable.Text(id)
	switch {
	case etcd.IsCompacted(err):
		return Version{}, fault.Refusedf("what profile %s was at revision %d is compacted: etcd has thrown it away", name, revision)
	case etcd.IsServerError(err, rpctypes.ErrFutureRev):
		return Version{}, fault.Refusedf("there is no revision %d yet", revision)
	case err != nil:
		return Version{}, err
	case kv == nil:
		return Version{}, fault.Errorf(fault.ErrNotFound, "at revision %d there was no profile %s", revision, name)
	}
	v := versionOf(id, kv)
	if v.Malformed != nil { // and cannot be repaired
		return v, &fault.Error{Kind: fault.ErrRefused, Cause: v.Malformed, Text: fmt.Sprintf("at revision %d, %v", v.Revision, v.Malformed)}
	}
	return v, nil
}
