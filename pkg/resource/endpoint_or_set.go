package resource

import (
	"net/netip"
	"strings"

	"github.com/calicoctl/calicoctl/internal/keys"
	"github.com/calicoctl/calicoctl/internal/printable"
	"github.com/calicoctl/calicoctl/internal/rawjson"
	"github.com/calicoctl/calicoctl/pkg/profile"
)

// namespaceLabel is what Felix adds to a network set of a namespace.
const namespaceLabel = "projectcalico.org/namespace"

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
	return strings.HasPrefix(c.Key, keys.HostEndpoints) || c.Layout == profile.V1 && c.Workload == ""
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

// DecodeEndpointOrSet is [DecodeEndpoint] for all that has addresses and labels.
func DecodeEndpointOrSet(key string, document []byte) (c EndpointOrSet, ok bool, err error) {
	e, ok, err := DecodeEndpoint(key, document)
	c = EndpointOrSet{Endpoint: e, ID: keyTail(key), NetworkSet: isNetworkSet(key)}
	if namespace, _, found := strings.Cut(c.ID, "/"); found && e.Layout == profile.V3 {
		c.Namespace = namespace
	}
	if ok && err == nil {
		c.Own, err = ownLabels(document, e)
	}
	if c.NetworkSet && c.Namespace != "" {
		c.Own = append(c.Own, profile.Label{Name: namespaceLabel, Value: c.Namespace})
	}
	return c, ok, err
}

func isNetworkSet(key string) bool {
	return strings.HasPrefix(key, keys.GlobalNetworkSets) || strings.HasPrefix(key, keys.NetworkSets)
}

// ownLabels reads the labels of an endpoint's document, which is an object.
func ownLabels(document []byte, e Endpoint) ([]profile.Label, error) {
	r := readDocument(document)
	where, list := "labels", r.members
	if e.Layout == profile.V3 {
		metadata, err := rawjson.Fields("metadata", rawjson.Get(r.members, "metadata"))
		if err != nil {
			return nil, malformed(e, err)
		}
		where, list = "metadata.labels", metadata
	}
	value := rawjson.Get(list, "labels")
	if value == nil || rawjson.Kind(value) == "null" {
		return nil, nil
	}
	labels, err := profile.DecodeLabels(where, value)
	if err != nil {
		return nil, malformed(e, err)
	}
	return labels, nil
}

func decodeSet(key string, document []byte) (Endpoint, error) {
	e := Endpoint{Key: key, Layout: profile.V3, Name: keyTail(key)}
	kind := "NetworkSet"
	if strings.HasPrefix(e.Key, keys.GlobalNetworkSets) {
		kind = "GlobalNetworkSet"
	}
	spec := readSpec(document, kind)
	e.Addresses = spec.texts("nets")
	return e, spec.err
}
