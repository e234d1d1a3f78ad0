package main

import (
	"bytes"
	"context"
	"errors"
	"slices"
	"strconv"
	"strings"

	"github.com/calicoctl/calicoctl/internal/cli"

	"github.com/spf13/cobra"

	"github.com/calicoctl/calicoctl/internal/brief"
	"github.com/calicoctl/calicoctl/internal/printable"
	"github.com/calicoctl/calicoctl/internal/render"
	"github.com/calicoctl/calicoctl/internal/tty"
	"github.com/calicoctl/calicoctl/pkg/profile"
	"github.com/calicoctl/calicoctl/pkg/store"
)

func profileShowCommand(a *app) *cobra.Command {
	var detailed bool
	cmd := &cobra.Command{
		Use:   "show",
		Short: "List all profiles",
		Long: `Lists all profiles: name, Docker network and its driver (if this host has it),
numbers of rules, and the layout in etcd. projectcalico-default-allow is built into
Calico. With --detailed, prints one row for each endpoint of each profile, and None
where there is nothing.`,
		Example: `  calicoctl profile show
  calicoctl profile show --detailed
  calicoctl profile show -o json`,
		Args: cli.NoArguments,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return inSession(cmd.Context(), a, func(ctx context.Context, s *session) error {
				return profileShow(ctx, s, detailed)
			})
		},
	}
	cmd.Flags().BoolVar(&detailed, "detailed", false, "one row for each endpoint")
	return cmd
}

// summary is a line of the list of profiles. A malformed profile has no numbers.
type summary struct {
	Profile  string         `json:"profile"`
	Network  string         `json:"network,omitempty"`  // of Docker; the first by name
	Driver   string         `json:"driver,omitempty"`   // that runs it
	Networks []string       `json:"networks,omitempty"` // where several share the profile
	Inbound  *int           `json:"inboundRules,omitempty"`
	Outbound *int           `json:"outboundRules,omitempty"`
	Layout   profile.Layout `json:"layout"`
	Revision int64          `json:"revision,omitempty"`
	BuiltIn  bool           `json:"builtIn,omitempty"`
	Error    string         `json:"error,omitempty"`
}

func profileShow(ctx context.Context, s *session, detailed bool) error {
	s.warnDocker()
	view := s.store.View()
	list, err := summaries(ctx, s, view)
	if err == nil && len(list) == 1 && s.store.LacksCalico(ctx, view.Revision()) { // there is just the one that is built in
		s.app.msg.Printf("there is no key of Calico in etcd at %s; is ETCD_ENDPOINTS right?", s.endpoints())
	}
	switch {
	case err != nil:
		return err
	case detailed:
		return profileShowDetailed(ctx, s, view, list)
	}
	if s.app.out.Format == "text" {
		return s.app.out.Print(summaryTable(list), nil)
	}
	return s.app.out.Print("", list)
}

// summaries returns a summary of every profile, sorted by name.
func summaries(ctx context.Context, s *session, view *store.View) ([]summary, error) {
	list := []summary{summarize(profile.BuiltIn())}
	seen := tty.NewProgress(s.app.msg.Out, "profiles")
	defer seen.End()
	err := view.List(ctx, func(id string, p *profile.Profile, malformed error) error {
		seen.Add()
		if malformed != nil {
			seen.End()
			s.app.msg.Printf("%v", malformed)
			row := summary{Profile: id, Error: malformed.Error()}
			var why *profile.MalformedError
			if errors.As(malformed, &why) {
				row.Layout = why.Layout
			}
			list = append(list, row)
			return nil
		}
		list = append(list, summarize(p))
		return nil
	})
	for i := range list {
		list[i].Network, list[i].Driver, list[i].Networks = networksOf(s, list[i].Profile)
	}
	slices.SortStableFunc(list, func(a, b summary) int { return strings.Compare(a.Profile, b.Profile) })
	return list, err
}

func summarize(p *profile.Profile) summary {
	in, out := len(p.Inbound), len(p.Outbound)
	return summary{Profile: p.ID, Inbound: &in, Outbound: &out, Layout: p.Layout, Revision: p.Revision, BuiltIn: p.BuiltIn}
}

// networksOf returns the first network that has a profile, its driver, and all of
// them if there are several.
func networksOf(s *session, profile string) (name, driver string, all []string) {
	list := s.names.NetworksOf(profile)
	if len(list) == 0 {
		return "", "", nil
	}
	if len(list) > 1 {
		for _, n := range list {
			all = append(all, n.Name)
		}
	}
	return list[0].Name, list[0].Driver, all
}

// networkCell returns a profile's networks as text.
func networkCell(name string, all []string) string {
	if len(all) > 0 {
		name = strings.Join(all, ", ")
	}
	return printable.Text(name)
}

// summaryTable returns the list as text.
func summaryTable(list []summary) string {
	rows := make([][]string, len(list))
	for i, s := range list {
		layout := string(s.Layout)
		switch {
		case s.BuiltIn:
			layout = "built in"
		case s.Error != "":
			layout = "malformed"
		}
		rows[i] = []string{
			brief.Name(s.Profile), networkCell(s.Network, s.Networks), printable.Text(s.Driver), count(s.Inbound), count(s.Outbound), layout,
		}
	}
	header := []string{"Name", "Docker network", "Driver", "Inbound", "Outbound", "Layout"}
	if !slices.ContainsFunc(list, func(s summary) bool { return s.Driver != "" }) {
		const driver = 2
		header = slices.Delete(header, driver, driver+1)
		for i := range rows {
			rows[i] = slices.Delete(rows[i], driver, driver+1)
		}
	}
	var out bytes.Buffer
	render.Table{Header: header, Rows: len(rows), Row: func(i int) []string { return rows[i] }}.Write(&out)
	return out.String()
}

func count(n *int) string {
	if n == nil {
		return "?"
	}
	return strconv.Itoa(*n)
}
