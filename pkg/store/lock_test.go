package store_test

import (
	"context"
	"testing"

	"github.com/calicoctl/calicoctl/pkg/fault"
	"github.com/calicoctl/calicoctl/pkg/store"
)

const lockedText = "the datastore is locked for migration (datastoreReady is false in " + lockKey + "); " +
	"nothing may be written until it is unlocked"

func TestLocked(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.put(lockKey, locked)
	revision := w.putProfile("web", document(t, "web"))
	s := w.direct()
	_, err := s.Edit(soon(t), "web", appending(t, "allow"))
	wantError(t, err, fault.ErrLocked, lockedText)
	_, err = s.Update(soon(t), nil, creating("other"))
	wantError(t, err, fault.ErrLocked, lockedText)
	if w.get("web").ModRevision != revision || w.get("other") != nil {
		t.Error("something was written")
	}
	snap, err := s.Read(soon(t), store.Query{Profiles: []string{"web"}, Lock: true})
	must(t, err)
	if _, err := snap.Profile("web"); err != nil {
		t.Errorf("it cannot be read: %v", err)
	}
}

// What is not understood may be a lock.
func TestLockedOrNot(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	s := w.direct()
	unclear := func(why string) string {
		return "it cannot be told whether the datastore is locked for migration: the key " + lockKey + " cannot be read: " + why
	}
	const neither = "spec.datastoreReady is neither true nor false"
	for document, want := range map[string]string{
		unlocked: "", "{}": "", `{"spec":null}`: "", `{"spec":{}}`: "", `{"spec":{"datastoreReady":null}}`: "",
		locked: lockedText, " { \"SPEC\" : { \"DatastoreReady\" :\n false } } ": lockedText,
		"": unclear("it is not JSON"), "damage": unclear("it is not JSON"),
		"[]":                                  unclear("the document: expected an object, got an array"),
		"null":                                unclear("the document: expected an object, got null"),
		`{"kind":"Profile","spec":{}}`:        unclear(`it is of kind "Profile", not ClusterInformation`),
		`{"spec":[]}`:                         unclear("spec: expected an object, got an array"),
		`{"spec":{"datastoreReady":"false"}}`: unclear(neither),
		`{"spec":{"datastoreReady":0}}`:       unclear(neither),
		`{"spec":{},"Spec":{"datastoreReady":false}}`:             unclear(`the document: the key "Spec" stands twice`),
		`{"spec":{"datastoreReady":true,"datastoreready":false}}`: unclear(`spec: the key "datastoreready" stands twice`),
	} {
		w.put(lockKey, document)
		w.putProfile("web", lettered(t, ""))
		_, err := s.Edit(soon(t), "web", appending(t, "allow"))
		if want == "" {
			must(t, err)
			continue
		}
		wantError(t, err, fault.ErrLocked, want)
		w.wantValue("web", lettered(t, ""))
	}
}

func TestLockChangesBetweenReadAndCommit(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name   string
		before string   // empty when it is absent
		other  []string // what another writer puts, empty to delete
		locked bool
	}{
		{"locked", unlocked, []string{locked}, true},
		{"locked and unlocked again", unlocked, []string{locked, unlocked}, false},
		{"written without a change", unlocked, []string{unlocked}, false},
		{"made, locked", "", []string{locked}, true},
		{"made, unlocked", "", []string{unlocked}, false},
		{"removed", unlocked, []string{""}, false},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			w.putProfile("web", document(t, "web"))
			if test.before != "" {
				w.put(lockKey, test.before)
			}
			s, _ := w.behind(first(func(ctx context.Context) (err error) {
				for _, value := range test.other {
					if value == "" {
						_, err = w.plain.Delete(ctx, lockKey)
					} else {
						_, err = w.plain.Put(ctx, lockKey, value)
					}
				}
				return err
			}), nil)
			result, err := s.Edit(soon(t), "web", appending(t, "allow"))
			if test.locked {
				wantError(t, err, fault.ErrLocked, lockedText)
				w.wantVersions("web", 1)
				return
			}
			wantDone(t, result, err, 2)
			w.wantInbound("web", "allow")
		})
	}
}
