package store_test

import (
	"context"
	"errors"
	"strings"
	"testing"

	pb "go.etcd.io/etcd/api/v3/etcdserverpb"
	clientv3 "go.etcd.io/etcd/client/v3"

	"github.com/calicoctl/calicoctl/internal/testkit/embedetcd"
	"github.com/calicoctl/calicoctl/internal/testkit/etcdtest"
	"github.com/calicoctl/calicoctl/pkg/fault"
	"github.com/calicoctl/calicoctl/pkg/profile"
	"github.com/calicoctl/calicoctl/pkg/rules"
	"github.com/calicoctl/calicoctl/pkg/store"
)

// full makes etcd say that it has no space left, or not any more.
func (w *world) full(is bool) {
	w.t.Helper()
	members, err := w.plain.MemberList(soon(w.t))
	must(w.t, err)
	request := &pb.AlarmRequest{Action: pb.AlarmRequest_ACTIVATE, Alarm: pb.AlarmType_NOSPACE, MemberID: members.Members[0].ID}
	if !is {
		request.Action = pb.AlarmRequest_DEACTIVATE
	}
	_, err = pb.NewMaintenanceClient(w.plain.ActiveConnection()).Alarm(soon(w.t), request)
	must(w.t, err)
}

// removing is the removal of profile web that may have to be rolled back.
func removing() store.Edit {
	e := editing("web", nil)
	e.Reversible = true
	return e
}

// An etcd that is full removes a key and does not write it again.
func TestReversibleWithoutSpace(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	was := document(t, "web", "deny")
	w.putProfile("web", was)
	w.full(true)
	s := w.direct()
	_, err := s.Remove(soon(t), removing(), true)
	wantError(t, err, fault.ErrRefused, "the change of profile web could not be rolled back, "+
		"because etcd has no space left (its database quota is used up); nothing was changed")
	var refused *store.IrreversibleError
	if !errors.As(err, &refused) {
		t.Errorf("error %T", err)
	}
	w.wantValue("web", was)
	w.wantVersions("web", 1)

	w.full(false)
	result, err := s.Remove(soon(t), removing(), true)
	wantDone(t, result, err, 1)
	if _, err := s.RollBack(soon(t), result); err != nil {
		t.Fatal(err)
	}
	w.wantValue("web", was)

	w.full(true) // without the wish, it is removed all the same
	_, err = s.Remove(soon(t), editing("web", nil), true)
	must(t, err)
	if w.get("web") != nil {
		t.Error("it is there")
	}
}

// long is a document of so many bytes, with an outbound rule.
func long(size int) string {
	const frame = `{` + head + `,"metadata":{"name":"web"},"note":"","spec":{"egress":[{"action":"Allow"}]}}`
	return strings.Replace(frame, `"note":"`, `"note":"`+strings.Repeat("x", size-len(frame)), 1)
}

// longest stores a document that is so long that etcd just takes it in a request.
func (w *world) longest() string {
	w.t.Helper()
	low, high := store.MaxDocument, store.MaxDocument+16<<10
	for low+1 < high {
		middle := (low + high) / 2
		if _, err := w.plain.Put(soon(w.t), key("web"), long(middle)); err != nil {
			high = middle
		} else {
			low = middle
		}
	}
	w.putProfile("web", long(low))
	return long(low)
}

// Whether an edit may begin that has to be rolled back is what becomes of it, byte
// for byte about the limit.
func TestReversibleLength(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	limit := len(w.longest())
	s := w.direct()
	refusals := 0
	for _, length := range []int{limit, limit - 50, limit - 200, limit - 400, limit - 800, limit - 2000, store.MaxDocument} {
		was := long(length)
		revision := w.putProfile("web", was)
		for name, edit := range map[string]func(store.Edit) (store.Result, error){
			"removal": func(e store.Edit) (store.Result, error) { return s.Remove(soon(t), e, true) },
			"change": func(e store.Edit) (store.Result, error) {
				e.Change = func(_ *store.Snapshot, p *profile.Profile) error { p.Outbound = nil; return nil }
				return s.Update(soon(t), nil, e)
			},
		} {
			result, err := edit(removing())
			if err != nil {
				refusals++
				wantError(t, err, fault.ErrRefused, "the change of profile web could not be rolled back, "+
					"because its document is too long for a request that this etcd takes; nothing was changed")
				if got := w.get("web"); got == nil || got.ModRevision != revision {
					t.Errorf("%s of %d bytes: it was changed", name, length)
				}
				continue
			}
			if !result.Changed {
				t.Errorf("%s of %d bytes did nothing", name, length)
			}
			if _, err := s.RollBack(soon(t), result); err != nil {
				t.Fatalf("%s of %d bytes cannot be rolled back: %v", name, length, err)
			}
			w.wantValue("web", was)
			revision = w.get("web").ModRevision
		}
	}
	if refusals < 2 || refusals > 10 {
		t.Errorf("%d refusals", refusals)
	}
}

