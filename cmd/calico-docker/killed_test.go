//go:build linux

package main

import (
	"context"
	"slices"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/docker/docker/api/types/container"
	"go.etcd.io/etcd/api/v3/etcdserverpb"
	"google.golang.org/grpc/encoding"
	"google.golang.org/grpc/encoding/proto"
	"google.golang.org/grpc/mem"

	"github.com/calicoctl/calicoctl/internal/testkit/etcdtest"
)

// TestKilled kills the driver before each of its transactions, and after each that
// writes, while a network is created and removed, and while a container starts and
// ends. Whatever came of them, in the end exactly what Docker has is left.
func TestKilled(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.pool("default", "10.233.64.0/18", "")
	k := &killer{machine: w.newHost("h1"), died: make(chan struct{}, 1)}
	w.between.Before, w.between.After, w.between.Rewrite = k.hook(false), k.hook(true), noteWrites(&k.writes)
	k.mustNetwork("databases", nil)
	k.kill()
	k.startQuietDriver()
	k.eachStep(operation{"network", func() error {
		_, err := k.network("doomed", nil)
		return err
	}, func() error {
		return k.Docker.NetworkRemove(w.ctx, "doomed")
	}})
	id := ""
	k.eachStep(operation{"container", func() (err error) {
		id, err = k.run("", "databases", nil, "idle")
		return err
	}, func() error {
		return k.Docker.ContainerRemove(w.ctx, id, container.RemoveOptions{Force: true})
	}})
	if len(w.assigned()) == 0 {
		t.Error("no address was assigned in vain, so this test shows nothing")
	}
	k.kill()
	k.startDriver()
	k.mustRun("last", "databases", "idle")
	k.waitUntilExact()
}

// An operation of Docker's makes something and removes it.
type operation struct {
	name         string
	make, remove func() error
}

// A killer kills its driver at a transaction.
type killer struct {
	*machine
	left   atomic.Int64 // transactions until then; below 1: never
	after  atomic.Bool  // etcd has carried the transaction out
	writes atomic.Bool  // so does the latest transaction
	died   chan struct{}
}

func (k *killer) hook(isAfter bool) etcdtest.Hook {
	return func(_ context.Context, method string, _ int) error {
		if method != etcdtest.Commit || k.after.Load() != isAfter || isAfter && !k.writes.Load() || k.left.Add(-1) != 0 {
			return nil
		}
		k.kill()
		k.died <- struct{}{}
		return etcdtest.ErrLost()
	}
}

// noteWrites returns a function for [etcdtest.Interposer.Rewrite] that takes note of
// whether the latest transaction writes.
func noteWrites(writes *atomic.Bool) func(string, []byte) []byte {
	return func(method string, request []byte) []byte {
		var txn etcdserverpb.TxnRequest
		codec := encoding.GetCodecV2(proto.Name)
		if method == etcdtest.Commit && codec.Unmarshal(mem.BufferSlice{mem.SliceBuffer(request)}, &txn) == nil {
			writes.Store(slices.ContainsFunc(txn.Success, func(op *etcdserverpb.RequestOp) bool { return op.GetRequestRange() == nil }))
		}
		return request
	}
}

// startQuietDriver starts the driver and waits for its first round of the collector,
// which is the only one, so that all later transactions belong to requests.
func (k *killer) startQuietDriver() {
	k.w.Helper()
	k.startDriver("--collect-interval", "1h", "--log-level", "debug")
	k.waitFor("the round of the collector", func() bool {
		log := k.driver.Log()
		return strings.Contains(log, "round of the collector") || strings.Contains(log, "nothing was collected")
	})
}

// eachStep carries an operation out again and again, and kills the driver each time
// at another transaction, until there are no more.
func (k *killer) eachStep(o operation) {
	k.w.Helper()
	for _, isAfter := range []bool{false, true} {
		step := int64(1)
		for k.step(o, step, isAfter) && !(testing.Short() && step == 3) {
			step++
		}
		k.w.Logf("%s, after %v: %d steps", o.name, isAfter, step-1)
		if step < 3 {
			k.w.Error("there are more transactions than that")
		}
	}
}

// step kills the driver at one transaction of an operation, and reports whether it
// came to that.
//
// Docker repeats a request that it got no answer to, but has no content for it any
// more. That is the only error that there may be, and only of the part of the
// operation in which the driver was killed: the removal has none, as Docker ignores
// what the driver answers then.
func (k *killer) step(o operation, step int64, isAfter bool) (killed bool) {
	k.w.Helper()
	k.after.Store(isAfter)
	k.left.Store(step)
	var made, removed error
	var wasMade bool // before the driver was killed
	ended := make(chan struct{})
	isMade := make(chan struct{})
	go func() {
		defer close(ended)
		made = o.make()
		close(isMade)
		removed = o.remove()
	}()
	select {
	case <-k.died:
		killed = true
		select {
		case <-isMade:
			wasMade = true
		default:
		}
		k.startQuietDriver()
		<-ended
	case <-ended:
		k.left.Store(0)
	}
	if made != nil && (!killed || wasMade || !strings.Contains(made.Error(), "the driver ended during this request, and Docker has repeated it without its content; try again")) {
		k.w.Errorf("%s, step %d, after %v, killed %v: %v", o.name, step, isAfter, killed, made)
	}
	if removed != nil && !(made != nil && strings.Contains(removed.Error(), "not found")) {
		k.w.Errorf("%s, step %d, after %v, killed %v: removal: %v", o.name, step, isAfter, killed, removed)
	}
	return killed
}
