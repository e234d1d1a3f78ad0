package resource_test

import (
	"testing"

	"github.com/calicoctl/calicoctl/internal/printable"
	"github.com/calicoctl/calicoctl/pkg/resource"
	"github.com/calicoctl/calicoctl/pkg/rules"
)

// FuzzDocuments reads any value as each document: nothing panics, and errors are printable.
func FuzzDocuments(f *testing.F) {
	for _, document := range []string{
		`{"kind":"WorkloadEndpoint","spec":{"profiles":["a",null],"node":1,"ipNetworks":[{}]}}`,
		`{"kind":"HostEndpoint","spec":{"profiles":["a"],"Profiles":[],"expectedIPs":"\u001b"}}`,
		`{"profile_ids":[],"profile_id":["\ud800"],"state":true}`,
		`["a","\u0000",""]`, `{"a":"\u009b","\u202e":""}`, `{"spec":{"datastoreReady":"\u001b"}}`, `{"kind":"\u001b"}`,
		``, `null`, `{"spec":{"selector":"has(","types":7}}`, `{"metadata":{"labels":{"a":1}}}`,
	} {
		f.Add([]byte(document))
	}
	f.Fuzz(func(t *testing.T, document []byte) {
		var errs []error
		for _, key := range []string{"workloadendpoints/n/e", "hostendpoints/e", "networksets/n/s", "globalnetworksets/s"} {
			_, _, err := resource.DecodeEndpointOrSet(resources+key, document)
			errs = append(errs, err)
		}
		_, _, err := resource.DecodeEndpointOrSet("/calico/v1/host/h/endpoint/e", document)
		_, policy := resource.DecodePolicy(resources+"globalnetworkpolicies/p", document).Selects(resource.EndpointOrSet{}, nil, rules.Inbound)
		_, lock := resource.DatastoreReady(document)
		for _, err := range append(errs, err, policy, lock) {
			if err != nil && (err.Error() == "" || err.Error() != printable.Text(err.Error())) {
				t.Errorf("%q", err)
			}
		}
	})
}
