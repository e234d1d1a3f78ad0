package graph_test

import (
	"context"
	"encoding/json"
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/calicoctl/calicoctl/internal/graph"
	"github.com/calicoctl/calicoctl/internal/testkit/profiletest"
	"github.com/calicoctl/calicoctl/pkg/profile"
)

func same(id string) string { return id }

func build(t *testing.T, profiles []*profile.Profile, name func(string) string, selected ...string) *graph.Graph {
	t.Helper()
	var b graph.Builder
	for _, p := range profiles {
		b.Add(p)
	}
	var ids map[string]bool
	for _, id := range selected {
		if ids == nil {
			ids = map[string]bool{}
		}
		ids[id] = true
	}
	g, err := b.Build(t.Context(), name, ids)
	if err != nil {
		t.Fatal(err)
	}
	return g
}

// rows returns the rows of the table, with "; " between the cells.
func rows(g *graph.Graph) []string {
	list := []string{}
	for _, row := range g.Rows() {
		list = append(list, strings.Join(row, "; "))
	}
	return list
}

func TestEdges(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name     string
		profiles []*profile.Profile
		selected []string
		want     []string
	}{
		{name: "nothing"},
		{
			name: "a tag, an address and anywhere",
			profiles: []*profile.Profile{
				profiletest.New(t, "app", "app=", "outbound allow"),
				profiletest.New(t, "db", "db=", "inbound allow tcp from tag app to ports 3306", "inbound allow udp from cidr 10.0.0.0/8,192.168.0.0/16", "inbound allow icmp"),
			},
			want: []string{
				"None; app; ; ",
				"app; db; tcp to ports 3306; inbound rule 1", "10.0.0.0/8; db; udp; inbound rule 2",
				"192.168.0.0/16; db; udp; inbound rule 2", "anywhere; db; icmp; inbound rule 3",
			},
		},
		{
			name:     "a tag that no profile carries",
			profiles: []*profile.Profile{profiletest.New(t, "db", "inbound allow from tag nobody")},
			want:     []string{"tag nobody; db; all; inbound rule 1"},
		},
		{
			name: "what a rule before it denies",
			profiles: []*profile.Profile{
				profiletest.New(t, "app", "app=", "outbound allow"),
				profiletest.New(t, "db", "inbound deny from tag app", "inbound allow tcp from tag app"),
			},
			want: []string{"None; app; ; ", "None; db; ; "},
		},
		{
			name: "what the source may not send",
			profiles: []*profile.Profile{
				profiletest.New(t, "app", "app=", "outbound deny tcp", "outbound allow"),
				profiletest.New(t, "db", "inbound allow tcp from tag app", "inbound allow udp from tag app"),
			},
			want: []string{"None; app; ; ", "app; db; udp; inbound rule 2"},
		},
		{
			name: "an invalid profile drops everything, as source and as destination",
			profiles: []*profile.Profile{
				profiletest.New(t, "bad", "bad=", "outbound allow", "inbound allow", `{"action":"Allow","protocol":"TCP","destination":{"ports":[0]}}`),
				profiletest.New(t, "db", "inbound allow from tag bad"),
			},
			want: []string{"None; bad; drops everything: a rule is invalid for Felix; ", "tag bad; db; all; inbound rule 1"},
		},
		{
			name: "only what touches the selected profile",
			profiles: []*profile.Profile{
				profiletest.New(t, "a", "a=", "inbound allow from tag b", "inbound allow", "outbound allow"),
				profiletest.New(t, "b", "b=", "inbound allow from tag c", "outbound allow"),
				profiletest.New(t, "c", "c=", "outbound allow"),
			},
			selected: []string{"b"},
			want:     []string{"b; a; all; inbound rule 1", "c; b; all; inbound rule 1"},
		},
		{
			name:     "names that look like other nodes",
			profiles: []*profile.Profile{profiletest.New(t, "anywhere"), profiletest.New(t, "None"), profiletest.New(t, "10.0.0.0/8"), profiletest.New(t, "")},
			want:     []string{`None; ""; ; `, "None; profile 10.0.0.0/8; ; ", "None; profile None; ; ", "None; profile anywhere; ; "},
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			got := rows(build(t, c.profiles, same, c.selected...))
			if diff := cmp.Diff(append([]string{}, c.want...), got); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

func TestFormats(t *testing.T) {
	t.Parallel()
	id := strings.Repeat("d", 64)
	g := build(t, []*profile.Profile{
		profiletest.New(t, id, id+"/tag=", "outbound allow", "inbound allow tcp from tag "+id+" to ports 22", `{"action":"Allow","source":{"selector":"x == \"a;&\""}}`),
		profiletest.New(t, "bad", `{"action":"Alow"}`),
	}, func(id string) string { return strings.Replace(id, strings.Repeat("d", 64), "databases", 1) })
	dot := `digraph policy {
  rankdir=LR;
  node [shape=box];
  n1 [label="bad (drops everything: a rule is invalid for Felix)", style=dashed];
  n2 [label="databases"];
  n3 [label="selector \"x == \\\"a;&amp;\\\"\"", shape=hexagon];
  n2 -> n2 [label="tcp to ports 22"];
  n3 -> n2 [label="all"];
}
`
	mermaid := `flowchart LR
  n1["bad (drops everything: a rule is invalid for Felix)"]
  n2["databases"]
  n3{{"selector #quot;x #61;#61; #92;#quot;a#59;#38;#92;#quot;#quot;"}}
  n2 -->|"tcp to ports 22"| n2
  n3 -->|"all"| n2
`
	if diff := cmp.Diff(dot, g.DOT()); diff != "" {
		t.Errorf("DOT (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff(mermaid, g.Mermaid()); diff != "" {
		t.Errorf("Mermaid (-want +got):\n%s", diff)
	}
	want := graph.Rule{Position: 1, Text: "allow tcp from tag databases to ports 22", Literal: "allow tcp from tag " + id + " to ports 22"}
	if diff := cmp.Diff(want, g.Edges[0].Rule); diff != "" {
		t.Errorf("rule of the edge (-want +got):\n%s", diff)
	}
}

// Programs get empty lists, not null.
func TestEmptyGraph(t *testing.T) {
	t.Parallel()
	content, err := json.Marshal(build(t, nil, same))
	if got, want := string(content), `{"nodes":[],"edges":[]}`; got != want || err != nil {
		t.Errorf("%s, %v", got, err)
	}
}

func TestCanceled(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := (&graph.Builder{}).Build(ctx, same, nil); !errors.Is(err, context.Canceled) {
		t.Errorf("ended with %v", err)
	}
}
