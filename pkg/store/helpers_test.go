package store_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"go.etcd.io/etcd/api/v3/mvccpb"
	clientv3 "go.etcd.io/etcd/client/v3"
	"go.uber.org/zap"

	"github.com/calicoctl/calicoctl/internal/etcd"
	"github.com/calicoctl/calicoctl/internal/testkit/embedetcd"
	"github.com/calicoctl/calicoctl/internal/testkit/etcdtest"
	"github.com/calicoctl/calicoctl/internal/testkit/faulttest"
	"github.com/calicoctl/calicoctl/pkg/fault"
	"github.com/calicoctl/calicoctl/pkg/profile"
	"github.com/calicoctl/calicoctl/pkg/rules"
	"github.com/calicoctl/calicoctl/pkg/store"
)

const (
	prefix  = "/calico/resources/v3/projectcalico.org/profiles/"
	lockKey = "/calico/resources/v3/projectcalico.org/clusterinformations/default"

	unlocked = `{"kind":"ClusterInformation","apiVersion":"projectcalico.org/v3","metadata":{"name":"default"},"spec":{"datastoreReady":true}}`
	locked   = `{"kind":"ClusterInformation","apiVersion":"projectcalico.org/v3","metadata":{"name":"default"},"spec":{"datastoreReady":false}}`
)

// A world is an etcd of one test, and a plain client that looks at it and
// changes it as any other program would.
type world struct {
	t        *testing.T
	endpoint string
	plain    *clientv3.Client
}

func newWorld(t *testing.T) *world {
	t.Helper()
	return newWorldWith(t, embedetcd.Options{})
}

func newWorldWith(t *testing.T, opts embedetcd.Options) *world {
	t.Helper()
	opts.Fast = true
	server, err := embedetcd.Start(t.Context(), opts)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = server.Close() })
	w := &world{t: t, endpoint: server.Endpoint()}
	if opts.ClientTLS == nil {
		w.plain = plainClient(t, clientv3.Config{Endpoints: []string{server.Endpoint()}})
	}
	return w
}

func plainClient(t *testing.T, cfg clientv3.Config) *clientv3.Client {
	t.Helper()
	cfg.Logger = zap.NewNop()
	client, err := clientv3.New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = client.Close() })
	return client
}

// soon bounds what a test waits for; it is never reached when all is well.
func soon(t *testing.T) context.Context {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	t.Cleanup(cancel)
	return ctx
}

func open(t *testing.T, cfg etcd.Config) *store.Store {
	t.Helper()
	s, err := store.Open(soon(t), cfg)
	if err != nil {
		t.Fatalf("Open: %v", err)
	}
	s.TakeTime()
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Errorf("Close: %v", err)
		}
	})
	return s
}

// direct returns a Store that speaks to etcd without anything in between.
func (w *world) direct() *store.Store {
	w.t.Helper()
	return open(w.t, etcd.Config{Endpoints: []string{w.endpoint}})
}

// behind returns a Store whose requests pass the hooks, either of which may be
// nil.
func (w *world) behind(before, after etcdtest.Hook) (*store.Store, *etcdtest.Interposer) {
	w.t.Helper()
	between := &etcdtest.Interposer{Before: before, After: after}
	if err := between.Start(w.endpoint); err != nil {
		w.t.Fatal(err)
	}
	w.t.Cleanup(func() { _ = between.Close() })
	return open(w.t, etcd.Config{Endpoints: []string{between.Endpoint()}}), between
}

// Every request of an edit is a transaction: the first reads, the second is
// the commit, and each further one is another attempt to commit unless a test
// says otherwise.
const firstCommit = 2

// on returns a hook that runs f at one transaction only.
func on(number int, f func(context.Context) error) etcdtest.Hook {
	return func(ctx context.Context, method string, n int) error {
		if method == etcdtest.Commit && n == number {
			return f(ctx)
		}
		return nil
	}
}

// first is on for the first commit.
func first(f func(context.Context) error) etcdtest.Hook { return on(firstCommit, f) }

func key(id string) string { return prefix + id }

func (w *world) put(key, value string) (revision int64) {
	w.t.Helper()
	answer, err := w.plain.Put(soon(w.t), key, value)
	if err != nil {
		w.t.Fatal(err)
	}
	return answer.Header.Revision
}

func (w *world) putProfile(id, value string) (revision int64) {
	w.t.Helper()
	return w.put(key(id), value)
}

// get returns what is stored of a profile, nil when it is not there.
func (w *world) get(id string) *mvccpb.KeyValue {
	w.t.Helper()
	return get(w.t, w.plain, key(id))
}

func get(t *testing.T, client *clientv3.Client, key string) *mvccpb.KeyValue {
	t.Helper()
	answer, err := client.Get(soon(t), key)
	if err != nil {
		t.Fatal(err)
	}
	if len(answer.Kvs) == 0 {
		return nil
	}
	return answer.Kvs[0]
}

func (w *world) wantValue(id, want string) {
	w.t.Helper()
	kv := w.get(id)
	if kv == nil {
		w.t.Fatalf("profile %s is not there, want %s", id, want)
	}
	if string(kv.Value) != want {
		w.t.Errorf("profile %s is stored as\n%s\nwant\n%s", id, kv.Value, want)
	}
}

