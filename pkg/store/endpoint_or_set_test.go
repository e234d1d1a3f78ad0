package store_test

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/calicoctl/calicoctl/pkg/profile"
	"github.com/calicoctl/calicoctl/pkg/rules"
	"github.com/calicoctl/calicoctl/pkg/store"
)

const resources = "/calico/resources/v3/projectcalico.org/"

// endpointsOrSets returns what EachEndpointOrSet visits, as text.
func endpointsOrSets(t *testing.T, s *store.Store) (all []store.EndpointOrSet, told []string) {
	t.Helper()
	must(t, s.View().EachEndpointOrSet(soon(t), func(c store.EndpointOrSet, malformed error) error {
		if malformed != nil {
			told = append(told, malformed.Error())
			return nil
		}
		all = append(all, c)
		told = append(told, fmt.Sprintf("%s, namespace %q, own %v, nets %v, of host %v", c, c.Namespace, c.Own, c.Nets(), c.OfHost()))
		return nil
	}))
	return all, told
}

func TestEachEndpointOrSet(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for key, value := range map[string]string{
		"workloadendpoints/prod/a": `{"metadata":{"labels":{"role":"db","stage":"prod"}},"spec":{"node":"h","workload":"w","endpoint":"e","profiles":["p"],"ipNetworks":["10.0.0.1/32","fd00::1/128","nonsense"]}}`,
		"workloadendpoints/prod/b": `{"metadata":{"labels":["role"]},"spec":{}}`,
		"workloadendpoints/prod/c": `{"metadata":{"labels":null},"spec":{}}`,
		"workloadendpoints/prod/d": `{"metadata":{"labels":{"a":1}},"spec":{}}`,
		"workloadendpoints/prod/e": `{"metadata":7}`,
		"hostendpoints/h-eth0":     `{"spec":{"node":"h","expectedIPs":["192.0.2.1"]}}`,
		"globalnetworksets/office": `{"kind":"GlobalNetworkSet","metadata":{"labels":{"role":"staff"}},"spec":{"nets":["203.0.113.9/24"]}}`,
		"networksets/prod/cdn":     `{"kind":"NetworkSet","spec":{"nets":["198.51.100.0/24"]}}`,
		"networksets/prod/wrong":   `{"kind":"GlobalNetworkSet"}`,
	} {
		w.put(resources+key, value)
	}
	w.put("/calico/v1/host/h/workload/docker/w/endpoint/e", `{"profile_id":"p","ipv4_nets":["10.0.0.2/32"],"labels":{"role":"old"}}`)
	w.put("/calico/v1/host/h/endpoint/eth0", `{"ipv4_nets":["192.0.2.2/32"]}`)
	_, got := endpointsOrSets(t, w.direct())
	want := []string{
		`endpoint h/w/e, namespace "prod", own [{role db} {stage prod}], nets [10.0.0.1/32 fd00::1/128], of host false`,
		`endpoint ` + workloads + `prod/b cannot be read: metadata.labels: expected an object, got an array`,
		`endpoint prod/c, namespace "prod", own [], nets [], of host false`,
		`endpoint ` + workloads + `prod/d cannot be read: metadata.labels: the value of "a" is not a string`,
		`endpoint ` + workloads + `prod/e cannot be read: metadata: expected an object, got a number`,
		`endpoint h/h-eth0, namespace "", own [], nets [192.0.2.1/32], of host true`,
		`endpoint h/eth0, namespace "", own [], nets [192.0.2.2/32], of host true`,
		`endpoint h/docker/w/e, namespace "", own [{role old}], nets [10.0.0.2/32], of host false`,
		`network set office, namespace "", own [{role staff}], nets [203.0.113.0/24], of host false`,
		`network set prod/cdn, namespace "prod", own [{projectcalico.org/namespace prod}], nets [198.51.100.0/24], of host false`,
		`endpoint ` + resources + `networksets/prod/wrong cannot be read: it is of kind "GlobalNetworkSet", not NetworkSet`,
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("endpointsOrSets (-want +got):\n%s", diff)
	}
}

// An endpoint's own labels win over those of its profiles, an earlier profile over
// a later one, and a profile with a label that Felix refuses gives none.
func TestEndpointOrSetLabels(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	put := func(id, labels string) *profile.Profile {
		w.putProfile(id, `{"kind":"Profile","apiVersion":"projectcalico.org/v3","metadata":{"name":"`+id+`"},"spec":{"labelsToApply":`+labels+`}}`)
		return w.profile(id)
	}
	one, two := put("one", `{"one":"","role":"first","own":"no"}`), put("two", `{"two":"","role":"second"}`)
	bad := put("bad", `{"bad":"","_":""}`)
	c := store.EndpointOrSet{Own: []profile.Label{{Name: "own", Value: "yes"}}}
	want := map[string]string{"own": "yes", "one": "", "two": "", "role": "first"}
	if diff := cmp.Diff(want, c.Labels(one, bad, two)); diff != "" {
		t.Errorf("labels (-want +got):\n%s", diff)
	}
}

