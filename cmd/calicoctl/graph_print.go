package main

import (
	"bytes"
	"fmt"
	"net/netip"
	"strings"

	"github.com/calicoctl/calicoctl/internal/brief"
	"github.com/calicoctl/calicoctl/internal/printable"
)

// printGraph prints the graph in the format that was asked for.
func (a *app) printGraph(g *graph) error {
	nodes := g.nodes()
	switch a.output {
	case "dot":
		a.out.WriteString(graphDOT(nodes, g.edges))
	case "mermaid":
		a.out.WriteString(graphMermaid(nodes, g.edges))
	case "text":
		a.out.WriteString(g.table(nodes))
	default:
		view := struct {
			Nodes []*node `json:"nodes"`
			Edges []edge  `json:"edges"`
		}{nodes, g.edges}
		if view.Nodes == nil {
			view.Nodes = []*node{}
		}
		if view.Edges == nil {
			view.Edges = []edge{}
		}
		return a.print("", view)
	}
	return nil
}

// table returns a row for each edge, and one for each profile that was asked for
// and that nobody may talk to.
func (g *graph) table(nodes []*node) string {
	var rows [][]string
	at := map[*node][]int{}
	for i, e := range g.edges {
		at[e.To] = append(at[e.To], i)
	}
	for _, n := range nodes {
		for _, i := range at[n] {
			e := g.edges[i]
			rows = append(rows, []string{e.From.cell(), n.cell(), e.Traffic, fmt.Sprintf("inbound rule %d", e.Rule.Position)})
		}
		if n.Kind != kindProfile || len(at[n]) > 0 || g.only != nil && !g.only[n.ID] {
			continue
		}
		why := ""
		if n.DropsAll {
			why = droppingText
		}
		rows = append(rows, []string{"None", n.cell(), why, ""})
	}
	var out bytes.Buffer
	table{
		header: []string{"From", "To", "Traffic", "Allowed by"},
		rows:   len(rows), row: func(i int) []string { return rows[i] },
	}.write(&out)
	return out.String()
}

const droppingText = "drops everything: Felix refuses a rule"

// cell names a node so that it is mistaken for no other.
func (n *node) cell() string {
	_, err := netip.ParsePrefix(n.Name)
	if n.Kind == kindProfile && (n.Name == kindAnywhere || n.Name == "None" || err == nil || strings.Contains(n.Name, " ")) {
		return "profile " + brief.Name(n.Name)
	}
	return brief.Name(n.Name)
}

// label is what stands in a node.
func (n *node) label() string {
	if n.DropsAll {
		return n.cell() + " (" + droppingText + ")"
	}
	return n.cell()
}

// numbered gives each node a name that is safe in any language.
func numbered(nodes []*node) map[*node]string {
	ids := make(map[*node]string, len(nodes))
	for i, n := range nodes {
		ids[n] = fmt.Sprintf("n%d", i+1)
	}
	return ids
}

// graphDOT returns the graph in the language of Graphviz.
func graphDOT(nodes []*node, edges []edge) string {
	var out strings.Builder
	ids := numbered(nodes)
	out.WriteString("digraph policy {\n  rankdir=LR;\n  node [shape=box];\n")
	for _, n := range nodes {
		style := map[string]string{kindAnywhere: ", shape=doublecircle", kindCIDR: ", shape=ellipse", kindSelector: ", shape=hexagon"}[n.Kind]
		if n.DropsAll {
			style = ", style=dashed"
		}
		fmt.Fprintf(&out, "  %s [label=%s%s];\n", ids[n], quoteDOT(n.label()), style)
	}
	for _, e := range edges {
		fmt.Fprintf(&out, "  %s -> %s [label=%s];\n", ids[e.From], ids[e.To], quoteDOT(e.Traffic))
	}
	out.WriteString("}\n")
	return out.String()
}

// quoteDOT returns text as a string of DOT, in which a backslash would begin an
// escape of a label, and an ampersand an entity of HTML if a semicolon follows.
func quoteDOT(text string) string {
	text = brief.Cell(printable.Text(text))
	if strings.Contains(text, ";") {
		text = strings.ReplaceAll(text, "&", "&amp;")
	}
	return `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(text) + `"`
}

// graphMermaid returns the graph as a flowchart of Mermaid.
func graphMermaid(nodes []*node, edges []edge) string {
	var out strings.Builder
	ids := numbered(nodes)
	out.WriteString("flowchart LR\n")
	for _, n := range nodes {
		left, right := "[", "]"
		switch n.Kind {
		case kindAnywhere:
			left, right = "((", "))"
		case kindCIDR:
			left, right = "([", "])"
		case kindSelector:
			left, right = "{{", "}}"
		}
		fmt.Fprintf(&out, "  %s%s%s%s\n", ids[n], left, quoteMermaid(n.label()), right)
	}
	for _, e := range edges {
		fmt.Fprintf(&out, "  %s -->|%s| %s\n", ids[e.From], quoteMermaid(e.Traffic), ids[e.To])
	}
	return out.String()
}

// quoteMermaid returns text as a string of Mermaid. Whatever may mean something
// there, to its Markdown or to HTML is written as the entity of its number.
func quoteMermaid(text string) string {
	var out strings.Builder
	out.WriteByte('"')
	for _, r := range brief.Cell(printable.Text(text)) {
		switch {
		case r == '"':
			out.WriteString("#quot;")
		case r > 0x7f || strings.ContainsRune(" .,:/()-", r), '0' <= r && r <= '9', 'a' <= r && r <= 'z', 'A' <= r && r <= 'Z':
			out.WriteRune(r)
		default:
			fmt.Fprintf(&out, "#%d;", r)
		}
	}
	out.WriteByte('"')
	return out.String()
}
