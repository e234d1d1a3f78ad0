package graph

import (
	"cmp"
	"context"
	"maps"
	"net/netip"
	"slices"
	"strings"

	"github.com/calicoctl/calicoctl/pkg/rules"
	"github.com/calicoctl/calicoctl/pkg/verdict"
)

// A connector finds the edges between members.
type connector struct {
	name     func(id string) string
	members  []*member            // sorted by name
	byLabel  map[string][]*member // likewise
	selected map[string]bool      // see Graph

	paths  map[*member]*verdict.Reachability // to the current destination, by source; nil is a source that is no profile
	others map[[2]string]*Node               // by kind and name
	edges  []Edge
}

func (c *connector) isSelected(m *member) bool { return c.selected == nil || c.selected[m.node.ID] }

// connect finds the edges.
func (c *connector) connect(ctx context.Context) error {
	for _, to := range c.members {
		if to.node.DropsAll {
			continue
		}
		c.paths = map[*member]*verdict.Reachability{}
		for i, r := range to.inbound {
			if err := ctx.Err(); err != nil {
				return err
			}
			if matches, _ := verdict.Answer(r.Rule.To, to.party); matches && r.Rule.Action == rules.Allow {
				c.connectRule(ctx, to, i, r.Rule)
			}
		}
	}
	return ctx.Err()
}

// connectRule finds the edges of one rule.
func (c *connector) connectRule(ctx context.Context, to *member, index int, r rules.Rule) {
	_, hasSelector := verdict.Answer(r.From, to.party)
	switch {
	case hasSelector:
		c.connectMembers(ctx, to, index, r)
	case !c.isSelected(to):
	case r.From.Nets == nil:
		c.connectOther(to, index, r, Anywhere, Anywhere)
	default:
		for _, n := range r.From.Nets {
			part := r
			part.From.Nets = []netip.Prefix{n}
			c.connectOther(to, index, part, CIDR, n.String())
		}
	}
}

// connectMembers finds the profiles that match the tag or selector of a rule.
func (c *connector) connectMembers(ctx context.Context, to *member, index int, r rules.Rule) {
	candidates := c.members
	if tag := r.From.Tag; !tag.IsZero() {
		candidates = c.byLabel[rules.TagLabel(tag.Name)]
	}
	found := false
	for _, from := range candidates {
		if matches, _ := verdict.Answer(r.From, from.party); !matches {
			continue
		}
		found = true
		if ctx.Err() != nil || from.node.DropsAll || !c.isSelected(from) && !c.isSelected(to) {
			continue
		}
		if c.path(from, to).MayOpen(index, r) {
			c.add(&from.node, to, index, r)
		}
	}
	if found || !c.isSelected(to) {
		return
	}
	source := rules.Rule{From: rules.Entity{
		Tag: r.From.Tag, Selector: r.From.Selector, NotTag: r.From.NotTag, NotSelector: r.From.NotSelector,
	}}
	name := strings.TrimPrefix(rules.Format(source.MapTags(c.name)), "from ")
	c.connectOther(to, index, r, Selector, name)
}

// connectOther adds an edge from a source that is no profile, so that its outbound
// rules are unknown.
func (c *connector) connectOther(to *member, index int, r rules.Rule, kind, name string) {
	if !c.path(nil, to).MayOpen(index, r) {
		return
	}
	key := [2]string{kind, name}
	if c.others[key] == nil {
		c.others[key] = &Node{Kind: kind, Name: name}
	}
	c.add(c.others[key], to, index, r)
}

// path returns the path to a destination from a profile or, if from is nil, from a
// source of which nothing is known.
func (c *connector) path(from, to *member) *verdict.Reachability {
	p := c.paths[from]
	if p == nil {
		source, outbound := verdict.Labels{}, []rules.Stored(nil)
		if from != nil {
			source, outbound = from.party, from.outbound
		}
		p = verdict.NewReachability(source, to.party, outbound, from == nil, to.inbound)
		c.paths[from] = p
	}
	return p
}

func (c *connector) add(from *Node, to *member, index int, r rules.Rule) {
	whole := to.inbound[index].Rule
	c.edges = append(c.edges, Edge{
		From: from, To: &to.node, Traffic: c.traffic(from.Kind, r),
		Rule: Rule{Position: index + 1, Text: rules.Format(whole.MapTags(c.name)), Literal: rules.Format(whole)},
	})
}

// traffic returns the part of a rule that the two nodes do not show.
func (c *connector) traffic(kind string, r rules.Rule) string {
	r.Action = ""
	r.To.Tag, r.To.Selector, r.To.NotTag, r.To.NotSelector = rules.Tag{}, "", rules.Tag{}, ""
	switch kind {
	case CIDR:
		r.From.Nets = nil
	case Profile, Selector:
		r.From.Tag, r.From.Selector, r.From.NotTag, r.From.NotSelector = rules.Tag{}, "", rules.Tag{}, ""
	}
	return cmp.Or(rules.Format(r.MapTags(c.name)), "all")
}

// nodes returns the profiles that are selected or touched by an edge, and then the
// other nodes.
func (c *connector) nodes() []*Node {
	touched := map[*Node]bool{}
	for _, e := range c.edges {
		touched[e.From], touched[e.To] = true, true
	}
	list := []*Node{}
	for _, m := range c.members {
		if c.isSelected(m) || touched[&m.node] {
			list = append(list, &m.node)
		}
	}
	others := slices.Collect(maps.Values(c.others))
	slices.SortFunc(others, func(a, b *Node) int { return cmp.Or(cmp.Compare(a.Kind, b.Kind), cmp.Compare(a.Name, b.Name)) })
	return append(list, others...)
}
