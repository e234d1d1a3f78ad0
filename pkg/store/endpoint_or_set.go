package store

import (
	"context"
	"net/netip"
	"strings"

	"go.etcd.io/etcd/api/v3/mvccpb"

	"github.com/calicoctl/calicoctl/internal/printable"
	"github.com/calicoctl/calicoctl/internal/rawjson"
	"github.com/calicoctl/calicoctl/pkg/profile"
)

const (
	globalSetPrefix = "/calico/resources/v3/projectcalico.org/globalnetworksets/"
	setPrefix       = "/calico/resources/v3/projectcalico.org/networksets/"

	// namespaceLabel is what Felix adds to a network set of a namespace.
	namespaceLabel = "projectcalico.org/namespace"
)

// An EndpointOrSet is something with addresses whose labels selectors match: an endpoint
// or a network set.
type EndpointOrSet struct {
	Endpoint // of a network set just Key, Layout, Name and Addresses

	NetworkSet bool
	Namespace  string          // of a workload endpoint or network set of v3, if it has one
	ID         string          // what of its key is its own
	Own        []profile.Label // those of its profiles are not here
}

// String names it for people, printable.
func (c EndpointOrSet) String() string {
	if c.NetworkSet {
		return "network set " + printable.Text(c.ID)
	}
	return "endpoint " + c.Endpoint.String()
}

// OfHost reports whether it is an interface of a host and no workload.
func (c EndpointOrSet) OfHost() bool {
	return strings.HasPrefix(c.Key, hostPrefix) || c.Layout == profile.V1 && c.Workload == ""
}

// Nets returns its addresses; those that are none are left out.
func (c EndpointOrSet) Nets() []netip.Prefix {
	var nets []netip.Prefix
	for _, text := range c.Addresses {
		if net, err := netip.ParsePrefix(text); err == nil {
			nets = append(nets, net.Masked())
		} else if a, err := netip.ParseAddr(text); err == nil {
			nets = append(nets, netip.PrefixFrom(a, a.BitLen()))
		}
	}
	return nets
}

// Labels returns the labels that selectors see: its own, and those of its
// profiles, in their order, where there is none of that name yet.
func (c EndpointOrSet) Labels(profiles ...*profile.Profile) map[string]string {
	labels := map[string]string{}
	add := func(list []profile.Label) {
		for _, l := range list {
			if _, there := labels[l.Name]; !there {
				labels[l.Name] = l.Value
			}
		}
	}
	add(c.Own)
	for _, p := range profiles {
		add(p.Applied())
	}
	return labels
}

// EachEndpointOrSet is [View.EachEndpoint] for all that has addresses and labels.
func (v *View) EachEndpointOrSet(ctx context.Context, visit func(EndpointOrSet, error) error) error {
	parts := append(endpointParts(), endpointPart{globalSetPrefix, decodeSet}, endpointPart{setPrefix, decodeSet})
	_, err := v.scan(ctx, parts, func(kv *mvccpb.KeyValue, e Endpoint, malformed error) error {
		c := EndpointOrSet{Endpoint: e, ID: keyTail(e.Key)}
		c.NetworkSet = strings.HasPrefix(e.Key, globalSetPrefix) || strings.HasPrefix(e.Key, setPrefix)
		if namespace, _, found := strings.Cut(c.ID, "/"); found && e.Layout == profile.V3 {
			c.Namespace = namespace
		}
		if malformed == nil {
			c.Own, malformed = ownLabels(kv.Value, e)
		}
		if c.NetworkSet && c.Namespace != "" {
			c.Own = append(c.Own, profile.Label{Name: namespaceLabel, Value: c.Namespace})
		}
		return visit(c, malformed)
	})
	return err
}

// ownLabels reads the labels of an endpoint's document, which is an object.
func ownLabels(document []byte, e Endpoint) ([]profile.Label, error) {
	r := readDocument(document)
	where, list := "labels", r.members
	if e.Layout == profile.V3 {
		metadata, err := rawjson.Fields("metadata", rawjson.Get(r.members, "metadata"))
		if err != nil {
			return nil, malformedEndpoint(e, err)
		}
		where, list = "metadata.labels", metadata
	}
	value := rawjson.Get(list, "labels")
	if value == nil || rawjson.Kind(value) == "null" {
		return nil, nil
	}
	labels, err := profile.DecodeLabels(where, value)
	if err != nil {
		return nil, malformedEndpoint(e, err)
	}
	return labels, nil
}

func decodeSet(kv *mvccpb.KeyValue) (Endpoint, bool, error) {
	e := Endpoint{Key: string(kv.Key), Layout: profile.V3, Name: keyTail(string(kv.Key))}
	kind := "NetworkSet"
	if strings.HasPrefix(e.Key, globalSetPrefix) {
		kind = "GlobalNetworkSet"
	}
	spec := readSpec(kv.Value, kind)
	e.Addresses = spec.texts("nets")
	return e, true, spec.err
}
