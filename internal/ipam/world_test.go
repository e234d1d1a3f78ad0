package ipam_test

import (
	"context"
	"encoding/json"
	"fmt"
	"net/netip"
	"strings"
	"testing"
	"time"

	clientv3 "go.etcd.io/etcd/client/v3"
	"go.uber.org/zap"

	"github.com/calicoctl/calicoctl/internal/ipam"
	"github.com/calicoctl/calicoctl/internal/kv"
	"github.com/calicoctl/calicoctl/internal/testkit/embedetcd"
)

const resources = "/calico/resources/v3/projectcalico.org/"

// A world is an etcd with allocators of several nodes.
type world struct {
	*testing.T
	ctx      context.Context
	client   *clientv3.Client
	endpoint string
	now      time.Time
}

func newWorld(t *testing.T) *world {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	t.Cleanup(cancel)
	server, err := embedetcd.Start(ctx, embedetcd.Options{Fast: true})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = server.Close() })
	w := &world{T: t, ctx: ctx, endpoint: server.Endpoint(), now: time.Date(2026, 11, 28, 8, 0, 0, 0, time.UTC)}
	w.client = w.dial(w.endpoint)
	return w
}

func (w *world) dial(endpoint string) *clientv3.Client {
	w.Helper()
	client, err := clientv3.New(clientv3.Config{Endpoints: []string{endpoint}, Logger: zap.NewNop()})
	if err != nil {
		w.Fatal(err)
	}
	w.Cleanup(func() { _ = client.Close() })
	return client
}

func (w *world) put(key, value string) {
	w.Helper()
	if _, err := w.client.Put(w.ctx, key, value); err != nil {
		w.Fatal(err)
	}
}

func (w *world) get(key string) string {
	w.Helper()
	answer, err := w.client.Get(w.ctx, key)
	if err != nil {
		w.Fatal(err)
	}
	if len(answer.Kvs) == 0 {
		return ""
	}
	return string(answer.Kvs[0].Value)
}

// pool makes an IP pool; more is added to its spec.
func (w *world) pool(name, cidr, more string) {
	w.Helper()
	w.put(resources+"ippools/"+name, fmt.Sprintf(`{"metadata":{"name":%q},"spec":{"cidr":%q%s}}`, name, cidr, more))
}

// node returns an allocator with the time of the world.
func (w *world) node(name string) *ipam.Allocator {
	a := ipam.New(kv.New(w.client), name)
	a.Now = func() time.Time { return w.now }
	return a
}

func (w *world) assign(a *ipam.Allocator, r ipam.Request) netip.Addr {
	w.Helper()
	if r.Version == 0 {
		r.Version = 4
	}
	got, err := a.Assign(w.ctx, r)
	if err != nil {
		w.Fatal(err)
	}
	return got.Addr
}

func (w *world) release(a *ipam.Allocator, addr netip.Addr, want bool) {
	w.Helper()
	if got, err := a.Release(w.ctx, addr, nil); err != nil || got != want {
		w.Fatalf("release of %s: %v, %v, want %v", addr, got, err, want)
	}
}

// check looks at all of IPAM: every block is valid, every address has a handle
// that counts right, every affinity has its block. It returns the node of each
// address.
func (w *world) check() map[netip.Addr]string {
	w.Helper()
	answer, err := w.client.Get(w.ctx, "/calico/ipam/v2/", clientv3.WithPrefix())
	if err != nil {
		w.Fatal(err)
	}
	found := map[netip.Addr]string{}
	counted, handles := map[string]int{}, map[string]int{}
	for _, each := range answer.Kvs {
		key := string(each.Key)
		switch {
		case strings.Contains(key, "/assignment/"):
			b, err := ipam.DecodeBlock(each.Value)
			if err != nil {
				w.Errorf("%s: %v\n%s", key, err, each.Value)
				continue
			}
			for _, a := range b.Assigned() {
				if found[a.Addr] != "" {
					w.Errorf("%s is assigned twice", a.Addr)
				}
				found[a.Addr] = a.Owner[ipam.OwnerNode]
				counted[a.Handle+" "+b.CIDR.String()]++
			}
			node, _ := strings.CutPrefix(b.Affinity, "host:")
			affinity := strings.Replace(key, "assignment", "host/"+node, 1)
			if node != "" && w.get(affinity) != `{"state":"confirmed","deleted":false}` {
				w.Errorf("%s: affinity %s is %q", key, affinity, w.get(affinity))
			}
		case strings.Contains(key, "/handle/"):
			var h struct{ Block map[string]int }
			if err := json.Unmarshal(each.Value, &h); err != nil || len(h.Block) == 0 {
				w.Errorf("%s: %v %s", key, err, each.Value)
			}
			for block, n := range h.Block {
				handles[strings.TrimPrefix(key, "/calico/ipam/v2/handle/")+" "+block] = n
			}
		}
	}
	if fmt.Sprint(counted) != fmt.Sprint(handles) {
		w.Errorf("handles count\n%v\nblocks hold\n%v", handles, counted)
	}
	return found
}
