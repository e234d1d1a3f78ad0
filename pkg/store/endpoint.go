package store

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"go.etcd.io/etcd/api/v3/mvccpb"
	clientv3 "go.etcd.io/etcd/client/v3"

	"github.com/calicoctl/calicoctl/internal/rawjson"
	"github.com/calicoctl/calicoctl/pkg/rules"
)

const (
	workloadPrefix = "/calico/resources/v3/projectcalico.org/workloadendpoints/"
	hostPrefix     = "/calico/resources/v3/projectcalico.org/hostendpoints/"
	hostPrefixV1   = "/calico/v1/host/"
)

// An Endpoint is a container, virtual machine or interface of a host, with the
// profiles that it has. What a layout does not tell is empty.
type Endpoint struct {
	Key          string // in etcd
	Layout       Layout
	Profiles     []string // IDs, in their order
	Host         string
	Orchestrator string
	Workload     string
	Name         string
	Addresses    []string
	State        string // of v1 only
}

// String names the endpoint for people, printable.
func (e Endpoint) String() string {
	parts := []string{}
	for _, p := range []string{e.Host, e.Orchestrator, e.Workload, e.Name} {
		if p != "" {
			parts = append(parts, p)
		}
	}
	if len(parts) == 0 { // it does not say
		parts = append(parts, keyTail(e.Key))
	}
	return rules.Printable(strings.Join(parts, "/"))
}

// keyTail returns what of an endpoint's key is its own.
func keyTail(key string) string {
	for _, prefix := range []string{workloadPrefix, hostPrefix, hostPrefixV1} {
		if tail, found := strings.CutPrefix(key, prefix); found {
			return tail
		}
	}
	return key
}

// EachEndpoint calls visit for every endpoint of both layouts, all as they were
// at one revision. One that cannot be understood comes as an error of the kind
// ErrDamaged. An error from visit ends the scan. Where the user may not read
// v1, there is none.
func (v *View) EachEndpoint(ctx context.Context, visit func(Endpoint, error) error) error {
	_, err := v.scanEndpoints(ctx, visit)
	return err
}

// scanEndpoints returns, beside what EachEndpoint does, the conditions that no
// endpoint was made or changed since. They hold for endpoints that are gone.
func (v *View) scanEndpoints(ctx context.Context, visit func(Endpoint, error) error) ([]clientv3.Cmp, error) {
	var conditions []clientv3.Cmp
	for _, part := range []struct {
		prefix string
		decode func(*mvccpb.KeyValue) (Endpoint, bool, error)
	}{
		{workloadPrefix, decodeWorkload},
		{hostPrefix, decodeHost},
		{hostPrefixV1, decodeEndpointV1},
	} {
		err := v.each(ctx, part.prefix, endpointPage, func(kv *mvccpb.KeyValue) error {
			e, is, err := part.decode(kv)
			if err != nil {
				err = &DamagedError{Layout: e.Layout, Key: e.Key, What: "endpoint " + rules.Printable(e.Key), Cause: err}
			}
			if !is && err == nil {
				return nil
			}
			return visit(e, err)
		})
		if errors.Is(err, ErrDenied) && part.prefix == hostPrefixV1 {
			continue
		}
		if err != nil {
			return nil, err
		}
		conditions = append(conditions,
			clientv3.Compare(clientv3.ModRevision(part.prefix), "<", v.revision+1).WithPrefix())
	}
	return conditions, nil
}

func decodeWorkload(kv *mvccpb.KeyValue) (Endpoint, bool, error) {
	var document struct {
		Spec struct {
			Profiles     []string `json:"profiles"`
			Node         string   `json:"node"`
			Orchestrator string   `json:"orchestrator"`
			Workload     string   `json:"workload"`
			Pod          string   `json:"pod"`
			ContainerID  string   `json:"containerID"`
			Endpoint     string   `json:"endpoint"`
			IPNetworks   []string `json:"ipNetworks"`
		} `json:"spec"`
	}
	err := json.Unmarshal(kv.Value, &document)
	s := document.Spec
	workload := s.Workload
	for _, other := range []string{s.Pod, s.ContainerID} {
		if workload == "" {
			workload = other
		}
	}
	e := Endpoint{
		Key: string(kv.Key), Layout: V3, Profiles: s.Profiles, Host: s.Node, Orchestrator: s.Orchestrator,
		Workload: workload, Name: s.Endpoint, Addresses: s.IPNetworks,
	}
	if e.Host+e.Workload+e.Name == "" { // it does not say
		e.Name = keyTail(e.Key)
	}
	return e, true, err
}

func decodeHost(kv *mvccpb.KeyValue) (Endpoint, bool, error) {
	var document struct {
		Spec struct {
			Profiles    []string `json:"profiles"`
			Node        string   `json:"node"`
			ExpectedIPs []string `json:"expectedIPs"`
		} `json:"spec"`
	}
	err := json.Unmarshal(kv.Value, &document)
	return Endpoint{
		Key: string(kv.Key), Layout: V3, Profiles: document.Spec.Profiles, Host: document.Spec.Node,
		Name: strings.TrimPrefix(string(kv.Key), hostPrefix), Addresses: document.Spec.ExpectedIPs,
	}, true, err
}

// decodeEndpointV1 reads .../<host>/workload/<orchestrator>/<workload>/endpoint/<endpoint>
// and .../<host>/endpoint/<endpoint>; other keys of a host are no endpoints.
func decodeEndpointV1(kv *mvccpb.KeyValue) (Endpoint, bool, error) {
	e := Endpoint{Key: string(kv.Key), Layout: V1}
	path := strings.Split(strings.TrimPrefix(e.Key, hostPrefixV1), "/")
	for i := range path {
		path[i] = unescapeV1(path[i])
	}
	switch {
	case len(path) == 6 && path[1] == "workload" && path[4] == "endpoint":
		e.Host, e.Orchestrator, e.Workload, e.Name = path[0], path[2], path[3], path[5]
	case len(path) == 3 && path[1] == "endpoint":
		e.Host, e.Name = path[0], path[2]
	default:
		return Endpoint{}, false, nil
	}
	var document struct {
		ProfileIDs []string        `json:"profile_ids"`
		ProfileID  json.RawMessage `json:"profile_id"`
		State      string          `json:"state"`
		IPv4       []string        `json:"ipv4_nets"`
		IPv6       []string        `json:"ipv6_nets"`
	}
	if err := json.Unmarshal(kv.Value, &document); err != nil {
		return e, true, err
	}
	e.Profiles, e.State = document.ProfileIDs, document.State
	e.Addresses = append(document.IPv4, document.IPv6...)
	if id := document.ProfileID; len(e.Profiles) == 0 && len(id) > 0 && rawjson.Kind(id) != "null" {
		if rawjson.Kind(id) != "string" {
			return e, true, fmt.Errorf("profile_id is not a string")
		}
		e.Profiles = []string{text(id)}
	}
	return e, true, nil
}
