package store

import (
	"cmp"
	"context"
	"errors"
	"strings"

	"go.etcd.io/etcd/api/v3/mvccpb"
	clientv3 "go.etcd.io/etcd/client/v3"

	"github.com/calicoctl/calicoctl/internal/printable"
	"github.com/calicoctl/calicoctl/pkg/fault"
	"github.com/calicoctl/calicoctl/pkg/profile"
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
	Layout       profile.Layout
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
	return printable.Text(strings.Join(parts, "/"))
}

// keyTail returns what of an endpoint's key is its own.
func keyTail(key string) string {
	for _, prefix := range []string{workloadPrefix, hostPrefix, hostPrefixV1, globalSetPrefix, setPrefix} {
		if tail, found := strings.CutPrefix(key, prefix); found {
			return tail
		}
	}
	return key
}

// EachEndpoint calls visit for every endpoint of both layouts, all as they were
// at one revision. One that cannot be understood comes as an error of the kind
// ErrMalformed. An error from visit ends the scan. Where the user may not read
// v1, there is none.
func (v *View) EachEndpoint(ctx context.Context, visit func(Endpoint, error) error) error {
	_, err := v.scanEndpoints(ctx, visit)
	return err
}

// scanEndpoints returns, beside what EachEndpoint does, the conditions that no
// endpoint was made or changed since. They hold for endpoints that are gone.
func (v *View) scanEndpoints(ctx context.Context, visit func(Endpoint, error) error) ([]clientv3.Cmp, error) {
	return v.scan(ctx, endpointParts(), func(_ *mvccpb.KeyValue, e Endpoint, malformed error) error { return visit(e, malformed) })
}

// An endpointPart is where endpoints of a kind are, and how they are read.
type endpointPart struct {
	prefix string
	decode func(*mvccpb.KeyValue) (e Endpoint, is bool, err error)
}

func endpointParts() []endpointPart {
	return []endpointPart{{workloadPrefix, decodeWorkload}, {hostPrefix, decodeHost}, {hostPrefixV1, decodeEndpointV1}}
}

// scan calls visit for what is read from each part, with its key and document.
func (v *View) scan(ctx context.Context, parts []endpointPart, visit func(*mvccpb.KeyValue, Endpoint, error) error) ([]clientv3.Cmp, error) {
	var conditions []clientv3.Cmp
	for _, part := range parts {
		err := v.each(ctx, part.prefix, endpointPage, func(kv *mvccpb.KeyValue) error {
			e, is, err := part.decode(kv)
			if err != nil {
				err = malformedEndpoint(e, err)
			}
			if !is && err == nil {
				return nil
			}
			return visit(kv, e, err)
		})
		if errors.Is(err, fault.ErrDenied) && part.prefix == hostPrefixV1 {
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

func malformedEndpoint(e Endpoint, cause error) error {
	return &MalformedError{Layout: e.Layout, Key: e.Key, What: "endpoint " + printable.Text(e.Key), Cause: cause}
}

func decodeWorkload(kv *mvccpb.KeyValue) (Endpoint, bool, error) {
	e := Endpoint{Key: string(kv.Key), Layout: profile.V3}
	spec := readSpec(kv.Value, "WorkloadEndpoint")
	e.Profiles, e.Addresses = spec.texts("profiles"), spec.texts("ipNetworks")
	e.Host, e.Orchestrator, e.Name = spec.text("node"), spec.text("orchestrator"), spec.text("endpoint")
	e.Workload = cmp.Or(spec.text("workload"), spec.text("pod"), spec.text("containerID"))
	if e.Host+e.Workload+e.Name == "" { // it does not say
		e.Name = keyTail(e.Key)
	}
	return e, true, spec.err
}

func decodeHost(kv *mvccpb.KeyValue) (Endpoint, bool, error) {
	e := Endpoint{Key: string(kv.Key), Layout: profile.V3, Name: strings.TrimPrefix(string(kv.Key), hostPrefix)}
	spec := readSpec(kv.Value, "HostEndpoint")
	e.Profiles, e.Addresses, e.Host = spec.texts("profiles"), spec.texts("expectedIPs"), spec.text("node")
	return e, true, spec.err
}

// decodeEndpointV1 reads .../<host>/workload/<orchestrator>/<workload>/endpoint/<endpoint>
// and .../<host>/endpoint/<endpoint>; other keys of a host are no endpoints.
func decodeEndpointV1(kv *mvccpb.KeyValue) (Endpoint, bool, error) {
	e := Endpoint{Key: string(kv.Key), Layout: profile.V1}
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
	r := readDocument(kv.Value)
	e.Profiles, e.State = r.texts("profile_ids"), r.text("state")
	e.Addresses = append(r.texts("ipv4_nets"), r.texts("ipv6_nets")...)
	if id := r.text("profile_id"); len(e.Profiles) == 0 && id != "" {
		e.Profiles = []string{id}
	}
	return e, true, r.err
}
