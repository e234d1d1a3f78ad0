package store

import (
	"context"
	"errors"
	"slices"
	"strings"
	"time"

	"go.etcd.io/etcd/api/v3/mvccpb"
	clientv3 "go.etcd.io/etcd/client/v3"

	"github.com/calicoctl/calicoctl/internal/etcd"
	"github.com/calicoctl/calicoctl/internal/keys"
	"github.com/calicoctl/calicoctl/pkg/fault"
	"github.com/calicoctl/calicoctl/pkg/profile"
)

// How many keys are read at once at most: most profiles and endpoints have less
// than a kilobyte, but a profile of 1,000 rules has 100.
const (
	profilePage  = 2000
	endpointPage = 5000
)

// But a key can hold 1.5 MB, so how many are read depends on how large those
// before were.
const (
	firstPage  = 20
	pageGrowth = 8       // from one page to the next
	pageBytes  = 8 << 20 // what a page should have
)

// A View reads many keys page by page, all as they were at one revision: the
// newest at the time of its first reading. It is for one goroutine.
type View struct {
	store    *Store
	revision int64 // 0 until the first page
	started  time.Time
}

// View returns a view of all profiles and endpoints.
func (s *Store) View() *View { return &View{store: s} }

// each calls visit for every key with a prefix, in the order of the keys. An
// error from visit ends the scan.
func (v *View) each(ctx context.Context, prefix string, page int64, visit func(*mvccpb.KeyValue) error) error {
	limit := min(page, firstPage)
	for from := prefix; ; {
		answer, err := v.read(ctx, from, prefix, limit)
		if etcd.IsTooLarge(err) && limit > 1 {
			limit = max(limit/pageGrowth, 1)
			continue
		}
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
		limit = min(page, nextPage(answer.Kvs))
	}
}

// nextPage returns how many keys to read after these, if the next are as large.
func nextPage(kvs []*mvccpb.KeyValue) int64 {
	size := 1
	for _, kv := range kvs {
		size += len(kv.Key) + len(kv.Value)
	}
	n := int64(len(kvs))
	return max(1, min(n*pageGrowth, n*pageBytes/int64(size)))
}

func (v *View) read(ctx context.Context, from, prefix string, page int64) (answer *clientv3.GetResponse, err error) {
	if v.started.IsZero() {
		v.started = time.Now()
	}
	err = v.store.conn.Retry(ctx, func(ctx context.Context) error {
		answer, err = v.store.conn.Client.Get(ctx, from, clientv3.WithRange(clientv3.GetPrefixRangeEnd(prefix)),
			clientv3.WithLimit(page), clientv3.WithRev(v.revision))
		return err
	})
	if err == nil && v.revision == 0 {
		v.revision = answer.Header.Revision
	}
	var silent *etcd.UnreachableError
	if errors.As(err, &silent) && ctx.Err() != nil && silent.Waited < time.Since(v.started)/2 {
		return nil, ctx.Err() // the time went by with reading, not with waiting
	}
	return answer, v.store.conn.Denied(ctx, err, etcd.Access{Reads: []etcd.Span{{Key: prefix, End: clientv3.GetPrefixRangeEnd(prefix)}}})
}

// List calls visit for every stored profile, those of v3 in the order of their
// IDs and then those of v1, all as they were at one revision; DefaultAllow is
// not stored. A malformed profile comes as an error of the kind ErrMalformed beside
// a nil profile, so that it does not hide the others. An error from visit ends
// the listing. Where the user may not read v1, there is none.
func (s *Store) List(ctx context.Context, visit func(id string, p *profile.Profile, err error) error) error {
	return s.View().List(ctx, visit)
}

// List is [Store.List] for a view.
func (v *View) List(ctx context.Context, visit func(id string, p *profile.Profile, err error) error) error {
	err := v.each(ctx, keys.Profiles, profilePage, func(kv *mvccpb.KeyValue) error {
		id := strings.TrimPrefix(string(kv.Key), keys.Profiles)
		p, malformed := decodeProfile(id, kv.ModRevision, kv.Value)
		return visit(id, p, malformed)
	})
	if err != nil {
		return err
	}
	if err = v.listV1(ctx, visit); errors.Is(err, fault.ErrDenied) {
		return nil
	}
	return err
}

// listV1 puts the keys of each v1 profile, which follow each other, together.
func (v *View) listV1(ctx context.Context, visit func(id string, p *profile.Profile, err error) error) error {
	current := "" // the name as it is escaped in the keys
	parts := map[string]*mvccpb.KeyValue{}
	flush := func() error {
		if len(parts) == 0 {
			return nil
		}
		id, p, err := listedV1(current, parts)
		clear(parts)
		return visit(id, p, err)
	}
	err := v.each(ctx, keys.ProfilesV1, profilePage, func(kv *mvccpb.KeyValue) error {
		name, part, ok := keys.SplitV1(string(kv.Key))
		if known := keys.PartsV1(); !ok || !slices.Contains(known[:], part) {
			return nil
		}
		if name != current {
			if err := flush(); err != nil {
				return err
			}
			current = name
		}
		parts[part] = kv
		return nil
	})
	if err != nil {
		return err
	}
	return flush()
}

// listedV1 reads the v1 profile whose name is escaped so in its keys. A name that
// is escaped otherwise than calicoctl 0.x did leads to no key, so that nothing
// can be done with it but to say so.
func listedV1(name string, parts map[string]*mvccpb.KeyValue) (id string, p *profile.Profile, err error) {
	id = keys.UnescapeV1(name)
	for _, part := range keys.PartsV1() {
		if kv := parts[part]; kv != nil && keys.ProfileV1(id, part) != string(kv.Key) {
			return name, nil, &profile.MalformedError{Kind: profile.KindProfile, Layout: profile.V1, ID: name, Key: string(kv.Key), Cause: errNameV1}
		}
	}
	p, err = decodeProfileV1(id, parts)
	return id, p, err
}

var errNameV1 = errors.New("its name is not written as in the keys of calicoctl 0.x, where % is %25 and / is %2f")
