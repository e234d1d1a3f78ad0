package store_test

import (
	"fmt"
	"slices"
	"testing"

	"github.com/calicoctl/calicoctl/pkg/resource"
	"github.com/calicoctl/calicoctl/pkg/store"
)

const resources = "/calico/resources/v3/projectcalico.org/"

// A scan visits each kind of endpoint, set and policy, and skips other keys beside them.
func TestScans(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for _, key := range []string{
		workloads + "prod/a", hosts + "h", "/calico/v1/host/h/config/x", "/calico/v1/host/h/endpoint/e",
		resources + "globalnetworksets/s", resources + "networksets/prod/s",
		resources + "globalnetworkpolicies/p", resources + "networkpolicies/prod/p",
	} {
		w.put(key, "{}")
	}
	w.put(workloads+"prod/b", "7")
	var endpoints, all []string
	note := func(list *[]string, what fmt.Stringer, malformed error) error {
		if malformed != nil {
			*list = append(*list, "malformed")
			return nil
		}
		*list = append(*list, what.String())
		return nil
	}
	v := w.direct().View()
	must(t, v.EachEndpoint(soon(t), func(e resource.Endpoint, malformed error) error { return note(&endpoints, e, malformed) }))
	must(t, v.EachEndpointOrSet(soon(t), func(e resource.EndpointOrSet, malformed error) error { return note(&all, e, malformed) }))
	must(t, v.EachPolicy(soon(t), func(p resource.Policy) error { return note(&all, p, nil) }))
	if got, want := fmt.Sprint(endpoints), "[prod/a malformed h h/e]"; got != want {
		t.Errorf("%s, want %s", got, want)
	}
	want := "[endpoint prod/a malformed endpoint h endpoint h/e network set s network set prod/s GlobalNetworkPolicy p NetworkPolicy prod/p]"
	if got := fmt.Sprint(all); got != want {
		t.Errorf("%s, want %s", got, want)
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
		policies, ok := snap.Policies()
		var names []string
		for _, p := range policies {
			names = append(names, p.String())
		}
		return fmt.Sprint(names, ok, snap.Has("web"), snap.Has("OLD"))
	}
	if got, want := look(w.direct()), "[] true true true"; got != want {
		t.Errorf("%s, want %s", got, want)
	}
	for _, key := range []string{"globalnetworkpolicies/a", "globalnetworkpolicies/b", "networkpolicies/prod/c"} {
		w.put(resources+key, "{}")
	}
	if got, want := look(w.direct()), "[GlobalNetworkPolicy a NetworkPolicy prod/c] true true true"; got != want {
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
		"both":     "[GlobalNetworkPolicy a NetworkPolicy prod/c] true true true",
		"policies": "[GlobalNetworkPolicy a NetworkPolicy prod/c] true true false",
		"v1":       "[] false true true",
		"neither":  "[] false true false",
	} {
		if got := look(open(t, w.as(user))); got != want {
			t.Errorf("%s: %s, want %s", user, got, want)
		}
	}
}
