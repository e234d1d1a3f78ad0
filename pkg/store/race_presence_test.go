package store_test

import (
	"context"
	"slices"
	"testing"

	"github.com/calicoctl/calicoctl/pkg/profile"
	"github.com/calicoctl/calicoctl/pkg/store"
)

// Whether other profiles exist may decide what an edit means, so it is guarded;
// what they say is not.
func TestPresenceGuard(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name     string
		before   bool
		other    func(context.Context, *world) error
		seen     []bool
		attempts int
	}{
		{"appears", false, putPeer, []bool{false, true}, 2},
		{"is removed", true, deletePeer, []bool{true, false}, 2},
		{"is changed", true, putPeer, []bool{true}, 1},
		{"stays away", false, func(context.Context, *world) error { return nil }, []bool{false}, 1},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			w.putProfile("web", document(t, "web"))
			if test.before {
				must(t, putPeer(soon(t), w))
			}
			s, _ := w.behind(first(func(ctx context.Context) error { return test.other(ctx, w) }), nil)
			e := editing("web", nil)
			e.Query.Presence = []string{"peer", "web", profile.DefaultAllow}
			var seen []bool
			e.Change = func(snap *store.Snapshot, p *profile.Profile) error {
				seen = append(seen, snap.Has("peer"))
				return appending(t, "deny")(p)
			}
			result, err := s.Update(soon(t), nil, e)
			wantDone(t, result, err, test.attempts)
			if !slices.Equal(seen, test.seen) {
				t.Errorf("peer seen %v, want %v", seen, test.seen)
			}
			w.wantInbound("web", "deny")
		})
	}
}

func putPeer(ctx context.Context, w *world) error {
	_, err := w.plain.Put(ctx, key("peer"), `{`+head+`}`)
	return err
}

func deletePeer(ctx context.Context, w *world) error {
	_, err := w.plain.Delete(ctx, key("peer"))
	return err
}

// A glance is answered, and does not guard.
func TestUnguarded(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.putProfile("web", lettered(t, "A"))
	must(t, putPeer(soon(t), w))
	s, _ := w.behind(first(func(ctx context.Context) error { return deletePeer(ctx, w) }), nil)
	e := editing("web", nil)
	e.Query.Unguarded = []string{"peer", "absent"}
	e.Change = func(snap *store.Snapshot, p *profile.Profile) error {
		if !snap.Has("peer") || snap.Has("absent") {
			t.Error("the glance is wrong")
		}
		return appending(t, letter(t, "new"))(p)
	}
	result, err := s.Update(soon(t), nil, e)
	wantDone(t, result, err, 1)
}
