package endpoint_test

import (
	"context"
	"encoding/json"
	"errors"
	"net/netip"
	"strings"
	"testing"
	"time"

	clientv3 "go.etcd.io/etcd/client/v3"
	"go.uber.org/zap"

	"github.com/calicoctl/calicoctl/internal/endpoint"
	"github.com/calicoctl/calicoctl/internal/kv"
	"github.com/calicoctl/calicoctl/internal/testkit/embedetcd"
	"github.com/calicoctl/calicoctl/internal/testkit/etcdtest"
)

const v3 = "/calico/resources/v3/projectcalico.org/"

func example() endpoint.Endpoint {
	return endpoint.Endpoint{
		ID: "e1", Node: "h-1", Engine: "A:B", Network: "n1", Profile: "web", Interface: "cali1", MAC: "02:00:00:00:00:01",
		Addresses: []netip.Addr{netip.MustParseAddr("10.233.64.128"), netip.MustParseAddr("fd80::1")},
	}
}

func newStore(t *testing.T) (context.Context, *endpoint.Store, *clientv3.Client, string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	t.Cleanup(cancel)
	server, err := embedetcd.Start(ctx, embedetcd.Options{Fast: true})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = server.Close() })
	client := dial(t, server.Endpoint())
	return ctx, endpoint.New(kv.New(client)), client, server.Endpoint()
}

func dial(t *testing.T, url string) *clientv3.Client {
	t.Helper()
	client, err := clientv3.New(clientv3.Config{Endpoints: []string{url}, Logger: zap.NewNop()})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = client.Close() })
	return client
}

func put(t *testing.T, client *clientv3.Client, key, value string) {
	t.Helper()
	if _, err := client.Put(t.Context(), key, value); err != nil {
		t.Fatal(err)
	}
}

func allow([][]byte) error { return nil }

func TestPut(t *testing.T) {
	t.Parallel()
	ctx, store, client, _ := newStore(t)
	if err := store.Put(ctx, example(), nil, allow); !errors.Is(err, endpoint.ErrNoProfile) || !strings.Contains(err.Error(), `"calicoctl profile web undo"`) {
		t.Errorf("got %v", err)
	}
	put(t, client, v3+"profiles/web", "{}")
	put(t, client, v3+"clusterinformations/default", `{"spec":{"datastoreReady":false}}`)
	if err := store.Put(ctx, example(), nil, allow); !errors.Is(err, endpoint.ErrLocked) {
		t.Errorf("got %v", err)
	}
	put(t, client, v3+"clusterinformations/default", `{"spec":{"datastoreReady":true}}`)
	put(t, client, "/asked", "value")
	no := errors.New("no")
	if err := store.Put(ctx, example(), []string{"/asked", "/missing"}, func(values [][]byte) error {
		if string(values[0]) != "value" || values[1] != nil {
			t.Errorf("values %q", values)
		}
		return no
	}); !errors.Is(err, no) {
		t.Errorf("got %v", err)
	}
	for range 2 { // the second finds the first
		if err := store.Put(ctx, example(), nil, allow); err != nil {
			t.Fatal(err)
		}
	}
	other := example()
	other.Addresses = other.Addresses[:1]
	if err := store.Put(ctx, other, nil, allow); !errors.Is(err, endpoint.ErrTaken) {
		t.Errorf("got %v", err)
	}
	key := v3 + "workloadendpoints/libnetwork/h--1-libnetwork-libnetwork-e1"
	answer, err := client.Get(ctx, key)
	if err != nil || answer.Count != 1 {
		t.Fatalf("%v, %v", answer, err)
	}
	want := `"spec":{"orchestrator":"libnetwork","workload":"libnetwork","node":"h-1","endpoint":"e1",` +
		`"ipNetworks":["10.233.64.128/32","fd80::1/128"],"profiles":["web"],"interfaceName":"cali1","mac":"02:00:00:00:00:01"}}`
	if !strings.HasSuffix(string(answer.Kvs[0].Value), want) {
		t.Errorf("got %s", answer.Kvs[0].Value)
	}
}

