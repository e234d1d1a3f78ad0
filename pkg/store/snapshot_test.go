package store_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/calicoctl/calicoctl/internal/testkit/etcdtest"
	"github.com/calicoctl/calicoctl/pkg/fault"
	"github.com/calicoctl/calicoctl/pkg/profile"
	"github.com/calicoctl/calicoctl/pkg/store"
)

func numbered(n int) []string {
	ids := make([]string, n)
	for i := range ids {
		ids[i] = fmt.Sprintf("p-%04d", i)
	}
	return ids
}

// More keys than go into one request are read in several, at one revision.
func TestSnapshotInSeveralRequests(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	ids := numbered(240)
	for i, id := range ids {
		if i%2 == 0 {
			w.putProfile(id, document(t, id, "allow"))
		}
	}
	w.put(lockKey, unlocked)
	changed := document(t, ids[238], "deny")
	s, between := w.behind(on(2, func(ctx context.Context) error {
		_, e1 := w.plain.Put(ctx, key(ids[238]), changed)
		_, e2 := w.plain.Put(ctx, key(ids[239]), changed)
		_, e3 := w.plain.Delete(ctx, key(ids[236]))
		_, e4 := w.plain.Put(ctx, lockKey, locked)
		return errors.Join(e1, e2, e3, e4)
	}), nil)
	snap, err := s.Read(soon(t), store.Query{Profiles: ids, Presence: ids, Lock: true})
	must(t, err)
	if n := between.Count(etcdtest.Commit); n != 5 {
		t.Errorf("%d requests for 481 keys", n)
	}
	if snap.CheckLock() != nil {
		t.Error("locked, as it was later")
	}
	for i, id := range ids {
		p, err := snap.Profile(id)
		switch {
		case snap.Has(id) != (i%2 == 0):
			t.Errorf("Has(%s) is %v", id, snap.Has(id))
		case i%2 == 1 && !errors.Is(err, fault.ErrNotFound):
			t.Errorf("%s: %v", id, err)
		case i%2 == 0 && (err != nil || p.Inbound[0].Rule.Action != "allow"):
			t.Errorf("%s: %+v, %v", id, p, err)
		}
	}
}

// A profile that is asked for both in full and for its presence is there in
// full, in whichever request either comes.
func TestProfileAndPresence(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.putProfile("web", document(t, "web", "allow"))
	for _, q := range []store.Query{
		{Profiles: []string{"web"}, Presence: []string{"web"}},
		{Profiles: []string{"web", "web"}, Presence: []string{"web", "web"}, Lock: true},
		{Profiles: []string{"web"}, Presence: append(numbered(150), "web"), Lock: true},
		{Profiles: append(numbered(150), "web"), Presence: []string{"web"}},
	} {
		snap, err := w.direct().Read(soon(t), q)
		must(t, err)
		p, err := snap.Profile("web")
		if err != nil || len(p.Inbound) != 1 || !snap.Has("web") {
			t.Errorf("%v: %+v, %v", q, p, err)
		}
	}
	snap, err := w.direct().Read(soon(t), store.Query{})
	must(t, err)
	if snap.Has("web") || snap.CheckLock() != nil || snap.Revision != 0 {
		t.Errorf("of nothing: %+v", snap)
	}
}

// A query with more keys than go into one transaction is read again after a
// lost race, because the answer to the commit does not hold it.
func TestLostRaceWithManyKeys(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.putProfile("web", lettered(t, "A"))
	s, _ := w.behind(on(3, func(ctx context.Context) error { // two requests read
		_, err := w.plain.Put(ctx, key("web"), lettered(t, "A B"))
		return err
	}), nil)
	e := editing("web", appending(t, letter(t, "new")))
	e.Query.Presence = append(numbered(98), "web", "web", "web")
	result, err := s.Update(soon(t), nil, e)
	wantDone(t, result, err, 2)
	if got := w.letters(); got != "A B new" {
		t.Errorf("list %s", got)
	}
}

// Each guard counts, so that an edit with more than go into one transaction is
// refused.
func TestTooManyGuards(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.putProfile("web", document(t, "web"))
	s := w.direct()
	e := editing("web", appending(t, "deny"))
	e.Query.Presence = numbered(99)
	_, err := s.Update(soon(t), nil, e)
	wantError(t, err, fault.ErrRefused, "the edit depends on 101 keys, more than the 100 that one transaction can watch over; "+
		"make it in smaller steps")
	w.wantVersions("web", 1)
	e.Query.Presence = numbered(98)
	result, err := s.Update(soon(t), nil, e)
	wantDone(t, result, err, 1)
}

