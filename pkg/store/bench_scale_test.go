package store_test

import (
	"context"
	"errors"
	"fmt"
	"testing"

	"github.com/calicoctl/calicoctl/pkg/profile"
	"github.com/calicoctl/calicoctl/pkg/store"
)

// BenchmarkScale lists 10,000 profiles, and looks through 100,000 endpoints for
// those that have a profile.
func BenchmarkScale(b *testing.B) {
	w := newBenchWorld(b)
	names := make([]string, 10_000)
	for i := range names {
		names[i] = fmt.Sprintf("profile-%05d", i)
	}
	w.putProfiles(names...)
	const endpoints = 100_000
	for i := range endpoints {
		w.put(benchEndpoint(i, names[i%(len(names)-1)])) // the last profile is left out
	}
	w.put(benchEndpoint(endpoints, names[len(names)-1]))
	w.flush()
	s := w.open()
	b.Run("list=10000", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			benchList(b, s, len(names))
		}
	})
	b.Run("inuse=100000", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			benchInUse(b, s, names[len(names)-1])
		}
	})
}

func benchEndpoint(i int, profile string) (key, value string) {
	name := fmt.Sprintf("endpoint-%06d", i)
	return "/calico/resources/v3/projectcalico.org/workloadendpoints/libnetwork/" + name,
		fmt.Sprintf(`{"kind":"WorkloadEndpoint","apiVersion":"projectcalico.org/v3","metadata":{"name":%q,"namespace":"libnetwork"},`+
			`"spec":{"node":"host-%03d","orchestrator":"libnetwork","workload":"container-%06d","endpoint":%q,"interfaceName":"cali%06d",`+
			`"mac":"ee:ee:ee:ee:ee:ee","profiles":[%q],"ipNetworks":["10.%d.%d.%d/32"]}}`,
			name, i%500, i, name, i, profile, i>>16, i>>8&255, i&255)
}

func benchList(b *testing.B, s *store.Store, want int) {
	b.Helper()
	count := 0
	err := s.List(context.Background(), func(_ string, p *profile.Profile, err error) error {
		if err == nil && len(p.Inbound) == 2 {
			count++
		}
		return err
	})
	if err != nil || count != want {
		b.Fatal(count, err)
	}
}

// benchInUse is refused the removal of a profile that one endpoint has, the last
// that is looked at.
func benchInUse(b *testing.B, s *store.Store, name string) {
	b.Helper()
	_, err := s.Remove(context.Background(), store.Edit{
		Query: store.Query{Profiles: []string{name}, Lock: true},
		Pick:  func(snap *store.Snapshot) (*profile.Profile, error) { return snap.Profile(name) },
	}, false)
	var used *store.InUseError
	if !errors.As(err, &used) || used.Total != 1 {
		b.Fatal(err)
	}
}
