package main

import (
	"cmp"
	"context"
	"runtime/debug"
	"slices"

	"github.com/spf13/cobra"

	"github.com/calicoctl/calicoctl/internal/printable"
	"github.com/calicoctl/calicoctl/pkg/rules"
	"github.com/calicoctl/calicoctl/pkg/store"
)

func (a *app) profileGraphCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "graph [NAME...]",
		Short: "Show who may talk to whom",
		Annotations: map[string]string{
			"usage":     "calicoctl profile graph [NAME...] [-o text|dot|mermaid|json|yaml] [flags]",
			moreFormats: "dot mermaid",
		},
		Long: `Shows who may open connections to whom: one line, or arrow, for each inbound rule
that allows something, from the profiles that it is about to the profile that has
it. With NAMEs, only what begins or ends there. Senders are profiles, addresses,
anywhere, or a tag or selector that no profile fits.

What rules in front decide is left out, and so is what the sender's own outbound
rules forbid, if that is certain. An endpoint is taken to have one profile and no
labels but those that it gives; policies are not looked at.

-o dot writes the language of Graphviz, -o mermaid that of Mermaid.`,
		Example: `  calicoctl profile graph
  calicoctl profile graph databases
  calicoctl profile graph -o dot | dot -Tsvg > policy.svg`,
		RunE: func(cmd *cobra.Command, args []string) error {
			names, err := a.namesOrProfile(cmd, args)
			if err != nil {
				return err
			}
			return a.inSession(cmd.Context(), func(ctx context.Context, s *session) error { return s.graph(ctx, names) })
		},
	}
}

func (s *session) graph(ctx context.Context, words []string) error {
	s.warnDocker()
	// All profiles stay until the end, so collect what was read for them sooner.
	defer debug.SetGCPercent(debug.SetGCPercent(50))
	var targets []target
	for _, word := range words {
		t, err := s.target(word)
		if err != nil {
			return err
		}
		targets = append(targets, t)
	}
	g, err := s.readGraph(ctx)
	if err != nil {
		return err
	}
	if len(targets) > 0 {
		g.only = map[string]bool{}
	}
	for _, t := range targets {
		t.planned = g.names.made
		id, err := t.existing(g.names.snap)
		if err != nil {
			return err
		}
		g.only[id] = true
	}
	if err := g.connect(ctx); err != nil {
		return err
	}
	return s.app.printGraph(g)
}

// readGraph reads the profiles that Felix does.
func (s *session) readGraph(ctx context.Context) (*graph, error) {
	ids := map[string]bool{store.DefaultAllow: true}
	g := &graph{
		names: shownNames{networks: s.networks, snap: &store.Snapshot{}, made: ids},
		byTag: map[string][]*member{}, others: map[[2]string]*node{},
	}
	old := 0
	seen := s.app.progress("profiles")
	defer seen.end()
	err := s.store.List(ctx, func(id string, p *store.Profile, damaged error) error {
		seen.add()
		switch {
		case ids[id]:
		case damaged != nil:
			seen.end()
			s.app.warn("%v", damaged)
		case p.Layout == store.V1:
			old++
		default:
			if trouble := p.Trouble(); len(trouble) > 0 {
				seen.end()
				s.app.warnEach("profile "+printable.Text(p.ID), trouble)
			}
			g.members = append(g.members, newMember(p))
		}
		ids[id] = true
		return ctx.Err()
	})
	if err != nil {
		return nil, err
	}
	seen.end()
	switch {
	case old == 1:
		s.app.warn("1 profile in the layout of calicoctl 0.x is left out, because no Felix reads it")
	case old > 1:
		s.app.warn("%d profiles in the layout of calicoctl 0.x are left out, because no Felix reads them", old)
	}
	for _, m := range g.members {
		m.Name = g.names.name(m.ID)
		for label := range m.labels {
			g.byTag[label] = append(g.byTag[label], m)
		}
	}
	slices.SortFunc(g.members, func(a, b *member) int { return cmp.Compare(a.Name, b.Name) })
	for _, list := range g.byTag {
		slices.SortFunc(list, func(a, b *member) int { return cmp.Compare(a.Name, b.Name) })
	}
	return g, nil
}

// newMember takes out of a profile what the graph is about, so that the rest need
// not stay in memory.
func newMember(p *store.Profile) *member {
	m := &member{
		node:   node{Kind: kindProfile, ID: p.ID},
		labels: map[string]string{}, inbound: meanings(p.Inbound), outbound: meanings(p.Outbound),
	}
	for _, l := range p.Applied() {
		m.labels[l.Name] = l.Value
	}
	for _, r := range slices.Concat(p.Inbound, p.Outbound) {
		m.DropsAll = m.DropsAll || len(r.Trouble()) > 0
	}
	m.party = rules.Endpoint(m.labels)
	return m
}

// meanings returns rules without their bytes.
func meanings(list []rules.Stored) []rules.Stored {
	out := make([]rules.Stored, len(list))
	for i, r := range list {
		out[i] = rules.Stored{Rule: r.Rule, Problems: r.Problems}
	}
	return out
}
