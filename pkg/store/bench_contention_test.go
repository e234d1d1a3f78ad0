package store_test

import (
	"context"
	"fmt"
	"sync"
	"testing"

	"github.com/calicoctl/calicoctl/pkg/rules"
	"github.com/calicoctl/calicoctl/pkg/store"
)

// BenchmarkContention lets writers with a connection each edit one profile at
// the same time, so often that it shows whether all of it takes longer than in
// proportion to the number of edits. All edits land.
func BenchmarkContention(b *testing.B) {
	w := newBenchWorld(b)
	stores := make([]*store.Store, 64)
	for i := range stores {
		stores[i] = w.open()
	}
	for _, writers := range []int{1, 8, 64} {
		for _, edits := range []int{64, 512} {
			b.Run(fmt.Sprintf("writers=%d/edits=%d", writers, edits), func(b *testing.B) {
				attempts, round := 0, 0
				for b.Loop() {
					round++
					name := fmt.Sprintf("contended-%d-%d-%d-%d", writers, edits, b.N, round)
					w.putProfiles(name)
					attempts += contend(b, stores[:writers], name, edits)
					w.wantEdits(name, edits)
				}
				total := float64(b.N * edits)
				b.ReportMetric(b.Elapsed().Seconds()*1e3/total, "ms/edit")
				b.ReportMetric(float64(attempts)/total, "attempts/edit")
			})
		}
	}
}

// contend makes the edits, the same number in each store, and returns how many
// attempts it took. A writer adds and removes a rule of its own by turns, so that
// the profile does not grow with the number of edits.
func contend(b *testing.B, stores []*store.Store, name string, edits int) (attempts int) {
	b.Helper()
	var wg sync.WaitGroup
	results := make(chan int, edits)
	for writer, s := range stores {
		rule := benchRule(b, 10_000+writer)
		wg.Go(func() {
			for i := range edits / len(stores) {
				result, err := s.Edit(context.Background(), name, func(p *store.Profile) error {
					if i%2 == 0 {
						return store.AppendRule(p, rules.Inbound, rule)
					}
					store.RemoveRule(p, rules.Inbound, rule)
					return nil
				})
				if err != nil || !result.Changed {
					b.Error(result.Changed, err)
				}
				results <- result.Attempts
			}
		})
	}
	wg.Wait()
	close(results)
	for n := range results {
		attempts += n
	}
	return attempts
}

// wantEdits checks that a profile was written so often after it was made.
func (w *benchWorld) wantEdits(name string, edits int) {
	w.b.Helper()
	answer, err := w.client.Get(context.Background(), prefix+name)
	if err != nil {
		w.b.Fatal(err)
	}
	if got := int(answer.Kvs[0].Version) - 1; got != edits {
		w.b.Fatalf("%d of %d edits have landed", got, edits)
	}
}
