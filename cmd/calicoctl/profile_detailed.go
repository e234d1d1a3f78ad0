package main

import (
	"context"
	"slices"
	"strings"

	"github.com/calicoctl/calicoctl/pkg/rules"
	"github.com/calicoctl/calicoctl/pkg/store"
)

// endpointView is a row of profile show --detailed: an endpoint and one of its
// profiles, or a profile that no endpoint has.
type endpointView struct {
	Profile      string       `json:"profile"`
	Network      string       `json:"network,omitempty"` // of Docker
	Missing      bool         `json:"missing,omitempty"` // there is no such profile
	Host         string       `json:"host,omitempty"`
	Orchestrator string       `json:"orchestrator,omitempty"`
	Workload     string       `json:"workload,omitempty"`
	Endpoint     string       `json:"endpoint,omitempty"`
	Addresses    []string     `json:"addresses,omitempty"`
	State        string       `json:"state,omitempty"` // of v1 only
	Layout       store.Layout `json:"layout,omitempty"`
}

// profileShowDetailed prints one row for each endpoint of each profile.
func (s *session) profileShowDetailed(ctx context.Context, profiles []summary) error {
	known := map[string]bool{}
	for _, p := range profiles {
		known[p.Profile] = true
	}
	var rows []endpointView
	used := map[string]bool{}
	seen := s.progress("endpoints")
	defer seen.end()
	err := s.store.EachEndpoint(ctx, func(e store.Endpoint, damaged error) error {
		seen.add()
		if damaged != nil {
			seen.end()
			s.warn("%v", damaged)
			return nil
		}
		for _, id := range e.Profiles {
			used[id] = true
			rows = append(rows, endpointView{
				Profile: id, Network: s.networkName(id), Missing: !known[id], Layout: e.Layout,
				Host: e.Host, Orchestrator: e.Orchestrator, Workload: e.Workload, Endpoint: e.Name,
				Addresses: e.Addresses, State: e.State,
			})
		}
		return nil
	})
	if err != nil {
		return err
	}
	for id := range known {
		if !used[id] {
			rows = append(rows, endpointView{Profile: id, Network: s.networkName(id)})
		}
	}
	slices.SortStableFunc(rows, func(a, b endpointView) int {
		return strings.Compare(a.Profile, b.Profile)
	})
	return s.print(detailedTable(rows), rows)
}

func detailedTable(rows []endpointView) string {
	cells := make([][]string, len(rows))
	for i, r := range rows {
		name := r.Profile
		if r.Missing {
			name += " (missing)"
		}
		cells[i] = []string{
			name, r.Network, orNone(r.Host), orNone(r.Orchestrator), orNone(r.Workload), orNone(r.Endpoint),
			orNone(strings.Join(r.Addresses, ",")), r.State,
		}
		for j := range cells[i] {
			cells[i][j] = rules.Printable(cells[i][j])
		}
	}
	return table([]string{"Name", "Docker network", "Host", "Orchestrator", "Workload", "Endpoint", "Addresses", "State"}, cells)
}

func orNone(text string) string {
	if text == "" {
		return "None"
	}
	return text
}