func TestNames(t *testing.T) {
	t.Parallel()
	ctx, store, client, _ := newStore(t)
	put(t, client, v3+"profiles/web", "{}")
	e := example()
	if err := store.SetNames(ctx, e); err != nil { // none is there
		t.Error(err)
	}
	if err := store.Put(ctx, e, nil, allow); err != nil {
		t.Fatal(err)
	}
	stored, err := client.Get(ctx, e.Key())
	if err != nil {
		t.Fatal(err)
	}
	put(t, client, e.Key(), strings.Replace(string(stored.Kvs[0].Value), `"spec":{`, `"spec":{"future":1.0,`, 1))
	e.Container, e.NetworkName, e.ContainerID = "db", "a network/with any name", "c1"
	if err := store.SetNames(ctx, e); err != nil {
		t.Fatal(err)
	}
	got, err := client.Get(ctx, e.Key())
	if err != nil {
		t.Fatal(err)
	}
	var d struct {
		Metadata struct{ Labels, Annotations map[string]string }
		Spec     map[string]any
	}
	if err := json.Unmarshal(got.Kvs[0].Value, &d); err != nil {
		t.Fatal(err)
	}
	if d.Metadata.Labels["docker/container"] != "db" || d.Metadata.Labels["docker/network"] != "" ||
		d.Metadata.Annotations["docker/network-name"] != "a network/with any name" || d.Spec["containerID"] != "c1" ||
		!strings.Contains(string(got.Kvs[0].Value), `"future":1.0`) {
		t.Errorf("got %s", got.Kvs[0].Value)
	}
	found, ok, err := store.Get(ctx, e.Node, e.ID)
	if err != nil || !ok || found.Container != "db" || found.Engine != "A:B" || found.Network != "n1" || len(found.Addresses) != 2 {
		t.Errorf("%+v, %v, %v", found, ok, err)
	}
	all, bad, err := store.OfNode(ctx, e.Node)
	if err != nil || len(all) != 1 || len(bad) != 0 {
		t.Errorf("%v, %v, %v", all, bad, err)
	}
	if all, _, _ := store.OfNode(ctx, "h"); len(all) != 0 {
		t.Errorf("another node has %v", all)
	}
	for range 2 {
		if err := store.Delete(ctx, e.Node, e.ID); err != nil {
			t.Fatal(err)
		}
	}
	if _, ok, err := store.Get(ctx, e.Node, e.ID); ok || err != nil {
		t.Errorf("%v, %v", ok, err)
	}
}

func TestManyAndMalformed(t *testing.T) {
	t.Parallel()
	ctx, store, client, _ := newStore(t)
	put(t, client, v3+"profiles/web", "{}")
	e := example()
	for i := range 3 {
		e.ID = string(rune('a' + i))
		if err := store.Put(ctx, e, nil, allow); err != nil {
			t.Fatal(err)
		}
	}
	put(t, client, e.Key(), "no JSON")
	all, bad, err := store.OfNode(ctx, e.Node)
	if err != nil || len(all) != 2 || len(bad) != 1 || !errors.Is(bad[0], endpoint.ErrMalformed) || !strings.Contains(bad[0].Error(), e.Key()) {
		t.Errorf("%v, %v, %v", all, bad, err)
	}
	if _, _, err := store.Get(ctx, e.Node, e.ID); !errors.Is(err, endpoint.ErrMalformed) {
		t.Errorf("got %v", err)
	}
}

// TestLostAnswers loses the answer to each transaction in turn.
func TestLostAnswers(t *testing.T) {
	t.Parallel()
	ctx, _, client, url := newStore(t)
	put(t, client, v3+"profiles/web", "{}")
	for lost := 1; lost <= 5; lost++ {
		between := &etcdtest.Interposer{After: func(_ context.Context, method string, number int) error {
			if method == etcdtest.Commit && number == lost {
				return etcdtest.ErrLost()
			}
			return nil
		}}
		if err := between.Start(url); err != nil {
			t.Fatal(err)
		}
		store, e := endpoint.New(kv.New(dial(t, between.Endpoint()))), example()
		if err := store.Put(ctx, e, nil, allow); err != nil {
			t.Errorf("answer %d lost: %v", lost, err)
		}
		e.Container = "db"
		if err := store.SetNames(ctx, e); err != nil {
			t.Errorf("answer %d lost: %v", lost, err)
		}
		if err := store.Delete(ctx, e.Node, e.ID); err != nil {
			t.Errorf("answer %d lost: %v", lost, err)
		}
		_ = between.Close()
	}
}
