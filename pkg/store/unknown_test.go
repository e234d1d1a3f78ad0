package store_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/calicoctl/calicoctl/internal/testkit/etcdtest"
	"github.com/calicoctl/calicoctl/pkg/fault"
	"github.com/calicoctl/calicoctl/pkg/profile"
)

// How a commit meets its end.
const (
	noFault     = ""
	neverCame   = "never came" // to etcd
	answerLost  = "answer lost"
	unknownText = "the change of profile web was sent, but the answer was lost: it may or may not have been saved"
)

// faults makes hooks: the nth commit meets the nth failure, and then, before the
// client hears of it, the nth of others happens. The hooks of reads are not
// called.
func (w *world) faults(list []string, others ...func(context.Context) error) (before, after etcdtest.Hook) {
	at := func(number int) (failure string, other func(context.Context) error) {
		other = func(context.Context) error { return nil }
		i := number - firstCommit
		if i < 0 {
			return noFault, other
		}
		if i < len(list) {
			failure = list[i]
		}
		if i < len(others) && others[i] != nil {
			other = others[i]
		}
		return failure, other
	}
	before = func(ctx context.Context, method string, number int) error {
		failure, other := at(number)
		if method != etcdtest.Commit || failure != neverCame {
			return nil
		}
		// The stream must not end before the client has sent all of its
		// request, so that it knows that etcd may have it.
		_, err := w.plain.Get(ctx, lockKey)
		return errors.Join(err, other(ctx), etcdtest.ErrLost())
	}
	after = func(ctx context.Context, method string, number int) error {
		failure, other := at(number)
		if method != etcdtest.Commit || failure == neverCame {
			return nil
		}
		if err := other(ctx); err != nil || failure == noFault {
			return err
		}
		return etcdtest.ErrLost()
	}
	return before, after
}

// statusOf makes every error of a hook a broken connection. (Joined errors have
// no status that gRPC would pass on.)
func statusOf(hook etcdtest.Hook) etcdtest.Hook {
	return func(ctx context.Context, method string, number int) error {
		if hook(ctx, method, number) != nil {
			return etcdtest.ErrLost()
		}
		return nil
	}
}

func TestLostAnswers(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name     string
		faults   []string
		other    string // what another writer makes of the list after the first commit: a list, or -
		want     string // the list in the end
		versions int
		attempts int // 0 for an UnknownOutcomeError
		kind     error
	}{
		{"saved, answer lost", []string{answerLost}, "", "A new", 2, 1, nil},
		{"never came", []string{neverCame}, "", "A new", 2, 1, nil},
		{"never came three times", []string{neverCame, neverCame, neverCame}, "", "A new", 2, 1, nil},
		{"never came, then saved, answer lost", []string{neverCame, answerLost}, "", "A new", 2, 1, nil},
		{"saved, all answers lost for a while", []string{answerLost, answerLost, neverCame, answerLost}, "", "A new", 2, 1, nil},
		{"saved, answer lost, then another writer", []string{answerLost}, "A new B", "A new B", 3, 1, nil},
		{"saved, answer lost, then taken out again", []string{answerLost}, "A", "A", 3, 1, nil},
		{"saved, answer lost, then removed", []string{answerLost}, "-", "-", 3, 1, nil},
		{"never came, and another writer", []string{neverCame}, "A B", "A B new", 3, 2, nil},
		{"never came, and another writer with the same rule", []string{neverCame}, "A new B", "A new B", 2, 0, nil},
		{"never came, and removed", []string{neverCame}, "-", "-", 2, 0, fault.ErrNotFound},
		{"never came, another writer, saved, answer lost", []string{neverCame, noFault, answerLost}, "A B", "A B new", 3, 2, nil},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			w.putProfile("web", lettered(t, "A"))
			other := func(ctx context.Context) (err error) {
				switch test.other {
				case "":
				case "-":
					_, err = w.plain.Delete(ctx, key("web"))
				default:
					_, err = w.plain.Put(ctx, key("web"), lettered(t, test.other))
				}
				return err
			}
			before, after := w.faults(test.faults, other)
			s, _ := w.behind(statusOf(before), statusOf(after))
			result, err := s.Edit(soon(t), "web", appending(t, letter(t, "new")))
			var present *profile.PresentError
			switch {
			case test.kind != nil:
				wantError(t, err, test.kind, "")
			case test.attempts == 0:
				if !errors.As(err, &present) {
					t.Errorf("error %v", err)
				}
			default:
				wantDone(t, result, err, test.attempts)
			}
			got := "-"
			if w.get("web") != nil {
				got = w.letters()
			}
			if got != test.want {
				t.Errorf("list %s, want %s", got, test.want)
			}
			w.wantVersions("web", test.versions)
		})
	}
}

