package graph

import (
	"fmt"
	"net/netip"
	"strings"

	"github.com/calicoctl/calicoctl/internal/brief"
)

// Header returns the header of the table whose rows are Rows.
func Header() []string { return []string{"From", "To", "Traffic", "Allowed by"} }

// Rows returns a row for each edge, and one for each selected profile to which nobody
// may open a connection.
func (g *Graph) Rows() [][]string {
	var rows [][]string
	at := map[*Node][]int{}
	for i, e := range g.Edges {
		at[e.To] = append(at[e.To], i)
	}
	for _, n := range g.Nodes {
		for _, i := range at[n] {
			e := g.Edges[i]
			rows = append(rows, []string{e.From.cell(), n.cell(), e.Traffic, fmt.Sprintf("inbound rule %d", e.Rule.Position)})
		}
		if n.Kind != Profile || len(at[n]) > 0 || g.selected != nil && !g.selected[n.ID] {
			continue
		}
		why := ""
		if n.DropsAll {
			why = dropsAllText
		}
		rows = append(rows, []string{"None", n.cell(), why, ""})
	}
	return rows
}

const dropsAllText = "drops everything: a rule is invalid for Felix"

// cell returns the name of a node, so that no profile is taken for another kind of node.
func (n *Node) cell() string {
	_, err := netip.ParsePrefix(n.Name)
	if n.Kind == Profile && (n.Name == Anywhere || n.Name == "None" || err == nil || strings.Contains(n.Name, " ")) {
		return "profile " + brief.Name(n.Name)
	}
	return brief.Name(n.Name)
}

// label returns the text of a node in a diagram.
func (n *Node) label() string {
	if n.DropsAll {
		return n.cell() + " (" + dropsAllText + ")"
	}
	return n.cell()
}
