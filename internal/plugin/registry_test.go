//go:build linux

package plugin

import (
	"context"
	"errors"
	"net/netip"
	"strings"
	"testing"
	"time"

	"go.etcd.io/etcd/client/v3"

	"github.com/calicoctl/calicoctl/internal/endpoint"
	"github.com/calicoctl/calicoctl/internal/kv"
)

// A hung is an etcd that does not answer.
type hung struct{}

func (hung) Txn(ctx context.Context) clientv3.Txn { return hungTxn{ctx} }

type hungTxn struct{ ctx context.Context }

func (t hungTxn) If(...clientv3.Cmp) clientv3.Txn  { return t }
func (t hungTxn) Then(...clientv3.Op) clientv3.Txn { return t }
func (t hungTxn) Else(...clientv3.Op) clientv3.Txn { return t }
func (t hungTxn) Commit() (*clientv3.TxnResponse, error) {
	<-t.ctx.Done()
	return nil, t.ctx.Err()
}

func TestRegistry(t *testing.T) {
	t.Parallel()
	r := newRegistry(nil, "h1")
	r.byIP = map[netip.Addr]string{}
	a, b := netip.MustParseAddr("10.0.0.1"), netip.MustParseAddr("10.0.0.2")
	r.assigned(a)
	no := func(netip.Addr) (bool, error) { return false, nil }
	yes := func(netip.Addr) (bool, error) { return true, nil }
	for range 2 { // as Docker may repeat it
		if err := r.take(t.Context(), "e1", []netip.Addr{a}, no); err != nil {
			t.Fatal(err)
		}
	}
	if err := r.take(t.Context(), "e2", []netip.Addr{a}, yes); err == nil || !strings.Contains(err.Error(), "endpoint e1 has the address 10.0.0.1 already") {
		t.Errorf("got %v", err)
	}
	if err := r.take(t.Context(), "e2", []netip.Addr{b}, no); err == nil || !strings.Contains(err.Error(), "10.0.0.2 is not assigned to this node") {
		t.Errorf("got %v", err)
	}
	if owner, err := r.release(t.Context(), a, func() error { t.Error("released"); return nil }); owner != "e1" || err != nil {
		t.Errorf("%q, %v", owner, err)
	}
	r.forget("e1")
	if owner, err := r.release(t.Context(), a, func() error {
		if err := r.take(t.Context(), "e3", []netip.Addr{a}, yes); err == nil || !strings.Contains(err.Error(), "is being released") {
			t.Errorf("got %v", err)
		}
		return nil
	}); owner != "" || err != nil {
		t.Errorf("%q, %v", owner, err)
	}
	if err := r.take(t.Context(), "e3", []netip.Addr{a}, no); err == nil { // it has to be assigned anew
		t.Error("a released address was taken")
	}
}

// TestRegistryDoesNotQueue lets many requests wait for an etcd that hangs: each ends
// at its own time.
func TestRegistryDoesNotQueue(t *testing.T) {
	t.Parallel()
	r := newRegistry(endpoint.New(kv.New(hung{})), "h1")
	start := time.Now()
	ended := make(chan error)
	for range 30 {
		go func() {
			ctx, cancel := context.WithTimeout(t.Context(), 200*time.Millisecond)
			defer cancel()
			_, err := r.release(ctx, netip.MustParseAddr("10.0.0.1"), func() error { return nil })
			ended <- err
		}()
	}
	for range 30 {
		if err := <-ended; !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("got %v", err)
		}
	}
	if took := time.Since(start); took > 3*time.Second {
		t.Errorf("it took %s", took)
	}
}
