package store_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/calicoctl/calicoctl/pkg/fault"
	"github.com/calicoctl/calicoctl/pkg/profile"
	"github.com/calicoctl/calicoctl/pkg/rules"
	"github.com/calicoctl/calicoctl/pkg/store"
)

// revisionOf returns etcd's revision, which every write moves on.
func (w *world) revisionOf() int64 {
	w.t.Helper()
	answer, err := w.plain.Get(soon(w.t), "x")
	must(w.t, err)
	return answer.Header.Revision
}

// A dry run tells what an edit would do, and leaves etcd as it is.
func TestDryRun(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	revision := w.putProfile("web", lettered(t, "A"))
	e := editing("web", appending(t, letter(t, "new")))
	e.DryRun = true
	result, err := w.direct().Update(soon(t), nil, e)
	wantDone(t, result, err, 1)
	if got := texts(result.Before.Inbound); len(got) != 1 || len(result.Profile.Inbound) != 2 || result.Profile.Revision != revision {
		t.Errorf("from %v to %v at revision %d", got, texts(result.Profile.Inbound), result.Profile.Revision)
	}
	add := creating("db")
	add.DryRun = true
	result, err = w.direct().Update(soon(t), nil, add)
	wantDone(t, result, err, 1)
	if result.Before != nil || result.Profile.ID != "db" || result.Profile.Revision != 0 {
		t.Errorf("from %v to %+v", result.Before, result.Profile)
	}
	result, err = w.direct().Remove(soon(t), store.Edit{Query: e.Query, Pick: e.Pick, DryRun: true}, false)
	wantDone(t, result, err, 1)
	if result.Before.ID != "web" {
		t.Errorf("from %v", result.Before)
	}
	w.put("/calico/v1/policy/profile/old/rules", `{"inbound_rules":[{}],"outbound_rules":[]}`)
	before := w.revisionOf()
	result, err = w.direct().Migrate(soon(t), store.Migration{From: "old", To: "new", DryRun: true})
	wantDone(t, result, err, 1)
	if result.Profile.ID != "new" || len(result.Profile.Inbound) != 1 {
		t.Errorf("%+v", result.Profile)
	}
	if now := w.revisionOf(); now != before || before != revision+1 {
		t.Errorf("etcd is at revision %d, was at %d", now, before)
	}
}

// What an edit is refused for, its dry run is, too, and in the same words.
func TestDryRunRefused(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.putProfile("web", lettered(t, "A"))
	w.putProfile("kns.x", document(t, "kns.x"))
	w.put("/calico/v1/policy/profile/old/rules", `{"inbound_rules":[],"outbound_rules":[]}`)
	compare := func(name string, run func(dry bool) error) {
		before := w.revisionOf()
		wet, dry := run(false), run(true)
		if wet == nil || dry == nil || wet.Error() != dry.Error() {
			t.Errorf("%s: %v, and as a dry run %v", name, wet, dry)
		}
		if w.revisionOf() != before {
			t.Errorf("%s: something was written", name)
		}
	}
	s := w.direct()
	for name, e := range refusedEdits(t) {
		compare(name, func(dry bool) error {
			e.DryRun = dry
			_, err := s.Update(soon(t), nil, e)
			return err
		})
	}
	compare("removal", func(dry bool) error {
		e := refusedEdits(t)["too many keys"]
		e.DryRun = dry
		_, err := s.Remove(soon(t), e, true)
		return err
	})
	migrate := func(dry bool) error {
		_, err := s.Migrate(soon(t), store.Migration{From: "old", To: "web", DryRun: dry})
		return err
	}
	compare("migration", migrate)
	w.put(lockKey, locked)
	compare("migration under a lock", func(dry bool) error {
		_, err := s.Migrate(soon(t), store.Migration{From: "old", To: "new", DryRun: dry})
		return err
	})
}

// refusedEdits are edits of the profile web that are refused.
func refusedEdits(t *testing.T) map[string]store.Edit {
	t.Helper()
	long := strings.Repeat("x", store.MaxDocument)
	many := editing("web", appending(t, "deny"))
	for i := range 100 {
		many.Query.Presence = append(many.Query.Presence, fmt.Sprint("p", i))
	}
	return map[string]store.Edit{
		"not found":  editing("absent", appending(t, "deny")),
		"refused":    editing("web", func(*profile.Profile) error { return fault.Refusedf("no") }),
		"Kubernetes": editing("kns.x", appending(t, "deny")),
		"too large": editing("web", func(p *profile.Profile) error {
			p.Labels = append(p.Labels, profile.Label{Name: "a"}, profile.Label{Name: "b"})
			p.Inbound = append(p.Inbound, rules.DecodeV3([]byte(`{"action":"Allow","metadata":{"annotations":{"x":"`+long+`"}}}`)))
			return nil
		}),
		"bad rule": editing("web", func(p *profile.Profile) error {
			p.Inbound = append(p.Inbound, rules.DecodeV3([]byte(`{"action":"Allow","protocol":"TCP","destination":{"ports":[0]}}`)))
			return nil
		}),
		"too many keys": many,
	}
}

