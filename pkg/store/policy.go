package store

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"go.etcd.io/etcd/api/v3/mvccpb"
	clientv3 "go.etcd.io/etcd/client/v3"

	"github.com/calicoctl/calicoctl/internal/printable"
	"github.com/calicoctl/calicoctl/internal/rawjson"
	"github.com/calicoctl/calicoctl/pkg/rules"
)

const (
	globalPolicyPrefix = "/calico/resources/v3/projectcalico.org/globalnetworkpolicies/"
	policyPrefix       = "/calico/resources/v3/projectcalico.org/networkpolicies/"
)

// A Policy decides about the endpoints that it selects before their profiles do.
// This package does not edit policies; it finds out whether there is one.
type Policy struct {
	Key       string
	Namespace string // of a NetworkPolicy
	Name      string // of a NetworkPolicy with its namespace in front

	unclear  error // why it cannot be told whom it selects
	selector *rules.Selector
	inbound  bool
	outbound bool
	onlyHost bool // it decides at interfaces of hosts alone
}

// String names the policy for people, printable.
func (p Policy) String() string {
	kind := "NetworkPolicy "
	if strings.HasPrefix(p.Key, globalPolicyPrefix) {
		kind = "GlobalNetworkPolicy "
	}
	return kind + printable.Text(p.Name)
}

// Selects reports whether the policy decides about the traffic of an endpoint
// that has these labels. The error says why that cannot be told.
func (p Policy) Selects(c EndpointOrSet, labels map[string]string, d rules.Direction) (bool, error) {
	applies := p.inbound
	if d == rules.Outbound {
		applies = p.outbound
	}
	elsewhere := p.Namespace != "" && p.Namespace != c.Namespace
	switch {
	case elsewhere:
		return false, nil
	case p.selector == nil:
		return false, p.unclear
	case !applies, p.onlyHost && !c.OfHost(), !p.selector.Matches(labels):
		return false, nil
	}
	return p.unclear == nil, p.unclear
}

// EachPolicy calls visit for every policy, also for one that cannot be
// understood. An error from visit ends the scan.
func (v *View) EachPolicy(ctx context.Context, visit func(Policy) error) error {
	for _, prefix := range []string{globalPolicyPrefix, policyPrefix} {
		err := v.each(ctx, prefix, endpointPage, func(kv *mvccpb.KeyValue) error {
			return visit(decodePolicy(prefix, kv))
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// newPolicy returns what the key of a policy says.
func newPolicy(prefix, key string) Policy {
	p := Policy{Key: key, Name: strings.TrimPrefix(key, prefix)}
	if prefix == policyPrefix {
		p.Namespace, _, _ = strings.Cut(p.Name, "/")
	}
	return p
}

func decodePolicy(prefix string, kv *mvccpb.KeyValue) Policy {
	p := newPolicy(prefix, string(kv.Key))
	kind, _, _ := strings.Cut(p.String(), " ")
	spec := readSpec(kv.Value, kind)
	selector, err := rules.ParseSelector(spec.text("selector"))
	p.onlyHost = spec.is("doNotTrack") || spec.is("preDNAT")
	p.inbound, p.outbound = spec.types()
	for _, field := range []string{"namespaceSelector", "serviceAccountSelector"} {
		if spec.text(field) != "" && p.unclear == nil {
			p.unclear = fmt.Errorf("its %s cannot be evaluated here", field)
		}
	}
	switch {
	case spec.err != nil:
		p.unclear = spec.err
	case err != nil:
		p.unclear = err
	default:
		p.selector = selector
	}
	return p
}

// types returns the directions that a policy is about. One that does not say so
// is about those that it has rules for, or about inbound traffic.
func (r *fieldReader) types() (inbound, outbound bool) {
	types := r.texts("types")
	for _, t := range types {
		inbound = inbound || strings.EqualFold(t, "ingress")
		outbound = outbound || strings.EqualFold(t, "egress")
	}
	if len(types) == 0 {
		outbound = r.hasRules("egress")
		inbound = !outbound || r.hasRules("ingress")
	}
	return inbound, outbound
}

func (r *fieldReader) hasRules(field string) bool {
	value := rawjson.Get(r.members, field)
	if value == nil {
		return false
	}
	list, err := rawjson.Array(value)
	if err != nil {
		r.fail("%s%s: %w", r.prefix, field, err)
	}
	return len(list) > 0
}

// is reads a boolean.
func (r *fieldReader) is(field string) bool {
	switch value := string(rawjson.Get(r.members, field)); value {
	case "", "null", "false":
		return false
	case "true":
		return true
	}
	r.fail("%s%s is neither true nor false", r.prefix, field)
	return false
}

// glanceAtPolicies asks for one policy of each kind, if there is one.
func policyGets(revision int64) []clientv3.Op {
	ops := make([]clientv3.Op, 0, 2)
	for _, prefix := range []string{globalPolicyPrefix, policyPrefix} {
		ops = append(ops, clientv3.OpGet(prefix, clientv3.WithPrefix(), clientv3.WithLimit(1),
			clientv3.WithKeysOnly(), clientv3.WithRev(revision)))
	}
	return ops
}

// ErrNotAsked says that a snapshot does not know.
var ErrNotAsked = errors.New("not asked, or not permitted")

// Policies returns one policy of each kind that there is, of which only the name
// is known. The error is ErrNotAsked, also where the user may not read them.
func (snap *Snapshot) Policies() ([]Policy, error) {
	if !snap.query.Policies {
		return nil, ErrNotAsked
	}
	var found []Policy
	for _, prefix := range []string{globalPolicyPrefix, policyPrefix} {
		for key := range snap.found {
			if strings.HasPrefix(key, prefix) {
				found = append(found, newPolicy(prefix, key))
			}
		}
	}
	return found, nil
}
