package main

import (
	"context"
	"runtime/debug"

	"github.com/spf13/cobra"

	"github.com/calicoctl/calicoctl/internal/graph"
	"github.com/calicoctl/calicoctl/internal/names"
	"github.com/calicoctl/calicoctl/internal/printable"
	"github.com/calicoctl/calicoctl/internal/render"
	"github.com/calicoctl/calicoctl/internal/tty"
	"github.com/calicoctl/calicoctl/pkg/profile"
)

func profileGraphCommand(a *app) *cobra.Command {
	return &cobra.Command{
		Use:   "graph [NAME...]",
		Short: "Show reachability between profiles",
		Annotations: map[string]string{
			"usage":     "calicoctl profile graph [NAME...] [-o text|dot|mermaid|json|yaml] [flags]",
			moreFormats: "dot mermaid",
		},
		Long: `Shows which profiles can open connections to which: one row for each inbound rule
that allows traffic. With NAMEs, only the connections from and to these. A source is
a profile, an address, anywhere, or a tag or selector that matches no profile.

Traffic that the rules before, or the outbound rules of the source, are proven to
deny is omitted. Each endpoint is assumed to have one profile and no labels of its
own. Policies are ignored.

-o dot prints a graph for Graphviz, -o mermaid one for Mermaid.`,
		Example: `  calicoctl profile graph
  calicoctl profile graph databases
  calicoctl profile graph -o dot | dot -Tsvg > policy.svg`,
		RunE: func(cmd *cobra.Command, args []string) error {
			names, err := namesOrProfile(a, cmd, args)
			if err != nil {
				return err
			}
			return inSession(cmd.Context(), a, func(ctx context.Context, s *session) error { return runGraph(ctx, s, names) })
		},
	}
}

func runGraph(ctx context.Context, s *session, typed []string) error {
	s.warnDocker()
	// All profiles stay until the end, so collect what was read for them sooner.
	defer debug.SetGCPercent(debug.SetGCPercent(50))
	targets, err := s.names.Targets(typed)
	if err != nil {
		return err
	}
	builder := &graph.Builder{}
	known, err := readGraph(ctx, s, builder)
	if err != nil {
		return err
	}
	shown := names.Shown{Networks: s.names.Networks, There: known}
	var selected map[string]bool
	if len(targets) > 0 {
		selected = map[string]bool{}
	}
	for _, t := range targets {
		id, err := t.Existing(known)
		if err != nil {
			return err
		}
		selected[id] = true
	}
	g, err := builder.Build(ctx, shown.Name, selected)
	if err != nil {
		return err
	}
	return printGraph(s.app, g)
}

// readGraph adds the profiles that Felix reads, and returns the IDs of all.
func readGraph(ctx context.Context, s *session, builder *graph.Builder) (known names.IDs, err error) {
	known = names.IDs{profile.DefaultAllow: true}
	old := 0
	seen := tty.NewProgress(s.app.msg.Out, "profiles")
	defer seen.End()
	err = s.store.List(ctx, func(id string, p *profile.Profile, malformed error) error {
		seen.Add()
		switch {
		case known[id]:
		case malformed != nil:
			seen.End()
			s.app.msg.Printf("%v", malformed)
		case p.Layout == profile.V1:
			old++
		default:
			if invalid := p.Invalid(); len(invalid) > 0 {
				seen.End()
				s.app.msg.Each("profile "+printable.Text(p.ID), invalid)
			}
			builder.Add(p)
		}
		known[id] = true
		return ctx.Err()
	})
	seen.End()
	switch {
	case err != nil:
	case old == 1:
		s.app.msg.Printf("1 profile in the layout of calicoctl 0.x is left out, because no Felix reads it")
	case old > 1:
		s.app.msg.Printf("%d profiles in the layout of calicoctl 0.x are left out, because no Felix reads them", old)
	}
	return known, err
}

// printGraph prints the graph in the format that was asked for.
func printGraph(a *app, g *graph.Graph) error {
	switch a.out.Format {
	case "dot":
		_, _ = a.out.WriteString(g.DOT()) // the printer keeps its error
	case "mermaid":
		_, _ = a.out.WriteString(g.Mermaid())
	case "text":
		rows := g.Rows()
		render.Table{Header: graph.Header(), Rows: len(rows), Row: func(i int) []string { return rows[i] }}.Write(&a.out)
	default:
		return a.out.Print("", g)
	}
	return nil
}
