package resource_test

import (
	"fmt"
	"net/netip"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/calicoctl/calicoctl/internal/testkit/profiletest"
	"github.com/calicoctl/calicoctl/pkg/profile"
	"github.com/calicoctl/calicoctl/pkg/resource"
)

const resources = "/calico/resources/v3/projectcalico.org/"

func TestDecodeEndpointOrSet(t *testing.T) {
	t.Parallel()
	for _, test := range []struct{ key, document, want string }{
		{resources + "workloadendpoints/prod/a", `{"metadata":{"labels":{"role":"db","stage":"prod"}},"spec":{"node":"h","workload":"w","endpoint":"e","profiles":["p"],"ipNetworks":["10.0.0.1/32","fd00::1/128","nonsense"]}}`, `endpoint h/w/e, namespace "prod", own [{role db} {stage prod}], nets [10.0.0.1/32 fd00::1/128], of host false`},
		{resources + "workloadendpoints/prod/b", `{"metadata":{"labels":["role"]},"spec":{}}`, `endpoint ` + resources + `workloadendpoints/prod/b cannot be read: metadata.labels: expected an object, got an array`},
		{resources + "workloadendpoints/prod/c", `{"metadata":{"labels":null},"spec":{}}`, `endpoint prod/c, namespace "prod", own [], nets [], of host false`},
		{resources + "workloadendpoints/prod/d", `{"metadata":{"labels":{"a":1}},"spec":{}}`, `endpoint ` + resources + `workloadendpoints/prod/d cannot be read: metadata.labels: the value of "a" is not a string`},
		{resources + "workloadendpoints/prod/e", `{"metadata":7}`, `endpoint ` + resources + `workloadendpoints/prod/e cannot be read: metadata: expected an object, got a number`},
		{resources + "hostendpoints/h-eth0", `{"spec":{"node":"h","expectedIPs":["192.0.2.1"]}}`, `endpoint h/h-eth0, namespace "", own [], nets [192.0.2.1/32], of host true`},
		{"/calico/v1/host/h/endpoint/eth0", `{"ipv4_nets":["192.0.2.2/32"]}`, `endpoint h/eth0, namespace "", own [], nets [192.0.2.2/32], of host true`},
		{"/calico/v1/host/h/workload/docker/w/endpoint/e", `{"profile_id":"p","ipv4_nets":["10.0.0.2/32"],"labels":{"role":"old"}}`, `endpoint h/docker/w/e, namespace "", own [{role old}], nets [10.0.0.2/32], of host false`},
		{resources + "globalnetworksets/office", `{"kind":"GlobalNetworkSet","metadata":{"labels":{"role":"staff"}},"spec":{"nets":["203.0.113.9/24"]}}`, `network set office, namespace "", own [{role staff}], nets [203.0.113.0/24], of host false`},
		{resources + "networksets/prod/cdn", `{"kind":"NetworkSet","spec":{"nets":["198.51.100.0/24"]}}`, `network set prod/cdn, namespace "prod", own [{projectcalico.org/namespace prod}], nets [198.51.100.0/24], of host false`},
		{resources + "networksets/prod/wrong", `{"kind":"GlobalNetworkSet"}`, `network set ` + resources + `networksets/prod/wrong cannot be read: it is of kind "GlobalNetworkSet", not NetworkSet`},
		{"/calico/v1/host/h/config/x", `7`, "none"},
	} {
		c, ok, err := resource.DecodeEndpointOrSet(test.key, []byte(test.document))
		got := fmt.Sprintf("%s, namespace %q, own %v, nets %v, of host %v", c, c.Namespace, c.Own, c.Nets(), c.OfHost())
		if !ok {
			got = "none"
		}
		if err != nil {
			got = err.Error()
		}
		if got != test.want {
			t.Errorf("%s: %s, want %s", test.key, got, test.want)
		}
	}
}

// An endpoint's own labels win over those of its profiles, an earlier profile over
// a later one, and a profile with a label that is invalid for Felix gives none.
func TestLabels(t *testing.T) {
	t.Parallel()
	one, two := profiletest.New(t, "one", "one=", "role=first", "own=no"), profiletest.New(t, "two", "two=", "role=second")
	c := resource.EndpointOrSet{Own: []profile.Label{{Name: "own", Value: "yes"}}}
	want := map[string]string{"own": "yes", "one": "", "two": "", "role": "first"}
	if diff := cmp.Diff(want, c.Labels(one, profiletest.New(t, "bad", "bad=", "_="), two)); diff != "" {
		t.Errorf("labels (-want +got):\n%s", diff)
	}
}

func TestNets(t *testing.T) {
	t.Parallel()
	c := resource.EndpointOrSet{Endpoint: resource.Endpoint{Addresses: []string{"10.0.0.1", "10.1.2.3/8", "x", "fd00::1/128"}}}
	want := []netip.Prefix{netip.MustParsePrefix("10.0.0.1/32"), netip.MustParsePrefix("10.0.0.0/8"), netip.MustParsePrefix("fd00::1/128")}
	if got := c.Nets(); !slices.Equal(got, want) {
		t.Errorf("%v, want %v", got, want)
	}
}
