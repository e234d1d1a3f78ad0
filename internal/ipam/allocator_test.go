package ipam_test

import (
	"context"
	"errors"
	"net/netip"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/calicoctl/calicoctl/internal/ipam"
	"github.com/calicoctl/calicoctl/internal/kv"
	"github.com/calicoctl/calicoctl/internal/testkit/dnstest"
	"github.com/calicoctl/calicoctl/internal/testkit/etcdtest"
)

func TestMain(m *testing.M) {
	stop, err := dnstest.Serve()
	if err != nil {
		panic(err)
	}
	code := m.Run()
	stop()
	os.Exit(code)
}

func TestAssignAndRelease(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.pool("p4", "10.233.64.0/24", "")
	w.pool("p6", "fd80:24e2:f998:72d6::/64", "")
	h1 := w.node("h1")
	first := w.assign(h1, ipam.Request{Owner: map[string]string{ipam.OwnerEngine: "E1"}})
	second := w.assign(h1, ipam.Request{})
	six := w.assign(h1, ipam.Request{Version: 6})
	if first == second || !netip.MustParsePrefix("10.233.64.0/24").Contains(first) || !netip.MustParsePrefix("fd80:24e2:f998:72d6::/64").Contains(six) {
		t.Fatalf("got %s, %s, %s", first, second, six)
	}
	if got := w.check(); len(got) != 3 || got[first] != "h1" {
		t.Errorf("assigned %v", got)
	}
	all, bad, err := h1.Assigned(w.ctx)
	if err != nil || len(bad) > 0 || len(all) != 3 || all[0].Owner[ipam.OwnerEngine]+all[1].Owner[ipam.OwnerEngine] != "E1" {
		t.Errorf("%v, %v, %v", all, bad, err)
	}
	w.release(h1, first, true)
	w.release(h1, first, false)
	w.release(w.node("h2"), second, false) // another node's
	if kept, err := h1.Release(w.ctx, second, func(ipam.Assigned) bool { return false }); kept || err != nil {
		t.Errorf("%v, %v", kept, err)
	}
	if third := w.assign(h1, ipam.Request{}); third == first || third == second {
		t.Errorf("%s was assigned again at once", third)
	}
	w.check()
}

func TestPoolsAreHonoured(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	h1 := w.node("h1")
	refused := func(r ipam.Request, kind error, want string) {
		t.Helper()
		if r.Version == 0 {
			r.Version = 4
		}
		_, err := h1.Assign(w.ctx, r)
		if !errors.Is(err, kind) || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, want %q", err, want)
		}
	}
	refused(ipam.Request{}, ipam.ErrNoPool, `Calico has no IPv4 pool; make one with "calico-docker init --pool 10.233.64.0/18"`)
	w.pool("off", "10.1.0.0/24", `,"disabled":true`)
	w.pool("rack", "10.2.0.0/24", `,"nodeSelector":"rack == 'a'"`)
	w.pool("asked", "10.3.0.0/24", `,"assignmentMode":"Manual"`)
	refused(ipam.Request{}, ipam.ErrNoPool, "off (10.1.0.0/24): it is disabled; rack (10.2.0.0/24): its nodeSelector")
	refused(ipam.Request{Subnet: netip.MustParsePrefix("10.9.0.0/24")}, ipam.ErrNoPool, "no Calico IP pool holds the subnet 10.9.0.0/24; make one")
	in := netip.MustParsePrefix("10.3.0.128/28")
	w.put(resources+"ipreservations/r", `{"spec":{"reservedCIDRs":["10.3.0.128/29"]}}`)
	if got := w.assign(h1, ipam.Request{Subnet: in}); got.String() != "10.3.0.136" {
		t.Errorf("got %s", got)
	}
	asked := netip.MustParseAddr("10.3.0.140")
	if got := w.assign(h1, ipam.Request{Subnet: in, Addr: asked}); got != asked {
		t.Errorf("got %s", got)
	}
	refused(ipam.Request{Subnet: in, Addr: asked}, ipam.ErrInUse, "10.3.0.140 cannot be assigned: it is in use")
	refused(ipam.Request{Subnet: in, Addr: netip.MustParseAddr("10.3.0.129")}, ipam.ErrInUse, "an IPReservation holds it")
	refused(ipam.Request{Subnet: in, Addr: netip.MustParseAddr("10.3.0.10")}, ipam.ErrInUse, "it is not in the subnet 10.3.0.128/28")
	if _, err := w.node("h2").Assign(w.ctx, ipam.Request{Version: 4, Subnet: in, Addr: netip.MustParseAddr("10.3.0.141")}); !errors.Is(err, ipam.ErrInUse) ||
		!strings.Contains(err.Error(), "in a block of host:h1") {
		t.Errorf("got %v", err)
	}
	w.put(resources+"nodes/h1", `{"metadata":{"labels":{"rack":"a"}}}`)
	if got := w.assign(h1, ipam.Request{}); !netip.MustParsePrefix("10.2.0.0/24").Contains(got) {
		t.Errorf("got %s", got)
	}
	w.check()
}