// What an edit started from is what stood there when it was written, not when it
// was first looked at.
func TestBefore(t *testing.T) {
	t.Parallel()
	w, result, err := race(t, "A", "A B", editing("web", appending(t, letter(t, "new"))))
	wantDone(t, result, err, 2)
	if got := texts(result.Before.Inbound); len(got) != 2 || result.Before.Revision >= result.Profile.Revision {
		t.Errorf("before at revision %d: %q, after at %d", result.Before.Revision, got, result.Profile.Revision)
	}
	result, err = w.direct().Update(soon(t), nil, editing("web", func(*profile.Profile) error { return nil }))
	must(t, err)
	if result.Changed || result.Before != result.Profile {
		t.Errorf("%+v", result)
	}
	result, err = w.direct().Update(soon(t), nil, creating("db"))
	wantDone(t, result, err, 1)
	if result.Before != nil {
		t.Errorf("before there was %+v", result.Before)
	}
	removal := editing("db", nil)
	revision := w.get("db").ModRevision
	result, err = w.direct().Remove(soon(t), removal, true)
	wantDone(t, result, err, 1)
	if result.Before.Revision != revision || result.Profile.Revision <= revision {
		t.Errorf("before at revision %d, removed at %d", result.Before.Revision, result.Profile.Revision)
	}
}

// A profile that may not be edited is no obstacle for an edit that changes nothing
// in it; for one that would, that is the reason, whatever else is wrong.
func TestIfNeeded(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.putProfile("kns.x", document(t, "kns.x", "allow"))
	w.put("/calico/v1/policy/profile/old/rules", `{"inbound_rules":[{}],"outbound_rules":[]}`)
	w.put(lockKey, locked)
	for _, id := range []string{"kns.x", "old", profile.DefaultAllow} {
		for _, test := range []struct {
			change  func(*profile.Profile) error
			refused bool
		}{
			{func(*profile.Profile) error { return nil }, false},
			{appending(t, "deny"), true},
			{func(*profile.Profile) error { return fault.Conflictf("no") }, true},
		} {
			e := editing(id, test.change)
			e.Query.V1 = true
			_, without := w.direct().Update(soon(t), nil, e)
			wantError(t, without, fault.ErrRefused, "")
			e.IfNeeded = true
			result, err := w.direct().Update(soon(t), nil, e)
			if test.refused {
				wantError(t, err, fault.ErrRefused, without.Error())
			} else if err != nil || result.Changed || result.Profile.ID != id {
				t.Errorf("%s without a change: %+v, %v", id, result, err)
			}
		}
	}
}

func TestNoChangeIsNoWrite(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.put(lockKey, locked) // an edit that changes nothing needs no lock
	revision := w.putProfile("web", document(t, "web", "allow"))
	s, between := w.behind(nil, nil)
	for what, change := range map[string]func(*profile.Profile) error{
		"nothing": func(*profile.Profile) error { return nil },
		"there and back": func(p *profile.Profile) error {
			if err := profile.AppendRule(p, rules.Inbound, rule(t, "deny tcp")); err != nil {
				return err
			}
			return (&profile.Removal{Direction: rules.Inbound, At: len(p.Inbound)}).Apply(p)
		},
		"no such rule": func(p *profile.Profile) error {
			if n := profile.RemoveRule(p, rules.Outbound, rule(t, "deny tcp")); n != 0 {
				t.Errorf("%d rules removed", n)
			}
			return nil
		},
	} {
		result, err := s.Edit(soon(t), "web", change)
		if err != nil || result.Changed || result.Attempts != 1 {
			t.Errorf("%s: %+v, %v", what, result, err)
		}
	}
	if got := w.get("web").ModRevision; got != revision {
		t.Errorf("it was written at revision %d", got)
	}
	if got := between.Count("/etcdserverpb.KV/Txn"); got != 3 {
		t.Errorf("%d requests for three edits, want 3", got)
	}
}
