package torture

import (
	"context"
	"slices"
	"testing"
	"time"

	"go.etcd.io/etcd/api/v3/etcdserverpb"
	"google.golang.org/grpc/encoding"
	"google.golang.org/grpc/encoding/proto"
	"google.golang.org/grpc/mem"

	"github.com/calicoctl/calicoctl/internal/testkit/etcdtest"
	"github.com/calicoctl/calicoctl/pkg/profile"
	"github.com/calicoctl/calicoctl/pkg/rules"
)

// The test of the test: stores that are broken on purpose must be found out.

// torment runs with a broken store, without faults, until it has been found out
// or has had every chance.
func torment(t *testing.T, cfg Config, want ...Fail) {
	t.Helper()
	cfg.Duration, cfg.Writers, cfg.Readers, cfg.Calm = 3*time.Second, 16, 4, true
	var missing []Fail
	for seed := range uint64(5) {
		cfg.Seed = seed + 1
		result, err := Run(t.Context(), cfg)
		if err != nil {
			t.Fatal(err)
		}
		missing = slices.DeleteFunc(slices.Clone(want), result.Has)
		if len(missing) == 0 {
			t.Log(result.anomalies())
			return
		}
		t.Log(result.Report())
	}
	t.Errorf("not found: %q", missing)
}

// withoutCompare takes the conditions out of every transaction that writes.
func withoutCompare(method string, request []byte) []byte {
	codec := encoding.GetCodecV2(proto.Name)
	var txn etcdserverpb.TxnRequest
	if method != etcdtest.Commit || codec.Unmarshal(mem.BufferSlice{mem.SliceBuffer(request)}, &txn) != nil {
		return request
	}
	if slices.ContainsFunc(txn.Success, func(op *etcdserverpb.RequestOp) bool { return op.GetRequestPut() != nil }) {
		txn.Compare = nil
	}
	stripped, err := codec.Marshal(&txn)
	if err != nil {
		return request
	}
	return stripped.Materialize()
}

// A write without a compare.
func TestWriteWithoutCompareIsFound(t *testing.T) {
	t.Parallel()
	between := func(endpoint string) (string, func(), error) {
		i := &etcdtest.Interposer{Rewrite: withoutCompare}
		err := i.Start(endpoint)
		return i.Endpoint(), func() { _ = i.Close() }, err
	}
	torment(t, Config{Between: between}, Lost, NotLinear)
}

// A lost answer, and a second sending without the compare.
func TestSecondSendingWithoutCompareIsFound(t *testing.T) {
	t.Parallel()
	between := func(endpoint string) (string, func(), error) {
		i := &etcdtest.Interposer{Rewrite: withoutCompare, After: func(_ context.Context, method string, number int) error {
			if method == etcdtest.Commit && number%5 == 0 {
				return etcdtest.ErrLost()
			}
			return nil
		}}
		err := i.Start(endpoint)
		return i.Endpoint(), func() { _ = i.Close() }, err
	}
	torment(t, Config{Between: between}, Twice, NotLinear)
}

// The interposer by itself does no harm.
func TestInterposerIsInnocent(t *testing.T) {
	t.Parallel()
	result, err := Run(t.Context(), Config{
		Seed: 1, Duration: time.Second, Writers: 16, Readers: 4, Calm: true,
		Between: func(endpoint string) (string, func(), error) {
			i := &etcdtest.Interposer{}
			err := i.Start(endpoint)
			return i.Endpoint(), func() { _ = i.Close() }, err
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	if len(result.Anomalies) > 0 {
		t.Error(result.Report())
	}
}

// A retried insert that trusts its old position.
func TestTrustInOldPositionIsFound(t *testing.T) {
	t.Parallel()
	insert := func(d rules.Direction, at int, r rules.Rule) func(*profile.Profile) error {
		first := true
		return func(p *profile.Profile) error {
			list := p.Rules(d)
			if first || at > len(*list)+1 || slices.ContainsFunc(*list, func(s rules.Stored) bool { return rules.Equal(s.Rule, r) }) {
				first = false
				return (&profile.Insertion{Direction: d, At: at}).Apply(p, r)
			}
			stored, err := rules.EncodeV3(r)
			*list = slices.Insert(slices.Clone(*list), at-1, stored)
			return err
		}
	}
	torment(t, Config{Insert: insert}, WrongEffect, NotLinear)
}

// A retried edit that writes what it made at first.
func TestTrustInFirstSightIsFound(t *testing.T) {
	t.Parallel()
	insert := func(d rules.Direction, at int, r rules.Rule) func(*profile.Profile) error {
		var made []rules.Stored
		return func(p *profile.Profile) error {
			list := p.Rules(d)
			if made != nil {
				*list = made
				return nil
			}
			if err := (&profile.Insertion{Direction: d, At: at}).Apply(p, r); err != nil {
				return err
			}
			made = *list
			return nil
		}
	}
	torment(t, Config{Insert: insert}, WrongEffect, NotLinear)
}
