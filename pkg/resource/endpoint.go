package resource

import (
	"cmp"
	"strings"

	"github.com/calicoctl/calicoctl/internal/keys"
	"github.com/calicoctl/calicoctl/internal/printable"
	"github.com/calicoctl/calicoctl/pkg/profile"
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
	for _, prefix := range []string{keys.WorkloadEndpoints, keys.HostEndpoints, keys.HostsV1, keys.GlobalNetworkSets, keys.NetworkSets} {
		if tail, found := strings.CutPrefix(key, prefix); found {
			return tail
		}
	}
	return key
}

// DecodeEndpoint reads the document of an endpoint. A key that is none of an endpoint's
// is not ok. The error is a *profile.MalformedError; what of the endpoint is known from
// its key is returned with it.
func DecodeEndpoint(key string, document []byte) (e Endpoint, ok bool, err error) {
	ok = true
	switch {
	case strings.HasPrefix(key, keys.WorkloadEndpoints):
		e, err = decodeWorkload(key, document)
	case strings.HasPrefix(key, keys.HostEndpoints):
		e, err = decodeHost(key, document)
	case isNetworkSet(key):
		e, err = decodeSet(key, document)
	default:
		e, ok, err = decodeEndpointV1(key, document)
	}
	if err != nil {
		err = malformed(e, err)
	}
	return e, ok, err
}

func malformed(e Endpoint, cause error) error {
	kind := profile.KindEndpoint
	if isNetworkSet(e.Key) {
		kind = profile.KindNetworkSet
	}
	return &profile.MalformedError{Kind: kind, Layout: e.Layout, Key: e.Key, Cause: cause}
}

func decodeWorkload(key string, document []byte) (Endpoint, error) {
	e := Endpoint{Key: key, Layout: profile.V3}
	spec := readSpec(document, "WorkloadEndpoint")
	e.Profiles, e.Addresses = spec.texts("profiles"), spec.texts("ipNetworks")
	e.Host, e.Orchestrator, e.Name = spec.text("node"), spec.text("orchestrator"), spec.text("endpoint")
	e.Workload = cmp.Or(spec.text("workload"), spec.text("pod"), spec.text("containerID"))
	if e.Host+e.Workload+e.Name == "" { // it does not say
		e.Name = keyTail(e.Key)
	}
	return e, spec.err
}

func decodeHost(key string, document []byte) (Endpoint, error) {
	e := Endpoint{Key: key, Layout: profile.V3, Name: strings.TrimPrefix(key, keys.HostEndpoints)}
	spec := readSpec(document, "HostEndpoint")
	e.Profiles, e.Addresses, e.Host = spec.texts("profiles"), spec.texts("expectedIPs"), spec.text("node")
	return e, spec.err
}

// decodeEndpointV1 reads .../<host>/workload/<orchestrator>/<workload>/endpoint/<endpoint>
// and .../<host>/endpoint/<endpoint>; other keys of a host are no endpoints.
func decodeEndpointV1(key string, document []byte) (Endpoint, bool, error) {
	e := Endpoint{Key: key, Layout: profile.V1}
	path := strings.Split(strings.TrimPrefix(e.Key, keys.HostsV1), "/")
	for i := range path {
		path[i] = keys.UnescapeV1(path[i])
	}
	switch {
	case len(path) == 6 && path[1] == "workload" && path[4] == "endpoint":
		e.Host, e.Orchestrator, e.Workload, e.Name = path[0], path[2], path[3], path[5]
	case len(path) == 3 && path[1] == "endpoint":
		e.Host, e.Name = path[0], path[2]
	default:
		return Endpoint{}, false, nil
	}
	r := readDocument(document)
	e.Profiles, e.State = r.texts("profile_ids"), r.text("state")
	e.Addresses = append(r.texts("ipv4_nets"), r.texts("ipv6_nets")...)
	if id := r.text("profile_id"); len(e.Profiles) == 0 && id != "" {
		e.Profiles = []string{id}
	}
	return e, true, r.err
}
