package store_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	clientv3 "go.etcd.io/etcd/client/v3"

	"github.com/calicoctl/calicoctl/internal/testkit/etcdtest"
	"github.com/calicoctl/calicoctl/pkg/fault"
	"github.com/calicoctl/calicoctl/pkg/store"
)

// described says what happened in a version, and its inbound rules.
func described(v store.Version) string {
	what := "changed"
	switch {
	case v.Removed():
		what = "removed"
	case v.Malformed != nil:
		what = "malformed"
	case v.Created:
		what = "created"
	}
	if v.Profile != nil {
		what += " " + strings.Join(texts(v.Profile.Inbound), ",")
	}
	return what
}

// tell reads the history of web as text, one version a word: the revision, what
// happened, and the first inbound rule.
func tell(t *testing.T, s *store.Store) (told []string, compacted bool) {
	t.Helper()
	compacted, err := s.History(soon(t), "web", func(v store.Version) error {
		told = append(told, fmt.Sprintf("%d %s", v.Revision, described(v)))
		return nil
	})
	must(t, err)
	return told, compacted
}

func (w *world) remove(id string) (revision int64) {
	w.t.Helper()
	answer, err := w.plain.Delete(soon(w.t), key(id))
	must(w.t, err)
	return answer.Header.Revision
}

func (w *world) compact(revision int64) {
	w.t.Helper()
	_, err := w.plain.Compact(soon(w.t), revision)
	must(w.t, err)
}

// Everything that a key has been is told, however it was written, and how far
// back, wherever etcd has thrown away what was before.
func TestHistory(t *testing.T) {
	t.Parallel()
	for seed := range uint64(6) {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			t.Parallel()
			w, random := newWorld(t), rand.New(rand.NewPCG(seed, 7))
			var all []string
			there := false
			for n := range 30 {
				switch choice := random.IntN(10); {
				case choice < 2:
					w.put("/elsewhere", fmt.Sprint(n))
				case choice < 4 && there:
					all, there = append(all, fmt.Sprintf("%d removed", w.remove("web"))), false
				case choice < 5:
					all = append(all, fmt.Sprintf("%d malformed", w.putProfile("web", "?")))
					there = true
				default:
					rule, what := fmt.Sprintf("allow from cidr 10.0.0.%d/32", n), "changed"
					if !there {
						what = "created"
					}
					all, there = append(all, fmt.Sprintf("%d %s %s", w.putProfile("web", document(t, "web", rule)), what, rule)), true
				}
			}
			slices.Reverse(all)
			s := w.direct()
			if seed%2 == 1 {
				s.SetMaxReads(2) // and watch for what is before
			}
			if told, compacted := tell(t, s); !slices.Equal(told, all) || compacted {
				t.Fatalf("compacted %v, and the history is\n%s\nwant\n%s", compacted, strings.Join(told, "\n"), strings.Join(all, "\n"))
			}
			last := w.put("/elsewhere", "end")
			for revision := int64(2); revision <= last; revision += 3 {
				w.compact(revision)
				want := slices.DeleteFunc(slices.Clone(all), func(line string) bool {
					var at int64
					_, err := fmt.Sscan(line, &at)
					must(t, err)
					return at < revision && !w.stands(at, revision)
				})
				told, compacted := tell(t, s)
				// A removal at the very revision of the compaction may be known or not.
				if len(want) == len(told)+1 && want[len(want)-1] == fmt.Sprintf("%d removed", revision) {
					want = want[:len(want)-1]
				}
				if !slices.Equal(told, want) || !compacted {
					t.Fatalf("compacted at %d: %v, and the history is\n%s\nwant\n%s", revision, compacted, strings.Join(told, "\n"), strings.Join(want, "\n"))
				}
			}
		})
	}
}

// stands reports whether what was written at one revision stood at another.
func (w *world) stands(at, revision int64) bool {
	w.t.Helper()
	answer, err := w.plain.Get(soon(w.t), key("web"), clientv3.WithRev(revision))
	must(w.t, err)
	return len(answer.Kvs) > 0 && answer.Kvs[0].ModRevision == at
}

// Whoever wants only the newest versions does not make etcd look for the rest.
func TestHistoryStops(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for n := range 10 {
		w.putProfile("web", document(t, "web", fmt.Sprintf("allow from cidr 10.0.0.%d/32", n)))
	}
	s, between := w.behind(nil, nil)
	enough, seen := errors.New("enough"), 0
	_, err := s.History(soon(t), "web", func(store.Version) error {
		if seen++; seen == 3 {
			return enough
		}
		return nil
	})
	if !errors.Is(err, enough) || between.Count("/etcdserverpb.KV/Range") != 3 || between.Count("/etcdserverpb.Watch/Watch") != 0 {
		t.Errorf("%v after %d versions, %d reads and %d watches", err, seen,
			between.Count("/etcdserverpb.KV/Range"), between.Count("/etcdserverpb.Watch/Watch"))
	}
}

// A connection that is lost while etcd looks for removals costs a second try.
func TestHistoryThroughLostWatch(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.putProfile("web", document(t, "web", "deny"))
	w.remove("web")
	w.put("/elsewhere", "x")
	w.putProfile("web", document(t, "web", "allow"))
	s, between := w.behind(func(_ context.Context, method string, number int) error {
		if method == "/etcdserverpb.Watch/Watch" && number < 3 {
			return etcdtest.ErrLost()
		}
		return nil
	}, nil)
	s.SetMaxReads(1)
	if told, compacted := tell(t, s); len(told) != 3 || compacted || between.Count("/etcdserverpb.Watch/Watch") < 3 {
		t.Errorf("%q, compacted %v, after %d watches", told, compacted, between.Count("/etcdserverpb.Watch/Watch"))
	}
}

// What stood at a revision, and why that cannot be told.
func TestVersionAt(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	first := w.putProfile("web", document(t, "web", "deny"))
	w.put("/elsewhere", "1")
	malformed := w.putProfile("web", "?")
	removed := w.remove("web")
	s := w.direct()
	v, err := s.VersionAt(soon(t), "web", first+1)
	must(t, err)
	if v.Revision != first || !v.Created || !slices.Equal(texts(v.Profile.Inbound), []string{"deny"}) {
		t.Errorf("%+v", v)
	}
	_, err = s.VersionAt(soon(t), "web", malformed)
	if !errors.Is(err, fault.ErrRefused) || !errors.Is(err, fault.ErrMalformed) {
		t.Errorf("%v", err)
	}
	wantIn(t, err, fmt.Sprintf("at revision %d, profile web", malformed))
	_, err = s.VersionAt(soon(t), "web", removed)
	wantError(t, err, fault.ErrNotFound, fmt.Sprintf("at revision %d there was no profile web", removed))
	_, err = s.VersionAt(soon(t), "web", removed+9)
	wantError(t, err, fault.ErrRefused, fmt.Sprintf("there is no revision %d yet", removed+9))
	w.compact(removed)
	_, err = s.VersionAt(soon(t), "web", first)
	wantError(t, err, fault.ErrRefused, fmt.Sprintf("what profile web was at revision %d is compacted: etcd has thrown it away", first))
}