// Only what is wrong with rules makes a profile drop everything.
func TestRuleTrouble(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.putProfile("web", `{"kind":"Profile","apiVersion":"projectcalico.org/v3","metadata":{"name":"web"},"spec":{`+
		`"ingress":[{"action":"Allow"},{"action":"Alow"}],"labelsToApply":{"_":""}}}`)
	got := w.profile("web").InvalidRules()
	if len(got) != 1 || !strings.HasPrefix(got[0], "inbound rule 2: action: ") {
		t.Errorf("%q", got)
	}
	if all := w.profile("web").Invalid(); len(all) != 2 {
		t.Errorf("%q", all)
	}
}

func TestPolicySelects(t *testing.T) {
	t.Parallel()
	workload := store.EndpointOrSet{Endpoint: store.Endpoint{Key: workloads + "prod/a", Layout: profile.V3, Workload: "a"}, Namespace: "prod"}
	host := store.EndpointOrSet{Endpoint: store.Endpoint{Key: hosts + "h", Layout: profile.V3}}
	labels := map[string]string{"role": "db"}
	w := newWorld(t)
	s := w.direct()
	for i, test := range []struct {
		key, document string
		endpoint      store.EndpointOrSet
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
		w.put(resources+test.key, test.document)
		seen := 0
		must(t, s.View().EachPolicy(soon(t), func(p store.Policy) error {
			seen++
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
			return nil
		}))
		if seen != 1 {
			t.Errorf("%d: %d policies", i, seen)
		}
		_, err := w.plain.Delete(soon(t), resources+test.key)
		must(t, err)
	}
}

// A glance tells whether there are policies, unless the user may not know; then
// the rest is read all the same.
func TestPolicyGets(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.putProfile("web", document(t, "web", "allow"))
	w.put("/calico/v1/policy/profile/OLD/rules", `{"inbound_rules":[],"outbound_rules":[]}`)
	look := func(s *store.Store) string {
		snap, err := s.Read(soon(t), store.Query{Profiles: []string{"web", "OLD"}, V1: true, Policies: true})
		must(t, err)
		policies, err := snap.Policies()
		var names []string
		for _, p := range policies {
			names = append(names, p.String())
		}
		return fmt.Sprint(names, err, snap.Has("web"), snap.Has("OLD"))
	}
	if got, want := look(w.direct()), "[] <nil> true true"; got != want {
		t.Errorf("%s, want %s", got, want)
	}
	for _, key := range []string{"globalnetworkpolicies/a", "globalnetworkpolicies/b", "networkpolicies/prod/c"} {
		w.put(resources+key, "{}")
	}
	if got, want := look(w.direct()), "[GlobalNetworkPolicy a NetworkPolicy prod/c] <nil> true true"; got != want {
		t.Errorf("%s, want %s", got, want)
	}
	policies := reading(resources+"globalnetworkpolicies/", resources+"networkpolicies/")
	w.guard(
		only("both", slices.Concat(policies, reading(prefix, profileV1))...),
		only("policies", slices.Concat(policies, reading(prefix))...),
		only("v1", reading(prefix, profileV1)...),
		only("neither", reading(prefix)...),
	)
	for user, want := range map[string]string{
		"both":     "[GlobalNetworkPolicy a NetworkPolicy prod/c] <nil> true true",
		"policies": "[GlobalNetworkPolicy a NetworkPolicy prod/c] <nil> true false",
		"v1":       "[] not asked, or not permitted true true",
		"neither":  "[] not asked, or not permitted true false",
	} {
		if got := look(open(t, w.as(user))); got != want {
			t.Errorf("%s: %s, want %s", user, got, want)
		}
	}
}

func TestEndpointOrSetNets(t *testing.T) {
	t.Parallel()
	c := store.EndpointOrSet{Endpoint: store.Endpoint{Addresses: []string{"10.0.0.1", "10.1.2.3/8", "x", "fd00::1/128"}}}
	want := []netip.Prefix{netip.MustParsePrefix("10.0.0.1/32"), netip.MustParsePrefix("10.0.0.0/8"), netip.MustParsePrefix("fd00::1/128")}
	if got := c.Nets(); !slices.Equal(got, want) {
		t.Errorf("%v, want %v", got, want)
	}
}
