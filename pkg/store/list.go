package store

import (
	"context"
	"errors"
	"strings"

	"go.etcd.io/etcd/api/v3/mvccpb"
	clientv3 "go.etcd.io/etcd/client/v3"
)

// How many keys are read at once, so that memory and the size of an answer stay
// bounded: a profile of 1,000 rules has 100 kB, an endpoint less than one.
const (
	profilePage  = 100
	endpointPage = 1000
)

// A scan reads keys page by page, all as they were at one revision.
type scan struct {
	store    *Store
	page     int64
	revision int64 // 0 until the first page
}

// each calls visit for every key with a prefix, in the order of the keys. An
// error from visit ends the scan.
func (sc *scan) each(ctx context.Context, prefix string, visit func(*mvccpb.KeyValue) error) error {
	for from := prefix; ; {
		answer, err := sc.read(ctx, from, prefix)
		if err != nil {
			return err
		}
		for _, kv := range answer.Kvs {
			if err := visit(kv); err != nil {
				return err
			}
		}
		if !answer.More {
			return nil
		}
		from = string(answer.Kvs[len(answer.Kvs)-1].Key) + "\x00"
	}
}

func (sc *scan) read(ctx context.Context, from, prefix string) (answer *clientv3.GetResponse, err error) {
	err = sc.store.retry(ctx, func(ctx context.Context) error {
		answer, err = sc.store.client.Get(ctx, from, clientv3.WithRange(clientv3.GetPrefixRangeEnd(prefix)),
			clientv3.WithLimit(sc.page), clientv3.WithRev(sc.revision))
		return err
	})
	if err == nil && sc.revision == 0 {
		sc.revision = answer.Header.Revision
	}
	return answer, err
}

// List calls visit for every stored profile, those of v3 in the order of their
// IDs and then those of v1, all as they were at one revision; DefaultAllow is
// not stored. A damaged profile comes as an error of the kind ErrDamaged beside
// a nil profile, so that it does not hide the others. An error from visit ends
// the listing. Where the user may not read v1, there is none.
func (s *Store) List(ctx context.Context, visit func(id string, p *Profile, err error) error) error {
	sc := &scan{store: s, page: profilePage}
	err := sc.each(ctx, profilePrefix, func(kv *mvccpb.KeyValue) error {
		id := strings.TrimPrefix(string(kv.Key), profilePrefix)
		p, damaged := decodeProfile(id, kv.ModRevision, kv.Value)
		return visit(id, p, damaged)
	})
	if err != nil {
		return err
	}
	if err = sc.listV1(ctx, visit); errors.Is(err, ErrDenied) {
		return nil
	}
	return err
}

// listV1 puts the keys of each v1 profile, which follow each other, together.
func (sc *scan) listV1(ctx context.Context, visit func(id string, p *Profile, err error) error) error {
	current := ""
	parts := map[string]*mvccpb.KeyValue{}
	flush := func() error {
		if len(parts) == 0 {
			return nil
		}
		p, damaged := decodeProfileV1(current, parts)
		clear(parts)
		return visit(current, p, damaged)
	}
	err := sc.each(ctx, prefixV1, func(kv *mvccpb.KeyValue) error {
		id, part, ok := splitKeyV1(string(kv.Key))
		if !ok {
			return nil
		}
		if id != current {
			if err := flush(); err != nil {
				return err
			}
			current = id
		}
		for _, known := range partsV1() {
			if part == known {
				parts[part] = kv
			}
		}
		return nil
	})
	if err != nil {
		return err
	}
	return flush()
}
