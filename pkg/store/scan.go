package store

import (
	"context"
	"errors"
	"strings"

	"go.etcd.io/etcd/api/v3/mvccpb"
	clientv3 "go.etcd.io/etcd/client/v3"

	"github.com/calicoctl/calicoctl/internal/keys"
	"github.com/calicoctl/calicoctl/pkg/fault"
	"github.com/calicoctl/calicoctl/pkg/resource"
)

// EachEndpoint calls visit for every endpoint of both layouts, all as they were
// at one revision. One that cannot be understood comes as an error of the kind
// ErrMalformed. An error from visit ends the scan. Where the user may not read
// v1, there is none.
func (v *View) EachEndpoint(ctx context.Context, visit func(resource.Endpoint, error) error) error {
	_, err := v.scanEndpoints(ctx, visit)
	return err
}

func endpointPrefixes() []string {
	return []string{keys.WorkloadEndpoints, keys.HostEndpoints, keys.HostsV1}
}

// scanEndpoints does what EachEndpoint does, and returns the conditions that no
// endpoint was created or changed since. They also hold if one was removed.
func (v *View) scanEndpoints(ctx context.Context, visit func(resource.Endpoint, error) error) ([]clientv3.Cmp, error) {
	return v.scan(ctx, endpointPrefixes(), func(kv *mvccpb.KeyValue) error {
		e, ok, err := resource.DecodeEndpoint(string(kv.Key), kv.Value)
		if !ok {
			return nil
		}
		return visit(e, err)
	})
}

// EachEndpointOrSet is [View.EachEndpoint] for all that has addresses and labels.
func (v *View) EachEndpointOrSet(ctx context.Context, visit func(resource.EndpointOrSet, error) error) error {
	prefixes := append(endpointPrefixes(), keys.GlobalNetworkSets, keys.NetworkSets)
	_, err := v.scan(ctx, prefixes, func(kv *mvccpb.KeyValue) error {
		e, ok, err := resource.DecodeEndpointOrSet(string(kv.Key), kv.Value)
		if !ok {
			return nil
		}
		return visit(e, err)
	})
	return err
}

// scan calls visit for every key with one of the prefixes.
func (v *View) scan(ctx context.Context, prefixes []string, visit func(*mvccpb.KeyValue) error) ([]clientv3.Cmp, error) {
	var conditions []clientv3.Cmp
	for _, prefix := range prefixes {
		err := v.each(ctx, prefix, endpointPage, visit)
		if errors.Is(err, fault.ErrDenied) && prefix == keys.HostsV1 {
			continue
		}
		if err != nil {
			return nil, err
		}
		conditions = append(conditions, clientv3.Compare(clientv3.ModRevision(prefix), "<", v.revision+1).WithPrefix())
	}
	return conditions, nil
}

func policyPrefixes() []string { return []string{keys.GlobalNetworkPolicies, keys.NetworkPolicies} }

// EachPolicy calls visit for every policy, also for one that cannot be
// understood. An error from visit ends the scan.
func (v *View) EachPolicy(ctx context.Context, visit func(resource.Policy) error) error {
	_, err := v.scan(ctx, policyPrefixes(), func(kv *mvccpb.KeyValue) error {
		return visit(resource.DecodePolicy(string(kv.Key), kv.Value))
	})
	return err
}

// policyGets asks for one policy of each kind, if there is one.
func policyGets(revision int64) []clientv3.Op {
	ops := make([]clientv3.Op, 0, 2)
	for _, prefix := range policyPrefixes() {
		ops = append(ops, clientv3.OpGet(prefix, clientv3.WithPrefix(), clientv3.WithLimit(1),
			clientv3.WithKeysOnly(), clientv3.WithRev(revision)))
	}
	return ops
}

// Policies returns one policy of each kind that there is, of which only the name
// is known. It is not ok if the query did not ask, or the user may not read them.
func (snap *Snapshot) Policies() (found []resource.Policy, ok bool) {
	if !snap.query.Policies {
		return nil, false
	}
	for _, prefix := range policyPrefixes() {
		for key := range snap.found {
			if strings.HasPrefix(key, prefix) {
				found = append(found, resource.PolicyOf(key))
			}
		}
	}
	return found, true
}
