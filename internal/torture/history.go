package torture

import (
	"context"
	"errors"
	"fmt"
	"sort"

	clientv3 "go.etcd.io/etcd/client/v3"
)

// A Version is what the profile said from a revision on.
type Version struct {
	Revision int64
	State    *State
}

// A LockChange is a revision from which on the datastore was locked, or not.
type LockChange struct {
	Revision int64
	Locked   bool
}

// A History is all that happened in a run: what the clients know of it, and
// what etcd does. The first version is what stood there before.
type History struct {
	Ops      []*Op
	Versions []Version
	Locks    []LockChange
}

// version returns the index of the version that stood at a revision; -1 is none.
func (h *History) version(revision int64) int {
	return sort.Search(len(h.Versions), func(i int) bool { return h.Versions[i].Revision > revision }) - 1
}

// locked reports whether the datastore was locked at a revision.
func (h *History) locked(revision int64) bool {
	i := sort.Search(len(h.Locks), func(i int) bool { return h.Locks[i].Revision > revision }) - 1
	return i >= 0 && h.Locks[i].Locked
}

// readEtcd fills in what etcd knows.
func (h *History) readEtcd(ctx context.Context, client *clientv3.Client, book *Book) error {
	err := changes(ctx, client, profileKey, func(revision int64, value []byte) error {
		state, err := book.Decode(value)
		h.Versions = append(h.Versions, Version{Revision: revision, State: state})
		return err
	})
	if err != nil {
		return err
	}
	return changes(ctx, client, lockKey, func(revision int64, value []byte) error {
		h.Locks = append(h.Locks, LockChange{Revision: revision, Locked: string(value) == locked})
		return nil
	})
}

// changes tells everything that a key has held, in order.
func changes(ctx context.Context, client *clientv3.Client, key string, tell func(revision int64, value []byte) error) error {
	now, err := client.Get(ctx, key, clientv3.WithKeysOnly())
	if err != nil {
		return err
	}
	if len(now.Kvs) == 0 {
		return fmt.Errorf("%s is not there", key)
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	for answer := range client.Watch(ctx, key, clientv3.WithRev(1)) {
		if err := answer.Err(); err != nil {
			return err
		}
		for _, event := range answer.Events {
			if event.Type != clientv3.EventTypePut {
				return fmt.Errorf("%s was removed at revision %d", key, event.Kv.ModRevision)
			}
			if err := tell(event.Kv.ModRevision, event.Kv.Value); err != nil {
				return fmt.Errorf("%s at revision %d: %w", key, event.Kv.ModRevision, err)
			}
			if event.Kv.ModRevision >= now.Kvs[0].ModRevision {
				return nil
			}
		}
	}
	return errors.Join(ctx.Err(), fmt.Errorf("the changes of %s came to an end", key))
}
