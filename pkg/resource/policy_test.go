package resource_test

import (
	"testing"

	"github.com/calicoctl/calicoctl/pkg/profile"
	"github.com/calicoctl/calicoctl/pkg/resource"
	"github.com/calicoctl/calicoctl/pkg/rules"
)

func TestPolicySelects(t *testing.T) {
	t.Parallel()
	workload := resource.EndpointOrSet{Endpoint: resource.Endpoint{Key: resources + "workloadendpoints/prod/a", Layout: profile.V3, Workload: "a"}, Namespace: "prod"}
	host := resource.EndpointOrSet{Endpoint: resource.Endpoint{Key: resources + "hostendpoints/h", Layout: profile.V3}}
	labels := map[string]string{"role": "db"}
	for i, test := range []struct {
		key, document string
		endpoint      resource.EndpointOrSet
		in, out       string // yes, no, or why it cannot be told
	}{
		{"globalnetworkpolicies/a", `{"kind":"GlobalNetworkPolicy","spec":{}}`, workload, "yes", "no"},
		{"globalnetworkpolicies/a", `{"spec":{"selector":"role == 'db'","ingress":[{}],"egress":[{}]}}`, workload, "yes", "yes"},
		{"globalnetworkpolicies/a", `{"spec":{"selector":"role == 'web'"}}`, workload, "no", "no"},
		{"globalnetworkpolicies/a", `{"spec":{"egress":[{}]}}`, workload, "no", "yes"},
		{"globalnetworkpolicies/a", `{"spec":{"types":["Egress"],"ingress":[{}]}}`, workload, "no", "yes"},
		{"globalnetworkpolicies/a", `{"spec":{"types":["Ingress","Egress"]}}`, host, "yes", "yes"},
		{"globalnetworkpolicies/a", `{"spec":{"doNotTrack":true}}`, workload, "no", "no"},
		{"globalnetworkpolicies/a", `{"spec":{"preDNAT":true}}`, host, "yes", "no"},
		{"globalnetworkpolicies/a", `{"spec":{"selector":"role =="}}`, workload, `selector, character 8: expected a string in quotes, got the end`, `selector, character 8: expected a string in quotes, got the end`},
		{"globalnetworkpolicies/a", `{"spec":{"namespaceSelector":"all()"}}`, workload, "its namespaceSelector cannot be evaluated here", "no"},
		{"globalnetworkpolicies/a", `{"spec":{"selector":"role == 'web'","serviceAccountSelector":"all()"}}`, workload, "no", "no"},
		{"globalnetworkpolicies/a", `{"spec":{"doNotTrack":1}}`, workload, "spec.doNotTrack is neither true nor false", "spec.doNotTrack is neither true nor false"},
		{"globalnetworkpolicies/a", `{"kind":"NetworkPolicy"}`, workload, `it is of kind "NetworkPolicy", not GlobalNetworkPolicy`, `it is of kind "NetworkPolicy", not GlobalNetworkPolicy`},
		{"networkpolicies/prod/a", `{"kind":"NetworkPolicy","spec":{}}`, workload, "yes", "no"},
		{"networkpolicies/test/a", `{"kind":"NetworkPolicy","spec":{}}`, workload, "no", "no"},
		{"networkpolicies/test/a", `nonsense`, workload, "no", "no"},
		{"networkpolicies/prod/a", `{"kind":"NetworkPolicy","spec":{}}`, host, "no", "no"},
	} {
		p := resource.DecodePolicy(resources+test.key, []byte(test.document))
		for d, want := range map[rules.Direction]string{rules.Inbound: test.in, rules.Outbound: test.out} {
			selects, err := p.Selects(test.endpoint, labels, d)
			got := map[bool]string{true: "yes", false: "no"}[selects]
			if err != nil {
				got = err.Error()
			}
			if got != want {
				t.Errorf("%d: %s, %s: %s, want %s", i, test.document, d, got, want)
			}
		}
	}
}
