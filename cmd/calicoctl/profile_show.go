package main

import (
	"bytes"
	"context"
	"slices"
	"strconv"
	"strings"

	"github.com/olekukonko/tablewriter"
	"github.com/spf13/cobra"

	"github.com/calicoctl/calicoctl/pkg/rules"
	"github.com/calicoctl/calicoctl/pkg/store"
)

func (a *app) profileShowCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "show",
		Short: "List all profiles",
		Long: `Lists all profiles: their names, the Docker network that each belongs to if this
host has it, the numbers of their rules, and the layout in which etcd holds
them. projectcalico-default-allow is built into Calico.`,
		Example: `  calicoctl profile show
  calicoctl profile show -o json`,
		Args: noWords,
		RunE: func(cmd *cobra.Command, _ []string) error { return a.profileShow(cmd.Context()) },
	}
}

// summary is a line of the list of profiles. A damaged profile has no numbers.
type summary struct {
	Profile  string       `json:"profile"`
	Network  string       `json:"network,omitempty"` // of Docker
	Inbound  *int         `json:"inboundRules,omitempty"`
	Outbound *int         `json:"outboundRules,omitempty"`
	Layout   store.Layout `json:"layout"`
	Revision int64        `json:"revision,omitempty"`
	BuiltIn  bool         `json:"builtIn,omitempty"`
	Error    string       `json:"error,omitempty"`
}

func (a *app) profileShow(ctx context.Context) error {
	ctx, cancel := a.deadline(ctx)
	defer cancel()
	s, err := a.connect(ctx)
	if err != nil {
		return err
	}
	defer s.close()
	s.warnDocker()
	list := []summary{summarize(store.BuiltIn())}
	err = s.store.List(ctx, func(id string, p *store.Profile, damaged error) error {
		if damaged != nil {
			s.warn("%v", damaged)
			list = append(list, summary{Profile: id, Layout: store.V3, Error: damaged.Error()})
			return nil
		}
		list = append(list, summarize(p))
		return nil
	})
	if err != nil {
		return err
	}
	for i := range list {
		if n, found, err := s.networks.Find(list[i].Profile); err == nil && found && n.ID == list[i].Profile {
			list[i].Network = n.Name
		}
	}
	slices.SortStableFunc(list, func(a, b summary) int { return strings.Compare(a.Profile, b.Profile) })
	return s.print(table(list), list)
}

func summarize(p *store.Profile) summary {
	in, out := len(p.Inbound), len(p.Outbound)
	return summary{Profile: p.ID, Inbound: &in, Outbound: &out, Layout: p.Layout, Revision: p.Revision, BuiltIn: p.BuiltIn}
}

// table returns the list as text.
func table(list []summary) string {
	var out bytes.Buffer
	t := tablewriter.NewWriter(&out)
	t.SetAutoFormatHeaders(false)
	t.SetAutoWrapText(false)
	t.SetHeader([]string{"Name", "Docker network", "Inbound", "Outbound", "Layout"})
	for _, s := range list {
		layout := string(s.Layout)
		switch {
		case s.BuiltIn:
			layout = "built in"
		case s.Error != "":
			layout = "damaged"
		}
		t.Append([]string{rules.Printable(s.Profile), rules.Printable(s.Network), count(s.Inbound), count(s.Outbound), layout})
	}
	t.Render()
	return out.String()
}

func count(n *int) string {
	if n == nil {
		return "?"
	}
	return strconv.Itoa(*n)
}
