package main

import (
	"cmp"
	"context"
	"net/netip"
	"slices"
	"strings"

	"github.com/calicoctl/calicoctl/pkg/rules"
)

// The kinds of nodes.
const (
	kindProfile  = "profile"
	kindAnywhere = "anywhere"
	kindCIDR     = "cidr"
	kindSelector = "selector" // a tag or selector that no profile fits
)

// A node is somebody who may send, or a profile.
type node struct {
	Kind     string `json:"kind"`
	Name     string `json:"name"`
	ID       string `json:"id,omitempty"`       // of a profile
	DropsAll bool   `json:"dropsAll,omitempty"` // because Felix refuses a rule of it
}

// An edge is what one inbound rule of a profile lets in from somebody.
type edge struct {
	From    *node    `json:"from"`
	To      *node    `json:"to"`
	Traffic string   `json:"traffic"` // as in a rule
	Rule    edgeRule `json:"rule"`
}

type edgeRule struct {
	Position int    `json:"position"` // among the inbound rules of the receiver
	Text     string `json:"text"`
	Literal  string `json:"literal"`
}

// A member is a profile in the graph.
type member struct {
	node
	labels   map[string]string
	party    rules.Party
	inbound  []rules.Stored // without their bytes
	outbound []rules.Stored
}

type graph struct {
	names   shownNames
	members []*member
	byTag   map[string][]*member // by label
	only    map[string]bool      // IDs of profiles that edges must touch; nil for all

	ways   map[*member]*rules.Way // to the receiver that is looked at
	others map[[2]string]*node    // by kind and name
	edges  []edge
}

func (g *graph) asked(m *member) bool { return g.only == nil || g.only[m.ID] }

// connect finds the edges.
func (g *graph) connect(ctx context.Context) error {
	for _, to := range g.members {
		if to.DropsAll {
			continue
		}
		g.ways = map[*member]*rules.Way{}
		for i, r := range to.inbound {
			if err := ctx.Err(); err != nil {
				return err
			}
			if fits, _ := r.Rule.To.Answer(to.party); fits && r.Rule.Action == rules.Allow {
				g.connectRule(ctx, to, i, r.Rule)
			}
		}
	}
	return ctx.Err()
}

// connectRule finds the edges of one rule.
func (g *graph) connectRule(ctx context.Context, to *member, index int, r rules.Rule) {
	_, asks := r.From.Answer(to.party)
	switch {
	case asks:
		g.connectMembers(ctx, to, index, r)
	case !g.asked(to):
	case r.From.Nets == nil:
		g.connectOther(to, index, r, kindAnywhere, kindAnywhere)
	default:
		for _, n := range r.From.Nets {
			part := r
			part.From.Nets = []netip.Prefix{n}
			g.connectOther(to, index, part, kindCIDR, n.String())
		}
	}
}

// connectMembers finds the profiles that a rule with a tag or a selector fits.
func (g *graph) connectMembers(ctx context.Context, to *member, index int, r rules.Rule) {
	candidates := g.members
	if tag := r.From.Tag; !tag.IsZero() {
		candidates = g.byTag[rules.TagLabel(tag.Name)]
	}
	known := false
	for _, from := range candidates {
		if fits, _ := r.From.Answer(from.party); !fits {
			continue
		}
		known = true
		if ctx.Err() != nil || from.DropsAll || !g.asked(from) && !g.asked(to) {
			continue
		}
		if g.way(from, to).MayOpen(index, r) {
			g.add(&from.node, to, index, r)
		}
	}
	if known || !g.asked(to) {
		return
	}
	sender := rules.Rule{From: rules.Entity{
		Tag: r.From.Tag, Selector: r.From.Selector, NotTag: r.From.NotTag, NotSelector: r.From.NotSelector,
	}}
	name := strings.TrimPrefix(rules.Format(sender.MapTags(g.names.name)), "from ")
	g.connectOther(to, index, r, kindSelector, name)
}

// connectOther adds an edge from what is no profile, of whose own rules nothing
// is known.
func (g *graph) connectOther(to *member, index int, r rules.Rule, kind, name string) {
	if !g.way(nil, to).MayOpen(index, r) {
		return
	}
	key := [2]string{kind, name}
	if g.others[key] == nil {
		g.others[key] = &node{Kind: kind, Name: name}
	}
	g.add(g.others[key], to, index, r)
}

// way returns the way to the receiver that is looked at, from a profile or from
// somebody of whom nothing is known.
func (g *graph) way(from, to *member) *rules.Way {
	w := g.ways[from]
	if w == nil {
		sender, outbound := rules.Party{}, []rules.Stored(nil)
		if from != nil {
			sender, outbound = from.party, from.outbound
		}
		w = rules.NewWay(sender, to.party, outbound, from == nil, to.inbound)
		g.ways[from] = w
	}
	return w
}

func (g *graph) add(from *node, to *member, index int, r rules.Rule) {
	whole := to.inbound[index].Rule
	g.edges = append(g.edges, edge{
		From: from, To: &to.node, Traffic: g.traffic(from.Kind, r),
		Rule: edgeRule{Position: index + 1, Text: rules.Format(whole.MapTags(g.names.name)), Literal: rules.Format(whole)},
	})
}

// traffic returns what of a rule is not said by the two nodes.
func (g *graph) traffic(kind string, r rules.Rule) string {
	r.Action = ""
	r.To.Tag, r.To.Selector, r.To.NotTag, r.To.NotSelector = rules.Tag{}, "", rules.Tag{}, ""
	switch kind {
	case kindCIDR:
		r.From.Nets = nil
	case kindProfile, kindSelector:
		r.From.Tag, r.From.Selector, r.From.NotTag, r.From.NotSelector = rules.Tag{}, "", rules.Tag{}, ""
	}
	return cmp.Or(rules.Format(r.MapTags(g.names.name)), "all")
}

// nodes returns the profiles, those that are named or touched by an edge, and
// then who else is there, in order.
func (g *graph) nodes() []*node {
	touched := map[*node]bool{}
	for _, e := range g.edges {
		touched[e.From], touched[e.To] = true, true
	}
	var list []*node
	for _, m := range g.members {
		if g.asked(m) || touched[&m.node] {
			list = append(list, &m.node)
		}
	}
	var others []*node
	for _, n := range g.others {
		others = append(others, n)
	}
	slices.SortFunc(others, func(a, b *node) int { return cmp.Or(cmp.Compare(a.Kind, b.Kind), cmp.Compare(a.Name, b.Name)) })
	return append(list, others...)
}
