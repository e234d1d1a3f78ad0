package ipam_test

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"math/rand/v2"
	"net/netip"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/anishathalye/porcupine"

	"github.com/calicoctl/calicoctl/internal/ipam"
	"github.com/calicoctl/calicoctl/internal/kv"
	"github.com/calicoctl/calicoctl/internal/testkit/etcdtest"
)

var modelSteps = flag.Int("ipam.steps", 60, "how many steps each client of the model test makes")

// An input is what a client of the model test did with one address: it assigned
// it, or released it.
type input struct {
	addr   netip.Addr
	assign bool
}

// output is how that ended.
type output struct {
	found   bool // a release found the address assigned
	unknown bool // it may or may not have happened, now or later
}

// holding is the model: an address is assigned or not.
func holding() porcupine.Model {
	model := porcupine.NondeterministicModel{
		Partition: func(history []porcupine.Operation) [][]porcupine.Operation {
			parts := map[netip.Addr][]porcupine.Operation{}
			for _, op := range history {
				addr := op.Input.(input).addr
				parts[addr] = append(parts[addr], op)
			}
			var all [][]porcupine.Operation
			for _, part := range parts {
				all = append(all, part)
			}
			return all
		},
		Init: func() []any { return []any{false} },
		Step: func(state, in, out any) []any {
			held, i, o := state.(bool), in.(input), out.(output)
			switch {
			case i.assign && !held:
				return []any{true}
			case i.assign:
				return nil
			case o.unknown && held:
				return []any{false, true}
			case o.unknown:
				return []any{held}
			case o.found == held:
				return []any{false}
			}
			return nil
		},
	}
	return model.ToModel()
}

// A player makes random steps as one process of a node.
type player struct {
	*world
	a       *ipam.Allocator
	seed    uint64
	start   time.Time
	id      int
	held    []netip.Addr
	history []porcupine.Operation
}

// play assigns and releases. Now and then a step is cut off in the middle, as
// when the process is killed: then nobody knows the address.
func (p *player) play(steps int) error {
	random := rand.New(rand.NewPCG(p.seed, uint64(p.id)))
	for range steps {
		ctx, cancel := context.WithTimeout(p.ctx, 20*time.Second)
		if random.IntN(6) == 0 {
			ctx, cancel = context.WithTimeout(p.ctx, time.Duration(random.IntN(4000))*time.Microsecond)
		}
		err := p.step(ctx, random)
		cancel()
		if err != nil {
			return err
		}
	}
	return nil
}

func (p *player) step(ctx context.Context, random *rand.Rand) error {
	called := time.Since(p.start).Nanoseconds()
	var in input
	var out output
	if len(p.held) == 0 || random.IntN(2) == 0 {
		got, err := p.a.Assign(ctx, ipam.Request{Version: 4})
		if err != nil {
			return expected(ctx, err)
		}
		p.held, in = append(p.held, got.Addr), input{got.Addr, true}
	} else {
		at := random.IntN(len(p.held))
		in.addr = p.held[at]
		p.held = slices.Delete(p.held, at, at+1)
		found, err := p.a.Release(ctx, in.addr, nil)
		if out = (output{found: found, unknown: err != nil}); err != nil && expected(ctx, err) != nil {
			return err
		}
	}
	returned := time.Since(p.start).Nanoseconds()
	if out.unknown {
		returned = int64(time.Hour)
	}
	p.history = append(p.history, porcupine.Operation{ClientId: p.id, Input: in, Call: called, Output: out, Return: returned})
	return nil
}

// expected returns nil for an error that a step may have.
func expected(ctx context.Context, err error) error {
	if errors.Is(err, ipam.ErrFull) || ctx.Err() != nil {
		return nil
	}
	return err
}

// TestModel lets four processes of two nodes assign and release in a pool that is
// too small, with lost answers and processes that are killed, so that blocks are
// claimed, emptied and taken over. The history has to be linearizable, and what
// is in etcd has to be what the history leaves, but for the addresses of those
// that were killed, which can be found and released.
func TestModel(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.pool("p", "10.1.0.0/27", `,"blockSize":30`)
	w.put("/calico/ipam/v2/config", `{"auto_allocate_blocks":true,"maxBlocksPerHost":6}`)
	between := &etcdtest.Interposer{After: func(_ context.Context, method string, number int) error {
		if method == etcdtest.Commit && number%13 == 0 {
			return etcdtest.ErrLost()
		}
		return nil
	}}
	if err := between.Start(w.endpoint); err != nil {
		t.Fatal(err)
	}
	defer between.Close()
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	var players []*player
	for id := range 4 {
		a := ipam.New(kv.New(w.dial(between.Endpoint())), fmt.Sprintf("h%d", id%2))
		a.Now = func() time.Time { return w.now.Add(time.Since(w.now) * 1000) } // a minute in 60 ms
		players = append(players, &player{world: w, a: a, seed: seed, start: time.Now(), id: id})
	}
	w.now = time.Now()
	var group sync.WaitGroup
	for _, p := range players {
		group.Go(func() {
			if err := p.play(*modelSteps); err != nil {
				t.Error(err)
			}
		})
	}
	group.Wait()
	var history []porcupine.Operation
	for _, p := range players {
		history = append(history, p.history...)
	}
	if result := porcupine.CheckOperationsTimeout(holding(), withLeaks(history, w.leaked(players)), 30*time.Second); result != porcupine.Ok {
		t.Errorf("the history is not linearizable: %v", result)
	}
	w.check()
	t.Logf("%d operations, %d transactions", len(history), between.Count(etcdtest.Commit))
}

// leaked releases and returns the addresses that no player knows, and makes sure
// that those that a player holds are assigned to its node.
func (w *world) leaked(players []*player) []netip.Addr {
	w.Helper()
	assigned := w.check()
	for _, p := range players {
		for _, addr := range p.held {
			if assigned[addr] != p.a.Node {
				w.Errorf("%s of %s is assigned to %q", addr, p.a.Node, assigned[addr])
			}
			delete(assigned, addr)
		}
	}
	var leaked []netip.Addr
	for addr, node := range assigned {
		leaked = append(leaked, addr)
		w.release(w.node(node), addr, true)
	}
	return leaked
}

// withLeaks leaves out the histories of addresses that a killed process touched:
// how often it assigned one nobody knows.
func withLeaks(history []porcupine.Operation, leaked []netip.Addr) []porcupine.Operation {
	unclear := map[netip.Addr]bool{}
	for _, addr := range leaked {
		unclear[addr] = true
	}
	return slices.DeleteFunc(history, func(op porcupine.Operation) bool { return unclear[op.Input.(input).addr] })
}
