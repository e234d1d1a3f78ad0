package store_test

import (
	"context"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/calicoctl/calicoctl/pkg/profile"
	"github.com/calicoctl/calicoctl/pkg/rules"
	"github.com/calicoctl/calicoctl/pkg/store"
)

// BenchmarkContention lets writers with a connection each edit one profile at
// the same time. All edits land. It reports, of one round, the total time of the
// edits, how many times as long that is as one writer takes, the attempts for an
// edit, and the longest edit.
func BenchmarkContention(b *testing.B) {
	w := newBenchWorld(b)
	stores := make([]*store.Store, 64)
	for i := range stores {
		stores[i] = w.open()
	}
	alone := map[int]float64{} // ms, by the number of edits
	for _, writers := range []int{1, 8, 64} {
		for _, edits := range []int{64, 512} {
			b.Run(fmt.Sprintf("writers=%d/edits=%d", writers, edits), func(b *testing.B) {
				var all contest
				round := 0
				for b.Loop() {
					round++
					name := fmt.Sprintf("contended-%d-%d-%d-%d", writers, edits, b.N, round)
					w.putProfiles(name)
					all.add(contend(b, stores[:writers], name, edits))
					w.wantEdits(name, edits)
				}
				total := milliseconds(all.total) / float64(round)
				if writers == 1 {
					alone[edits] = total
				}
				b.ReportMetric(total, "ms/round")
				if one := alone[edits]; one > 0 {
					b.ReportMetric(total/one, "times-one-writer")
				}
				b.ReportMetric(float64(all.attempts)/float64(round*edits), "attempts/edit")
				b.ReportMetric(milliseconds(all.longest), "ms-longest-edit")
			})
		}
	}
}

func milliseconds(d time.Duration) float64 { return d.Seconds() * 1e3 }

// A contest is what the edits of several writers took.
type contest struct {
	total, longest time.Duration // of all together, and of one edit
	attempts       int
}

func (c *contest) add(other contest) {
	c.total += other.total
	c.longest = max(c.longest, other.longest)
	c.attempts += other.attempts
}

// contend makes the edits, the same number in each store. A writer adds and
// removes a rule of its own by turns, so that the profile does not grow with the
// number of edits.
func contend(t testing.TB, stores []*store.Store, name string, edits int) contest {
	t.Helper()
	var wg sync.WaitGroup
	results := make(chan contest, edits)
	start := time.Now()
	for writer, s := range stores {
		rule := benchRule(t, 10_000+writer)
		wg.Go(func() {
			for i := range edits / len(stores) {
				began := time.Now()
				result, err := s.Edit(context.Background(), name, func(p *profile.Profile) error {
					if i%2 == 0 {
						return profile.AppendRule(p, rules.Inbound, rule)
					}
					profile.RemoveRule(p, rules.Inbound, rule)
					return nil
				})
				if err != nil || !result.Changed {
					t.Error(result.Changed, err)
				}
				results <- contest{longest: time.Since(began), attempts: result.Attempts}
			}
		})
	}
	wg.Wait()
	all := contest{total: time.Since(start)}
	close(results)
	for one := range results {
		all.add(one)
	}
	return all
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