// A removal that nobody wants to roll back tells why it could not be.
func TestIrreversibleRemoval(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.longest()
	s := w.direct()
	for _, dry := range []bool{true, false} {
		e := editing("web", nil)
		e.DryRun = dry
		result, err := s.Remove(soon(t), e, true)
		wantDone(t, result, err, 1)
		if result.Irreversible == nil || result.Irreversible.Reason != "its document is too long for a request that this etcd takes" {
			t.Errorf("%v", result.Irreversible)
		}
	}
	if w.get("web") != nil {
		t.Error("it is there")
	}
	w.putProfile("web", long(store.MaxDocument))
	s, between := w.behind(nil, nil)
	result, err := s.Remove(soon(t), editing("web", nil), true)
	wantDone(t, result, err, 1)
	if n := between.Count(etcdtest.Commit); n != 2 || result.Irreversible != nil {
		t.Errorf("%d requests, %v", n, result.Irreversible)
	}
}

// What asks whether a removal could be rolled back writes nothing, whatever comes
// between, and its failure is none of the removal.
func TestReversibleInTrouble(t *testing.T) {
	t.Parallel()
	const trial, removal = 2, 3
	other := document(t, "web", "log")
	for name, test := range map[string]struct {
		before, after func(context.Context, *world) error
		kind          error
		stands        bool
	}{
		"asking is lost":              {before: func(context.Context, *world) error { return etcdtest.ErrLost() }},
		"its answer is lost":          {after: func(context.Context, *world) error { return etcdtest.ErrLost() }},
		"etcd is full before asking":  {before: func(_ context.Context, w *world) error { w.full(true); return nil }, kind: fault.ErrRefused, stands: true},
		"another client writes":       {after: func(ctx context.Context, w *world) error { _, err := w.plain.Put(ctx, key("web"), other); return err }},
		"another client removes it":   {after: func(ctx context.Context, w *world) error { _, err := w.plain.Delete(ctx, key("web")); return err }, kind: fault.ErrNotFound},
		"the datastore is locked now": {after: func(ctx context.Context, w *world) error { _, err := w.plain.Put(ctx, lockKey, locked); return err }, kind: fault.ErrLocked, stands: true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			w.putProfile("web", document(t, "web", "deny"))
			hook := func(f func(context.Context, *world) error) etcdtest.Hook {
				if f == nil {
					return nil
				}
				return on(trial, func(ctx context.Context) error { return f(ctx, w) })
			}
			s, _ := w.behind(hook(test.before), hook(test.after))
			result, err := s.Remove(soon(t), removing(), true)
			if test.kind != nil {
				wantError(t, err, test.kind, "")
			} else if err != nil || !result.Changed {
				t.Fatal(result, err)
			}
			if got := w.get("web"); (got != nil) != test.stands {
				t.Errorf("stands %v", got)
			}
			for _, value := range w.history("web")[1:] {
				if value != "" && value != other {
					t.Errorf("somebody wrote %s", value)
				}
			}
		})
	}
}

// An etcd that takes longer requests decides how long a document may become.
func TestLongDocuments(t *testing.T) {
	t.Parallel()
	const limit = 4 << 20
	w := newWorldWith(t, embedetcd.Options{MaxRequestBytes: limit})
	w.plain = plainClient(t, clientv3.Config{Endpoints: []string{w.endpoint}, MaxCallSendMsgSize: 2 * limit})
	s := w.direct()
	for _, length := range []int{2<<20 + 1, 3 << 20} {
		w.putProfile("web", long(length))
		result, err := s.Edit(soon(t), "web", appending(t, "deny"))
		wantDone(t, result, err, 1)
		if _, err := s.RollBack(soon(t), result); err != nil {
			t.Fatal(err)
		}
		w.wantValue("web", long(length))
		result, err = s.Remove(soon(t), removing(), true)
		wantDone(t, result, err, 1)
		if _, err := s.RollBack(soon(t), result); err != nil {
			t.Fatal(err)
		}
	}
	// Longer than etcd takes, and longer than gRPC lets through to it.
	for _, more := range []int{limit, limit + 600<<10} {
		revision := w.putProfile("web", long(3<<20))
		_, err := s.Edit(soon(t), "web", func(p *profile.Profile) error {
			p.Inbound = append(p.Inbound, rules.DecodeV3([]byte(`{"action":"Deny"`+strings.Repeat(" ", more-3<<20)+`}`)))
			return nil
		})
		wantError(t, err, fault.ErrRefused, "")
		if got := w.get("web"); got.ModRevision != revision {
			t.Errorf("it was written")
		}
		wantIn(t, err, "the request that writes profile web (", " bytes) is longer than this etcd takes (--max-request-bytes)")
	}
}
