package store

import (
	"context"
	"errors"
	"slices"
	"strings"

	clientv3 "go.etcd.io/etcd/client/v3"

	"github.com/calicoctl/calicoctl/internal/keys"
	"github.com/calicoctl/calicoctl/pkg/fault"
	"github.com/calicoctl/calicoctl/pkg/profile"
)

// A Listed is a stored profile of which only its key is known.
type Listed struct {
	ID     string
	Layout profile.Layout
}

// IDs returns the profiles whose IDs begin so, without reading them: at most
// limit of v3, sorted, and then at most limit of v1. One that is in both layouts
// comes twice. Where the user may not read v1, there is none.
func (s *Store) IDs(ctx context.Context, beginning string, limit int) ([]Listed, error) {
	gets := []clientv3.Op{
		keysOf(keys.Profile(beginning), limit),
		keysOf(keys.ProfilesV1+keys.EscapeV1(beginning), limit*keys.PartCountV1),
	}
	ids, err := s.ids(ctx, gets)
	if errors.Is(err, fault.ErrDenied) {
		ids, err = s.ids(ctx, gets[:1])
	}
	return ids, err
}

func keysOf(prefix string, limit int) clientv3.Op {
	return clientv3.OpGet(prefix, clientv3.WithPrefix(), clientv3.WithKeysOnly(), clientv3.WithLimit(int64(limit)))
}

func (s *Store) ids(ctx context.Context, gets []clientv3.Op) (ids []Listed, err error) {
	var answer *clientv3.TxnResponse
	err = s.conn.Retry(ctx, func(ctx context.Context) error {
		answer, err = s.conn.Client.Txn(ctx).Then(gets...).Commit()
		return err
	})
	if err != nil {
		return nil, err
	}
	for _, r := range answer.Responses {
		for _, kv := range r.GetResponseRange().GetKvs() {
			if id, ok := idOf(string(kv.Key)); ok {
				ids = append(ids, id)
			}
		}
	}
	return slices.Compact(ids), nil // the parts of a v1 profile follow each other
}

// idOf reads the key of a profile in either layout.
func idOf(key string) (Listed, bool) {
	if id, found := strings.CutPrefix(key, keys.Profiles); found {
		return Listed{ID: id, Layout: profile.V3}, true
	}
	name, part, _ := keys.SplitV1(key)
	id := keys.UnescapeV1(name)
	known := keys.PartsV1()
	return Listed{ID: id, Layout: profile.V1}, slices.Contains(known[:], part) && keys.ProfileV1(id, part) == key
}