// The last of as many guards as there can be holds, too.
func TestPresenceGuardOfManyKeys(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.putProfile("web", document(t, "web"))
	ids := numbered(98)
	s, _ := w.behind(first(func(ctx context.Context) error {
		_, err := w.plain.Put(ctx, key(ids[97]), `{`+head+`}`)
		return err
	}), nil)
	e := editing("web", nil)
	e.Query.Presence = ids
	var seen []bool
	e.Change = func(snap *store.Snapshot, p *profile.Profile) error {
		seen = append(seen, snap.Has(ids[97]))
		return appending(t, "deny")(p)
	}
	_, err := s.Update(soon(t), nil, e)
	if err != nil || !slices.Equal(seen, []bool{false, true}) {
		t.Errorf("seen %v, %v", seen, err)
	}
}

// 1,234 profiles while others write: each once, as it was at the beginning, in
// order, and damage does not hide what comes after it.
func TestList(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	const total = 1234
	ids := numbered(total)
	for i, id := range ids {
		value := document(t, id, "allow")
		if i%100 == 7 {
			value = "damage"
		}
		w.putProfile(id, value)
	}
	w.put(prefix[:len(prefix)-1]+"0", "what follows the prefix")
	const get = "/etcdserverpb.KV/Range"
	s, between := w.behind(func(ctx context.Context, method string, number int) error {
		if method != get || number == 1 {
			return nil
		}
		_, e1 := w.plain.Put(ctx, key(ids[total-number]), "later")
		_, e2 := w.plain.Put(ctx, key(fmt.Sprintf("p-0999-%d", number)), "later")
		_, e3 := w.plain.Delete(ctx, key(ids[total-50-number]))
		return errors.Join(e1, e2, e3)
	}, nil)
	var got []string
	must(t, s.List(soon(t), func(id string, p *profile.Profile, err error) error {
		got = append(got, id)
		switch malformed := slices.Index(ids, id)%100 == 7; {
		case malformed && (p != nil || !errors.Is(err, fault.ErrMalformed)):
			t.Errorf("%s: %+v, %v", id, p, err)
		case !malformed && (err != nil || p.ID != id || len(p.Inbound) != 1 || p.Revision == 0):
			t.Errorf("%s: %+v, %v", id, p, err)
		}
		return nil
	}))
	if !slices.Equal(got, ids) {
		t.Errorf("%d profiles, want %d: %s", len(got), total, strings.Join(got, " "))
	}
	if between.Count(get) < 3 {
		t.Errorf("%d requests", between.Count(get))
	}
}

func TestListEndsWhenToldTo(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	s := w.direct()
	n := 0
	visit := func(string, *profile.Profile, error) error { n++; return context.Canceled }
	if err := s.List(soon(t), visit); err != nil || n != 0 {
		t.Errorf("of none: %v, %d visits", err, n)
	}
	for _, id := range numbered(3) {
		w.putProfile(id, document(t, id))
	}
	if err := s.List(soon(t), visit); !errors.Is(err, context.Canceled) || n != 1 {
		t.Errorf("%v after %d visits", err, n)
	}
}

// A beginning of IDs reads the profiles that go on with a hexadecimal digit, and an
// edit depends on what they say.
func TestSnapshotPrefixed(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for _, id := range []string{"abc", "abc-1", "abc.1", "abc1x", "abcf", "abcg", "abd0"} {
		w.putProfile(id, document(t, id, "allow"))
	}
	query := store.Query{Prefixes: []string{"abc"}, Lock: true}
	s, between := w.behind(on(2, func(ctx context.Context) error {
		_, err := w.plain.Put(ctx, key("abcf"), document(t, "abcf", "deny"))
		return err
	}), nil)
	snap, err := s.Read(soon(t), query)
	must(t, err)
	if got := snap.Prefixed("abc"); !slices.Equal(got, []string{"abc1x", "abcf"}) {
		t.Errorf("got %q", got)
	}
	if got := snap.Prefixed("ab"); got != nil || snap.Has("abcg") {
		t.Errorf("also read: %q", got)
	}
	copies := 0
	_, err = s.Update(soon(t), snap, store.Edit{
		Query: query, Create: true,
		Pick: func(snap *store.Snapshot) (*profile.Profile, error) {
			copies++
			old, err := snap.Profile("abcf")
			if err != nil {
				return nil, err
			}
			p, err := profile.New("copy")
			if err == nil {
				p.Inbound = old.Inbound
			}
			return p, err
		},
		Change: func(*store.Snapshot, *profile.Profile) error { return nil },
	})
	must(t, err)
	if copies != 2 || between.Count(etcdtest.Commit) != 3 {
		t.Errorf("%d copies in %d requests, want 2 in 3", copies, between.Count(etcdtest.Commit))
	}
	if p := w.profile("copy"); p.Inbound[0].Rule.Action != "deny" {
		t.Errorf("the copy says %s", p.Inbound[0].Rule.Action)
	}
}
