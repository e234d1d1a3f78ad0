package store_test

import (
	"context"
	"fmt"
	"strings"
	"testing"

	clientv3 "go.etcd.io/etcd/client/v3"
	"go.uber.org/zap"

	"github.com/calicoctl/calicoctl/internal/etcd"
	"github.com/calicoctl/calicoctl/internal/testkit/embedetcd"
	"github.com/calicoctl/calicoctl/pkg/profile"
	"github.com/calicoctl/calicoctl/pkg/rules"
	"github.com/calicoctl/calicoctl/pkg/store"
)

// benchWorld is an etcd that does not wait for the disk, so that what is
// measured is this package's, and the documents to put into it.
type benchWorld struct {
	b        *testing.B
	endpoint string
	pending  []clientv3.Op
	client   *clientv3.Client
}

func newBenchWorld(b *testing.B) *benchWorld {
	b.Helper()
	server, err := embedetcd.Start(b.Context(), embedetcd.Options{Fast: true})
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { _ = server.Close() })
	client, err := clientv3.New(clientv3.Config{Endpoints: []string{server.Endpoint()}, Logger: zap.NewNop()})
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { _ = client.Close() })
	return &benchWorld{b: b, endpoint: server.Endpoint(), client: client}
}

// put writes a key, many at once; flush writes what is left.
func (w *benchWorld) put(key, value string) {
	w.pending = append(w.pending, clientv3.OpPut(key, value))
	if len(w.pending) == 100 {
		w.flush()
	}
}

func (w *benchWorld) flush() {
	w.b.Helper()
	if _, err := w.client.Txn(context.Background()).Then(w.pending...).Commit(); err != nil {
		w.b.Fatal(err)
	}
	w.pending = w.pending[:0]
}

// putProfiles writes profiles of three rules each.
func (w *benchWorld) putProfiles(names ...string) {
	for _, name := range names {
		w.put(prefix+name, benchDocument(w.b, name, 2))
	}
	w.flush()
}

func (w *benchWorld) open() *store.Store {
	w.b.Helper()
	s, err := store.Open(context.Background(), etcd.Config{Endpoints: []string{w.endpoint}})
	if err != nil {
		w.b.Fatal(err)
	}
	w.b.Cleanup(func() { _ = s.Close() })
	return s
}

// benchDocument is a profile of so many inbound rules.
func benchDocument(b *testing.B, name string, inbound int) string {
	b.Helper()
	list := make([]string, inbound)
	for i := range list {
		list[i] = fmt.Sprintf(`{"action":"Allow","protocol":"TCP","source":{"selector":"has(applications-%d)"},"destination":{"ports":[%d]}}`, i, 1000+i)
	}
	return fmt.Sprintf(`{"kind":"Profile","apiVersion":"projectcalico.org/v3","metadata":{"name":%q,"uid":"00000000-0000-4000-8000-000000000000"},`+
		`"spec":{"ingress":[%s],"egress":[{"action":"Allow"}],"labelsToApply":{%q:""}}}`, name, strings.Join(list, ","), name)
}

func benchRule(b testing.TB, port int) rules.Rule {
	b.Helper()
	r, err := rules.ParseLine(fmt.Sprintf("allow tcp from tag applications to ports %d", port), rules.AsNew)
	if err != nil {
		b.Fatal(err)
	}
	return r
}

// BenchmarkRules1000V3 reads a profile of 1,000 rules, adds one and writes it,
// without etcd.
func BenchmarkRules1000V3(b *testing.B) {
	document := []byte(benchDocument(b, "databases", 1000))
	added := benchRule(b, 3306)
	b.ReportAllocs()
	for b.Loop() {
		p, err := store.DecodeProfile("databases", 1, document)
		if err != nil {
			b.Fatal(err)
		}
		if err := profile.AppendRule(p, rules.Inbound, added); err != nil {
			b.Fatal(err)
		}
		if after, err := p.MarshalJSON(); err != nil || len(after) <= len(document) {
			b.Fatal(len(after), err)
		}
	}
}

// BenchmarkEdit shows that an edit does not cost more where there are more
// other profiles. Each adds or removes a rule of the same profile.
func BenchmarkEdit(b *testing.B) {
	for _, others := range []int{10, 100_000} {
		b.Run(fmt.Sprintf("others=%d", others), func(b *testing.B) {
			w := newBenchWorld(b)
			names := make([]string, others)
			for i := range names {
				names[i] = fmt.Sprintf("profile-%06d", i)
			}
			w.putProfiles(names...)
			s, name, added, there := w.open(), names[others/2], benchRule(b, 3306), false
			b.ReportAllocs()
			for b.Loop() {
				there = !there
				result, err := s.Edit(context.Background(), name, func(p *profile.Profile) error {
					if there {
						return profile.AppendRule(p, rules.Inbound, added)
					}
					profile.RemoveRule(p, rules.Inbound, added)
					return nil
				})
				if err != nil || !result.Changed {
					b.Fatal(result.Changed, err)
				}
			}
		})
	}
}
