package store

import (
	"context"
	"time"

	clientv3 "go.etcd.io/etcd/client/v3"

	"github.com/calicoctl/calicoctl/internal/keys"
)

// warningTime bounds a request whose answer only serves a warning.
const warningTime = time.Second

// LacksCalico reports whether etcd had no key of Calico at a revision; 0 is now.
// Calico itself always has some, so that this is probably the wrong etcd. It costs
// a request, and is false where the answer is not known, as for a user who may not
// read all those keys.
func (s *Store) LacksCalico(ctx context.Context, revision int64) bool {
	ctx, cancel := context.WithTimeout(ctx, warningTime)
	defer cancel()
	empty := false
	err := s.conn.Retry(ctx, func(ctx context.Context) error {
		answer, err := s.conn.Client.Get(ctx, keys.Calico, clientv3.WithPrefix(), clientv3.WithLimit(1), clientv3.WithKeysOnly(), clientv3.WithRev(revision))
		empty = err == nil && len(answer.Kvs) == 0
		return err
	})
	return err == nil && empty
}

// FoundNothing reports whether none of the keys that were asked for is there.
func (snap *Snapshot) FoundNothing() bool { return len(snap.found) == 0 }

// Revision returns the revision at which the view reads; 0 before its first
// reading.
func (v *View) Revision() int64 { return v.revision }
