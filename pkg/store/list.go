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

// A View reads many keys page by page, all as they were at one revision: the
// newest at the time of its first reading. It is for one goroutine.
type View struct {
	store    *Store
	revision int64 // 0 until the first page
}

// View returns a view of all profiles and endpoints.
func (s *Store) View() *View { return &View{store: s} }

// each calls visit for every key with a prefix, in the order of the keys. An
// error from visit ends the scan.
func (v *View) each(ctx context.Context, prefix string, page int64, visit func(*mvccpb.KeyValue) error) error {
	for from := prefix; ; {
		answer, err := v.read(ctx, from, prefix, page)
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

func (v *View) read(ctx context.Context, from, prefix string, page int64) (answer *clientv3.GetResponse, err error) {
	err = v.store.retry(ctx, func(ctx context.Context) error {
		answer, err = v.store.client.Get(ctx, from, clientv3.WithRange(clientv3.GetPrefixRangeEnd(prefix)),
			clientv3.WithLimit(page), clientv3.WithRev(v.revision))
		return err
	})
	if err == nil && v.revision == 0 {
		v.revision = answer.Header.Revision
	}
	return answer, err
}

// List calls visit for every stored profile, those of v3 in the order of their
// IDs and then those of v1, all as they were at one revision; DefaultAllow is
// not stored. A damaged profile comes as an error of the kind ErrDamaged beside
// a nil profile, so that it does not hide the others. An error from visit ends
// the listing. Where the user may not read v1, there is none.
func (s *Store) List(ctx context.Context, visit func(id string, p *Profile, err error) error) error {
	return s.View().List(ctx, visit)
}

// List is [Store.List] for a view.
func (v *View) List(ctx context.Context, visit func(id string, p *Profile, err error) error) error {
	err := v.each(ctx, profilePrefix, profilePage, func(kv *mvccpb.KeyValue) error {
		id := strings.TrimPrefix(string(kv.Key), profilePrefix)
		p, damaged := decodeProfile(id, kv.ModRevision, kv.Value)
		return visit(id, p, damaged)
	})
	if err != nil {
		return err
	}
	if err = v.listV1(ctx, visit); errors.Is(err, ErrDenied) {
		return nil
	}
	return err
}

// listV1 puts the keys of each v1 profile, which follow each other, together.
func (v *View) listV1(ctx context.Context, visit func(id string, p *Profile, err error) error) error {
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
	err := v.each(ctx, prefixV1, profilePage, func(kv *mvccpb.KeyValue) error {
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
