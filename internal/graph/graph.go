// Package graph finds out who may open connections to whom: one edge for each inbound
// rule that allows something, from each source that it allows to the profile that has
// it. It reads nothing; profiles are passed to a Builder.
//
// What rules before that one match is left out, and so is what the outbound rules of
// the source deny, as far as both are proven. An endpoint is taken to have one profile
// and no labels but those of the profile; policies are not looked at.
package graph

import (
	"cmp"
	"context"
	"slices"

	"github.com/calicoctl/calicoctl/pkg/profile"
	"github.com/calicoctl/calicoctl/pkg/rules"
	"github.com/calicoctl/calicoctl/pkg/verdict"
)

// The kinds of nodes.
const (
	Profile  = "profile"
	Anywhere = "anywhere"
	CIDR     = "cidr"
	Selector = "selector" // a tag or selector that matches no profile
)

// A Graph holds the profiles that were selected or that an edge touches, in the order
// of their names, and then the other nodes.
type Graph struct {
	Nodes []*Node `json:"nodes"`
	Edges []Edge  `json:"edges"`

	selected map[string]bool // IDs; nil for all
}

// A Node is a profile, or another source of connections.
type Node struct {
	Kind     string `json:"kind"`
	Name     string `json:"name"`
	ID       string `json:"id,omitempty"`       // of a profile
	DropsAll bool   `json:"dropsAll,omitempty"` // because a rule of it is invalid for Felix
}

// An Edge is what one inbound rule of a profile allows from one source.
type Edge struct {
	From    *Node  `json:"from"`
	To      *Node  `json:"to"`
	Traffic string `json:"traffic"` // in the syntax of a rule
	Rule    Rule   `json:"rule"`
}

// A Rule is the rule that an edge stands for.
type Rule struct {
	Position int    `json:"position"` // among the inbound rules of the destination, from 1
	Text     string `json:"text"`
	Literal  string `json:"literal"` // the text with IDs
}

// A Builder collects profiles. Its zero value is empty.
type Builder struct {
	members []*member
}

// A member is what the graph needs of a profile.
type member struct {
	node     Node
	labels   map[string]string
	party    verdict.Labels
	inbound  []rules.Stored // without their JSON
	outbound []rules.Stored
}

// Add adds a profile, and keeps only what the graph needs of it.
func (b *Builder) Add(p *profile.Profile) {
	m := &member{
		node:   Node{Kind: Profile, ID: p.ID},
		labels: map[string]string{}, inbound: withoutJSON(p.Inbound), outbound: withoutJSON(p.Outbound),
	}
	for _, l := range p.Applied() {
		m.labels[l.Name] = l.Value
	}
	for _, r := range slices.Concat(p.Inbound, p.Outbound) {
		m.node.DropsAll = m.node.DropsAll || len(r.Drops()) > 0
	}
	m.party = verdict.Endpoint(m.labels)
	b.members = append(b.members, m)
}

func withoutJSON(list []rules.Stored) []rules.Stored {
	out := make([]rules.Stored, len(list))
	for i, r := range list {
		out[i] = rules.Stored{Rule: r.Rule, Problems: r.Problems, Oddities: r.Oddities, NoCriteria: r.NoCriteria}
	}
	return out
}

// Build returns the graph of all profiles that were added. name returns how an ID is
// shown. Only the edges from and to the selected IDs are in it; nil selects all. The
// error is that of the context: the time grows with the square of the profiles.
func (b *Builder) Build(ctx context.Context, name func(id string) string, selected map[string]bool) (*Graph, error) {
	c := &connector{
		name: name, members: b.members, byLabel: map[string][]*member{},
		selected: selected, others: map[[2]string]*Node{}, edges: []Edge{},
	}
	for _, m := range c.members {
		m.node.Name = name(m.node.ID)
	}
	slices.SortFunc(c.members, func(a, b *member) int { return cmp.Compare(a.node.Name, b.node.Name) })
	for _, m := range c.members {
		for label := range m.labels {
			c.byLabel[label] = append(c.byLabel[label], m)
		}
	}
	if err := c.connect(ctx); err != nil {
		return nil, err
	}
	return &Graph{Nodes: c.nodes(), Edges: c.edges, selected: selected}, nil
}