// The same for a profile that is made.
func TestLostAnswersOfCreation(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name     string
		faults   []string
		other    string // put, delete
		versions int
		stands   bool
		err      error
	}{
		{"saved, answer lost", []string{answerLost}, "", 1, true, nil},
		{"never came", []string{neverCame}, "", 1, true, nil},
		{"saved, answer lost, then changed", []string{answerLost}, "put", 2, true, nil},
		{"never came, and another made it", []string{neverCame}, "put", 1, true, fault.ErrRefused},
		{"saved, answer lost, then removed", []string{answerLost}, "delete", 2, false, nil},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			before, after := w.faults(test.faults, func(ctx context.Context) (err error) {
				switch test.other {
				case "put":
					_, err = w.plain.Put(ctx, key("web"), lettered(t, "A"))
				case "delete":
					_, err = w.plain.Delete(ctx, key("web"))
				}
				return err
			})
			s, _ := w.behind(statusOf(before), statusOf(after))
			_, err := s.Update(soon(t), nil, creating("web"))
			if test.err != nil {
				wantError(t, err, test.err, "Profile web already exists.")
			} else {
				must(t, err)
			}
			if got := w.get("web") != nil; got != test.stands {
				t.Errorf("it stands there: %v, want %v", got, test.stands)
			}
			w.wantVersions("web", test.versions)
		})
	}
}

// When the history that would tell is gone, nobody knows.
func TestUnknownAfterCompaction(t *testing.T) {
	t.Parallel()
	for name, failure := range map[string]string{"saved": answerLost, "not saved": neverCame} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			w.putProfile("web", lettered(t, "A"))
			before, after := w.faults([]string{failure}, func(ctx context.Context) error {
				for _, list := range []string{"B", "C"} {
					if _, err := w.plain.Put(ctx, key("web"), lettered(t, list)); err != nil {
						return err
					}
				}
				now, err := w.plain.Get(ctx, key("web"))
				if err == nil {
					_, err = w.plain.Compact(ctx, now.Header.Revision)
				}
				return err
			})
			s, _ := w.behind(statusOf(before), statusOf(after))
			_, err := s.Edit(soon(t), "web", appending(t, letter(t, "new")))
			wantError(t, err, fault.ErrUnknownOutcome, unknownText)
			if got := w.letters(); got != "C" {
				t.Errorf("list %s", got)
			}
		})
	}
}

// The whole query changes, so that the answer to a lost race does not come with
// it, and every read after the commit fails: not known.
func TestUnknownWhenNothingAnswersAfterwards(t *testing.T) {
	t.Parallel()
	for name, failure := range map[string]string{"saved": answerLost, "not saved": neverCame} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			w.putProfile("web", lettered(t, "A"))
			lost := []string{failure}
			for range 10_000 {
				lost = append(lost, neverCame)
			}
			before, after := w.faults(lost)
			s, _ := w.behind(statusOf(before), statusOf(after))
			s.KeepTime()
			ctx, cancel := context.WithTimeout(t.Context(), 500*time.Millisecond)
			defer cancel()
			start := time.Now()
			_, err := s.Edit(ctx, "web", appending(t, letter(t, "new")))
			wantError(t, err, fault.ErrUnknownOutcome, unknownText)
			if took := time.Since(start); took > 5*time.Second {
				t.Errorf("took %s", took)
			}
			want := map[string]int{answerLost: 2, neverCame: 1}[failure]
			w.wantVersions("web", want)
		})
	}
}

// Another guard fails at the second sending; the first was saved, or not.
func TestLockedAfterLostAnswer(t *testing.T) {
	t.Parallel()
	for name, failure := range map[string]string{"saved": answerLost, "not saved": neverCame} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			w.putProfile("web", lettered(t, "A"))
			before, after := w.faults([]string{failure}, func(ctx context.Context) error {
				_, err := w.plain.Put(ctx, lockKey, locked)
				return err
			})
			s, _ := w.behind(statusOf(before), statusOf(after))
			result, err := s.Edit(soon(t), "web", appending(t, letter(t, "new")))
			if failure == answerLost {
				wantDone(t, result, err, 1)
				w.wantVersions("web", 2)
				return
			}
			wantError(t, err, fault.ErrLocked, lockedText)
			w.wantVersions("web", 1)
		})
	}
}

// A lost answer and then a definite no: etcd tells of the second sending only.
func TestRefusedAfterLostAnswer(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		failure string
		kind    error
	}{"saved": {answerLost, nil}, "not saved": {neverCame, fault.ErrUnknownOutcome}} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			w.putProfile("web", lettered(t, "A"))
			before, after := w.faults([]string{test.failure})
			s, _ := w.behind(func(ctx context.Context, method string, number int) error {
				if method == etcdtest.Commit && number == firstCommit+1 {
					return errPermission()
				}
				return statusOf(before)(ctx, method, number)
			}, statusOf(after))
			result, err := s.Edit(soon(t), "web", appending(t, letter(t, "new")))
			if test.kind == nil {
				wantDone(t, result, err, 1)
				w.wantVersions("web", 2)
				return
			}
			wantError(t, err, test.kind, unknownText)
			w.wantVersions("web", 1)
		})
	}
}