func TestExhaustion(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.pool("small", "10.1.0.0/29", `,"blockSize":30`)
	h1, h2 := w.node("h1"), w.node("h2")
	var all []netip.Addr
	for range 8 {
		all = append(all, w.assign(h1, ipam.Request{}))
	}
	_, err := h1.Assign(w.ctx, ipam.Request{Version: 4})
	if want := "no address is left for node h1 in the IP pools: small (10.1.0.0/29)"; !errors.Is(err, ipam.ErrFull) || err.Error() != want {
		t.Errorf("got %v", err)
	}
	for _, addr := range all[4:] {
		w.release(h1, addr, true)
	}
	if _, err := h2.Assign(w.ctx, ipam.Request{Version: 4}); !errors.Is(err, ipam.ErrFull) {
		t.Errorf("a block was taken over at once: %v", err)
	}
	w.now = w.now.Add(2 * time.Minute)
	taken := w.assign(h2, ipam.Request{})
	w.assign(h2, ipam.Request{})
	if got := w.check(); got[taken] != "h2" {
		t.Errorf("assigned %v", got)
	}
	if w.get("/calico/ipam/v2/host/h1/ipv4/block/"+inKey(taken, 30)) != "" {
		t.Error("the old affinity is still there")
	}
}

func inKey(addr netip.Addr, bits int) string {
	p, _ := addr.Prefix(bits)
	return strings.Replace(p.String(), "/", "-", 1)
}

func TestSettingsAreHonoured(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.pool("p", "10.1.0.0/24", `,"blockSize":30`)
	w.put("/calico/ipam/v2/config", `{"strict_affinity":true,"auto_allocate_blocks":true,"maxBlocksPerHost":1,"ipCooldownSeconds":60}`)
	h1 := w.node("h1")
	var last netip.Addr
	for range 4 {
		last = w.assign(h1, ipam.Request{})
	}
	_, err := h1.Assign(w.ctx, ipam.Request{Version: 4})
	if !errors.Is(err, ipam.ErrFull) || !strings.Contains(err.Error(), "the node has 1 blocks and may not claim more (maxBlocksPerHost)") {
		t.Errorf("got %v", err)
	}
	w.release(h1, last, true)
	w.release(h1, last, false)
	if _, err := h1.Assign(w.ctx, ipam.Request{Version: 4}); !errors.Is(err, ipam.ErrFull) {
		t.Errorf("an address that cools down was assigned: %v", err)
	}
	if _, err := h1.Assign(w.ctx, ipam.Request{Version: 4, Addr: last}); !errors.Is(err, ipam.ErrInUse) || !strings.Contains(err.Error(), "less than 60 s ago") {
		t.Errorf("got %v", err)
	}
	w.now = w.now.Add(61 * time.Second)
	if got := w.assign(h1, ipam.Request{}); got != last {
		t.Errorf("got %s, want %s", got, last)
	}
	w.put("/calico/ipam/v2/config", `{"strict_affinity":true}`)
	if _, err := w.node("h2").Assign(w.ctx, ipam.Request{Version: 4}); !errors.Is(err, ipam.ErrFull) || !strings.Contains(err.Error(), "auto_allocate_blocks is false") {
		t.Errorf("got %v", err)
	}
	w.check()
}

