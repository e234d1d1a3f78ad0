package graph

import (
	"fmt"
	"strings"

	"github.com/calicoctl/calicoctl/internal/brief"
	"github.com/calicoctl/calicoctl/internal/printable"
)

// numbered gives each node an identifier that is valid in both languages.
func numbered(nodes []*Node) map[*Node]string {
	ids := make(map[*Node]string, len(nodes))
	for i, n := range nodes {
		ids[n] = fmt.Sprintf("n%d", i+1)
	}
	return ids
}

// DOT returns the graph in the language of Graphviz.
func (g *Graph) DOT() string {
	var out strings.Builder
	ids := numbered(g.Nodes)
	out.WriteString("digraph policy {\n  rankdir=LR;\n  node [shape=box];\n")
	for _, n := range g.Nodes {
		style := map[string]string{Anywhere: ", shape=doublecircle", CIDR: ", shape=ellipse", Selector: ", shape=hexagon"}[n.Kind]
		if n.DropsAll {
			style = ", style=dashed"
		}
		fmt.Fprintf(&out, "  %s [label=%s%s];\n", ids[n], quoteDOT(n.label()), style)
	}
	for _, e := range g.Edges {
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

// Mermaid returns the graph as a flowchart of Mermaid.
func (g *Graph) Mermaid() string {
	var out strings.Builder
	ids := numbered(g.Nodes)
	out.WriteString("flowchart LR\n")
	for _, n := range g.Nodes {
		left, right := "[", "]"
		switch n.Kind {
		case Anywhere:
			left, right = "((", "))"
		case CIDR:
			left, right = "([", "])"
		case Selector:
			left, right = "{{", "}}"
		}
		fmt.Fprintf(&out, "  %s%s%s%s\n", ids[n], left, quoteMermaid(n.label()), right)
	}
	for _, e := range g.Edges {
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
