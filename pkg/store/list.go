package store

import (
	"context"
	"strings"

	clientv3 "go.etcd.io/etcd/client/v3"
)

// pageSize is how many profiles are read at once, so that memory and the size
// of an answer stay bounded.
const pageSize = 500

// List calls visit for every stored profile in the order of their IDs, all as
// they were at one revision; DefaultAllow is not stored. A damaged profile
// comes as an error of the kind ErrDamaged beside a nil profile, so that it
// does not hide the others. An error from visit ends the listing.
func (s *Store) List(ctx context.Context, visit func(id string, p *Profile, err error) error) error {
	revision := int64(0)
	for from := profilePrefix; ; {
		answer, err := s.page(ctx, from, revision)
		if err != nil {
			return err
		}
		if revision == 0 {
			revision = answer.Header.Revision
		}
		for _, kv := range answer.Kvs {
			id := strings.TrimPrefix(string(kv.Key), profilePrefix)
			p, damaged := decodeProfile(id, kv.ModRevision, kv.Value)
			if err := visit(id, p, damaged); err != nil {
				return err
			}
		}
		if !answer.More {
			return nil
		}
		from = string(answer.Kvs[len(answer.Kvs)-1].Key) + "\x00"
	}
}

func (s *Store) page(ctx context.Context, from string, revision int64) (answer *clientv3.GetResponse, err error) {
	err = s.retry(ctx, func(ctx context.Context) error {
		answer, err = s.client.Get(ctx, from, clientv3.WithRange(clientv3.GetPrefixRangeEnd(profilePrefix)),
			clientv3.WithLimit(pageSize), clientv3.WithRev(revision))
		return err
	})
	return answer, err
}
