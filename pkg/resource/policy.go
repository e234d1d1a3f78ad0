package resource

import (
	"fmt"
	"strings"

	"github.com/calicoctl/calicoctl/internal/keys"
	"github.com/calicoctl/calicoctl/internal/printable"
	"github.com/calicoctl/calicoctl/internal/rawjson"
	"github.com/calicoctl/calicoctl/pkg/rules"
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
func (p Policy) String() string { return p.kind() + " " + printable.Text(p.Name) }

func (p Policy) kind() string {
	if p.Namespace == "" {
		return "GlobalNetworkPolicy"
	}
	return "NetworkPolicy"
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

// PolicyOf returns what the key of a policy tells.
func PolicyOf(key string) Policy {
	if name, found := strings.CutPrefix(key, keys.GlobalNetworkPolicies); found {
		return Policy{Key: key, Name: name}
	}
	p := Policy{Key: key, Name: strings.TrimPrefix(key, keys.NetworkPolicies)}
	p.Namespace, _, _ = strings.Cut(p.Name, "/")
	return p
}

// DecodePolicy reads the document of a policy. If it cannot be understood, Selects says so.
func DecodePolicy(key string, document []byte) Policy {
	p := PolicyOf(key)
	spec := readSpec(document, p.kind())
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
