package store_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/calicoctl/calicoctl/pkg/fault"
	"github.com/calicoctl/calicoctl/pkg/profile"
	"github.com/calicoctl/calicoctl/pkg/rules"
	"github.com/calicoctl/calicoctl/pkg/store"
)

// A, B, ... are rules for lists of letters.
func letter(t *testing.T, name string) string {
	t.Helper()
	return "allow from tag " + name
}

// lettered is the profile web with the inbound rules of a list such as "A B C".
func lettered(t *testing.T, list string) string {
	t.Helper()
	var words []string
	for name := range strings.FieldsSeq(list) {
		words = append(words, letter(t, name))
	}
	return document(t, "web", words...)
}

func (w *world) letters() string {
	w.t.Helper()
	var names []string
	for _, text := range w.inbound("web") {
		names = append(names, strings.TrimPrefix(text, "allow from tag "))
	}
	return strings.Join(names, " ")
}

// race stores a list, lets an edit read it, stores another list, and lets the
// edit go on.
func race(t *testing.T, was, now string, e store.Edit) (*world, store.Result, error) {
	t.Helper()
	w := newWorld(t)
	w.putProfile("web", lettered(t, was))
	other := lettered(t, now)
	s, _ := w.behind(first(func(ctx context.Context) error {
		_, err := w.plain.Put(ctx, key("web"), other)
		return err
	}), nil)
	result, err := s.Update(soon(t), nil, e)
	return w, result, err
}

func TestAppendAfterLostRace(t *testing.T) {
	t.Parallel()
	w, result, err := race(t, "A B", "Z A C", editing("web", appending(t, letter(t, "new"))))
	wantDone(t, result, err, 2)
	if got := w.letters(); got != "Z A C new" {
		t.Errorf("list %s", got)
	}
	w.wantVersions("web", 3)
	if kv := w.get("web"); result.Profile.Revision != kv.ModRevision {
		t.Errorf("revision %d, want %d", result.Profile.Revision, kv.ModRevision)
	}
}

// Another client has added the very rule.
func TestAppendPresentAfterLostRace(t *testing.T) {
	t.Parallel()
	w, _, err := race(t, "A B", "A new B", editing("web", appending(t, letter(t, "new"))))
	var present *profile.PresentError
	if !errors.As(err, &present) || err.Error() != "the rule is already at inbound position 2" {
		t.Errorf("error %v", err)
	}
	w.wantVersions("web", 2)
}

// The bytes decide, not the words: a rule that is shown alike is another one.
func TestRemovalComparesBytes(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	stored := func(r string) string {
		return `{` + head + `,"metadata":{"name":"web"},"spec":{"ingress":[` + r + `]}}`
	}
	w.putProfile("web", stored(`{"action":"Allow","x":1}`))
	s, _ := w.behind(first(func(ctx context.Context) error {
		_, err := w.plain.Put(ctx, key("web"), stored(`{"action":"Allow","x":2}`))
		return err
	}), nil)
	_, err := s.Edit(soon(t), "web", (&profile.Removal{Direction: rules.Inbound, At: 1}).Apply)
	wantError(t, err, fault.ErrConflict, "")
	w.wantValue("web", stored(`{"action":"Allow","x":2}`))
}

func TestOnce(t *testing.T) {
	t.Parallel()
	e := editing("web", appending(t, letter(t, "new")))
	e.Once = true
	w, _, err := race(t, "A B", "A B C", e)
	wantError(t, err, fault.ErrConflict, "profile web was changed by another client at the same moment; look at it again")
	if got := w.letters(); got != "A B C" {
		t.Errorf("list %s", got)
	}
	result, err := w.direct().Update(soon(t), nil, e)
	wantDone(t, result, err, 1)
}

func TestIfRevision(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	s := w.direct()
	old := w.putProfile("web", lettered(t, "A"))
	now := w.putProfile("web", lettered(t, "A B"))
	e := editing("web", appending(t, letter(t, "new")))
	e.IfRevision = old
	_, err := s.Update(soon(t), nil, e)
	wantError(t, err, fault.ErrConflict, fmt.Sprintf("profile web is at revision %d, not %d; look at it again", now, old))
	e.IfRevision = now
	result, err := s.Update(soon(t), nil, e)
	wantDone(t, result, err, 1)

	add := creating("other")
	add.IfRevision = now
	_, err = s.Update(soon(t), nil, add)
	wantError(t, err, fault.ErrConflict, fmt.Sprintf("profile other is at revision 0, not %d; look at it again", now))
	if w.get("other") != nil {
		t.Error("it was made")
	}
}

// A lost race is another revision, even for an edit that would fit.
func TestIfRevisionAfterLostRace(t *testing.T) {
	t.Parallel()
	e := editing("web", appending(t, letter(t, "new")))
	e.IfRevision = 2 // what the first put makes
	w, _, err := race(t, "A B", "A B C", e)
	wantError(t, err, fault.ErrConflict, "profile web is at revision 3, not 2; look at it again")
	w.wantVersions("web", 2)
}