func TestUnconfirmedAffinityIsConfirmed(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.pool("p", "10.1.0.0/24", "")
	addr := w.assign(w.node("h1"), ipam.Request{})
	key := "/calico/ipam/v2/host/h1/ipv4/block/" + inKey(addr, 26)
	w.put(key, `{"state":"pendingDeletion","deleted":false}`)
	w.assign(w.node("h1"), ipam.Request{})
	w.check() // every block has a confirmed affinity
}

func TestMalformedBlockIsLeftAlone(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.pool("p", "10.1.0.0/24", "")
	addr := w.assign(w.node("h1"), ipam.Request{})
	key := "/calico/ipam/v2/assignment/ipv4/block/" + inKey(addr, 26)
	w.put(key, `{"cidr":"10.1.0.0/26"}`)
	if _, err := w.node("h1").Assign(w.ctx, ipam.Request{Version: 4}); !errors.Is(err, ipam.ErrMalformed) || !strings.Contains(err.Error(), key) {
		t.Errorf("got %v", err)
	}
	if _, err := w.node("h1").Release(w.ctx, addr, nil); !errors.Is(err, ipam.ErrMalformed) {
		t.Errorf("got %v", err)
	}
}

// TestLostAnswers loses the answer to each transaction in turn, after etcd has
// carried it out: each address is assigned and released once.
func TestLostAnswers(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.pool("p", "10.1.0.0/24", "")
	for lost := 1; lost <= 9; lost++ {
		var once sync.Once
		between := &etcdtest.Interposer{After: func(_ context.Context, method string, number int) error {
			var err error
			if method == etcdtest.Commit && number == lost {
				once.Do(func() { err = etcdtest.ErrLost() })
			}
			return err
		}}
		if err := between.Start(w.endpoint); err != nil {
			t.Fatal(err)
		}
		a := ipam.New(kv.New(w.dial(between.Endpoint())), "h1")
		addr := w.assign(a, ipam.Request{})
		if got := w.check(); len(got) != 1 || got[addr] != "h1" {
			t.Errorf("answer %d lost: assigned %v", lost, got)
		}
		w.release(a, addr, true)
		if got := w.check(); len(got) != 0 {
			t.Errorf("answer %d lost: still assigned %v", lost, got)
		}
		if between.Count(etcdtest.Commit) < lost {
			t.Logf("answer %d: there were only %d", lost, between.Count(etcdtest.Commit))
		}
		_ = between.Close()
	}
}

// TestManyAtOnce assigns and releases many addresses of one block at once. No request
// loses a race against another one of the same allocator, so that none is starved.
func TestManyAtOnce(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.pool("p", "10.1.0.0/26", "")
	between := &etcdtest.Interposer{}
	if err := between.Start(w.endpoint); err != nil {
		t.Fatal(err)
	}
	defer between.Close()
	a := ipam.New(kv.New(w.dial(between.Endpoint())), "h1")
	w.assign(a, ipam.Request{}) // claims the block
	before := between.Count(etcdtest.Commit)
	w.release(a, w.assign(a, ipam.Request{}), true)
	one := between.Count(etcdtest.Commit) - before
	const many = 50
	addresses := make([]netip.Addr, many)
	var group sync.WaitGroup
	for i := range many {
		group.Go(func() { addresses[i] = w.assign(a, ipam.Request{}) })
	}
	group.Wait()
	for _, addr := range addresses {
		group.Go(func() { w.release(a, addr, true) })
	}
	group.Wait()
	if got := between.Count(etcdtest.Commit) - before - one; got > many*one {
		t.Errorf("%d transactions, %d for one address", got, one)
	}
	if got := w.check(); len(got) != 1 {
		t.Errorf("assigned %v", got)
	}
}