// history returns every value that a profile has had, "" for a deletion, and
// shows if a write was applied twice.
func (w *world) history(id string) []string {
	w.t.Helper()
	answer, err := w.plain.Get(soon(w.t), key(id))
	if err != nil {
		w.t.Fatal(err)
	}
	var values []string
	last := int64(0)
	for revision := int64(1); revision <= answer.Header.Revision; revision++ {
		then, err := w.plain.Get(soon(w.t), key(id), clientv3.WithRev(revision))
		switch {
		case err != nil:
			w.t.Fatal(err)
		case len(then.Kvs) == 0 && last != 0:
			values, last = append(values, ""), 0
		case len(then.Kvs) > 0 && then.Kvs[0].ModRevision != last:
			values, last = append(values, string(then.Kvs[0].Value)), then.Kvs[0].ModRevision
		}
	}
	return values
}

func (w *world) wantVersions(id string, want int) {
	w.t.Helper()
	if got := w.history(id); len(got) != want {
		w.t.Errorf("profile %s has had %d versions, want %d:\n%s", id, len(got), want, strings.Join(got, "\n"))
	}
}

// document returns a profile of inbound rules given in words.
func document(t *testing.T, id string, inbound ...string) string {
	t.Helper()
	list := make([]string, len(inbound))
	for i, words := range inbound {
		list[i] = ruleJSON(t, words)
	}
	return fmt.Sprintf(`{"kind":"Profile","apiVersion":"projectcalico.org/v3","metadata":{"name":%q},`+
		`"spec":{"ingress":[%s],"egress":[{"action":"Allow"}],"labelsToApply":{%q:""}}}`,
		id, strings.Join(list, ","), rules.TagLabel(id))
}

func ruleJSON(t *testing.T, words string) string {
	t.Helper()
	stored, err := rules.EncodeV3(rule(t, words))
	if err != nil {
		t.Fatal(err)
	}
	return string(stored.JSON)
}

// rule reads words, of which a selector may be one in double quotes.
func rule(t *testing.T, words string) rules.Rule {
	t.Helper()
	r, err := rules.ParseLine(words, rules.AsStored)
	if err != nil {
		t.Fatalf("%s: %v", words, err)
	}
	return r
}

func texts(list []rules.Stored) []string {
	out := make([]string, len(list))
	for i, r := range list {
		out[i] = rules.Format(r.Rule)
	}
	return out
}

func (w *world) inbound(id string) []string {
	w.t.Helper()
	return texts(w.profile(id).Inbound)
}

func (w *world) profile(id string) *profile.Profile {
	w.t.Helper()
	snap, err := w.direct().Read(soon(w.t), store.Query{Profiles: []string{id}})
	if err != nil {
		w.t.Fatal(err)
	}
	p, err := snap.Profile(id)
	if err != nil {
		w.t.Fatal(err)
	}
	return p
}

func (w *world) wantInbound(id string, want ...string) {
	w.t.Helper()
	if got := w.inbound(id); !slices.Equal(got, want) {
		w.t.Errorf("inbound rules of %s:\n  %s\nwant:\n  %s", id, strings.Join(got, "\n  "), strings.Join(want, "\n  "))
	}
}

// appending returns a change that appends an inbound rule.
func appending(t *testing.T, words string) func(*profile.Profile) error {
	t.Helper()
	r := rule(t, words)
	return func(p *profile.Profile) error { return profile.AppendRule(p, rules.Inbound, r) }
}

// editing is the Edit that Store.Edit makes of an ID and a change.
func editing(id string, change func(*profile.Profile) error) store.Edit {
	return store.Edit{
		Query:  store.Query{Profiles: []string{id}, Lock: true},
		Pick:   func(snap *store.Snapshot) (*profile.Profile, error) { return snap.Profile(id) },
		Change: func(_ *store.Snapshot, p *profile.Profile) error { return change(p) },
	}
}

// creating is the Edit that creates a profile unless it is there.
func creating(id string) store.Edit {
	return store.Edit{
		Query: store.Query{Profiles: []string{id}, Lock: true},
		Pick: func(snap *store.Snapshot) (*profile.Profile, error) {
			if snap.Has(id) {
				return nil, fault.Refusedf("Profile %s already exists.", id)
			}
			return profile.New(id)
		},
		Change: func(*store.Snapshot, *profile.Profile) error { return nil },
	}
}

func wantIn(t *testing.T, err error, parts ...string) {
	t.Helper()
	for _, part := range parts {
		if err == nil || !strings.Contains(err.Error(), part) {
			t.Errorf("error %v, want one with %q", err, part)
		}
	}
}

// wantDone checks a Result of an edit that changed something.
func wantDone(t *testing.T, result store.Result, err error, attempts int) {
	t.Helper()
	must(t, err)
	if !result.Changed || result.Attempts != attempts {
		t.Errorf("changed %v in %d attempts, want true in %d", result.Changed, result.Attempts, attempts)
	}
}

func must(t *testing.T, err error) {
	t.Helper()
	faulttest.None(t, err)
}

func wantError(t *testing.T, err, kind error, text string) {
	t.Helper()
	faulttest.Want(t, err, kind, text)
}