func TestRemovedBetweenReadAndCommit(t *testing.T) {
	t.Parallel()
	for name, again := range map[string]bool{"removed": false, "removed and made again": true} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			w.putProfile("web", lettered(t, "A"))
			made := lettered(t, "Z")
			s, _ := w.behind(first(func(ctx context.Context) error {
				_, err := w.plain.Delete(ctx, key("web"))
				if again && err == nil {
					_, err = w.plain.Put(ctx, key("web"), made)
				}
				return err
			}), nil)
			result, err := s.Edit(soon(t), "web", appending(t, letter(t, "new")))
			if !again {
				wantError(t, err, fault.ErrNotFound, "Profile web not found.")
				if w.get("web") != nil {
					t.Error("it was made again")
				}
				return
			}
			wantDone(t, result, err, 2)
			if got := w.letters(); got != "Z new" {
				t.Errorf("list %s", got)
			}
		})
	}
}

func TestNotFound(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	_, err := w.direct().Edit(soon(t), "web", appending(t, "allow"))
	wantError(t, err, fault.ErrNotFound, "Profile web not found.")
}

// preferring picks the first of the IDs that is there, as the command does with
// a name and a network's ID; it is refused when both are.
func preferring(change func(*profile.Profile) error, picked *[]string, ids ...string) store.Edit {
	e := editing("", change)
	e.Query.Profiles = ids
	e.Pick = func(snap *store.Snapshot) (*profile.Profile, error) {
		there := slices.DeleteFunc(slices.Clone(ids), func(id string) bool { return !snap.Has(id) })
		*picked = append(*picked, strings.Join(there, "+"))
		if len(there) != 1 {
			return nil, fault.Refusedf("%d profiles", len(there))
		}
		return snap.Profile(there[0])
	}
	return e
}

func TestOtherNameAppearsBetweenReadAndCommit(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name, first, second string // what stands there at first, and what another writer does
		picked              []string
		err                 string
	}{
		{"created", "id", "+name", []string{"id", "name+id"}, "2 profiles"},
		{"renamed", "id", "+name -id", []string{"id", "name"}, ""},
		{"created and removed", "id", "+name -name", []string{"id"}, ""},
		{"removed", "id", "-id", []string{"id", ""}, "0 profiles"},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			w.putProfile(test.first, document(t, test.first))
			other := document(t, "other")
			s, _ := w.behind(first(func(ctx context.Context) (err error) {
				for word := range strings.FieldsSeq(test.second) {
					if word[0] == '+' {
						_, err = w.plain.Put(ctx, key(word[1:]), other)
					} else {
						_, err = w.plain.Delete(ctx, key(word[1:]))
					}
				}
				return err
			}), nil)
			var picked []string
			result, err := s.Update(soon(t), nil, preferring(appending(t, "deny"), &picked, "name", "id"))
			if !slices.Equal(picked, test.picked) {
				t.Errorf("picked from %q, want %q", picked, test.picked)
			}
			if test.err != "" {
				wantError(t, err, fault.ErrRefused, test.err)
				for _, id := range []string{"name", "id"} {
					if kv := w.get(id); kv != nil && strings.Contains(string(kv.Value), "Deny") {
						t.Errorf("%s was edited", id)
					}
				}
				return
			}
			wantDone(t, result, err, len(test.picked))
		})
	}
}

// An edit may begin with a snapshot that was read long ago.
func TestUpdateFromOldSnapshot(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	s := w.direct()
	w.putProfile("web", lettered(t, "A"))
	e := editing("web", appending(t, letter(t, "new")))
	snap, err := s.Read(soon(t), e.Query)
	must(t, err)
	w.putProfile("web", lettered(t, "A B"))
	result, err := s.Update(soon(t), snap, e)
	wantDone(t, result, err, 2)
	if got := w.letters(); got != "A B new" {
		t.Errorf("list %s", got)
	}
}

// An error of Change, also on a later attempt, ends the edit.
func TestChangeFails(t *testing.T) {
	t.Parallel()
	stop := errors.New("stop")
	n := 0
	w, _, err := race(t, "A", "A B", editing("web", func(p *profile.Profile) error {
		if n++; n == 2 {
			return stop
		}
		return appending(t, letter(t, "new"))(p)
	}))
	if !errors.Is(err, stop) || n != 2 {
		t.Errorf("error %v after %d calls", err, n)
	}
	if got := w.letters(); got != "A B" {
		t.Errorf("list %s", got)
	}
}

// Which of two equal rules went cannot be told, so neither position is safe;
// but what the user reads must not be that A stood there and now A does.
func TestConflictOfEqualRulesIsExplained(t *testing.T) {
	t.Parallel()
	removal := &profile.Removal{Direction: rules.Inbound, At: 1}
	w, _, err := race(t, "A A", "A", editing("web", removal.Apply))
	wantError(t, err, fault.ErrConflict, "")
	if got := w.letters(); got != "A" {
		t.Errorf("list %s", got)
	}
	want := `another client added or removed a rule like "allow from tag A" at the same moment, ` +
		"so that inbound position 1 does not say any more which one is meant; nothing was changed, look at the rules again"
	if err.Error() != want {
		t.Errorf("error\n%v, want\n%s", err, want)
	}
}
