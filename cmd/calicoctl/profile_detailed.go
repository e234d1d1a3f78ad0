package main

import (
	"context"
	"runtime/debug"
	"slices"
	"strings"
	"unique"

	"github.com/calicoctl/calicoctl/internal/brief"
	"github.com/calicoctl/calicoctl/internal/printable"
	"github.com/calicoctl/calicoctl/internal/render"
	"github.com/calicoctl/calicoctl/internal/tty"
	"github.com/calicoctl/calicoctl/pkg/profile"
	"github.com/calicoctl/calicoctl/pkg/resource"
	"github.com/calicoctl/calicoctl/pkg/store"
)

// endpointView is a row of profile show --detailed: an endpoint and one of its
// profiles, or a profile that no endpoint has.
type endpointView struct {
	Profile      string         `json:"profile"`
	Network      string         `json:"network,omitempty"`  // of Docker; the first by name
	Driver       string         `json:"driver,omitempty"`   // that runs it
	Networks     []string       `json:"networks,omitempty"` // where several share the profile
	Missing      bool           `json:"missing,omitempty"`  // there is no such profile
	Host         string         `json:"host,omitempty"`
	Orchestrator string         `json:"orchestrator,omitempty"`
	Workload     string         `json:"workload,omitempty"`
	Endpoint     string         `json:"endpoint,omitempty"`
	Addresses    []string       `json:"addresses,omitempty"`
	State        string         `json:"state,omitempty"` // of v1 only
	Layout       profile.Layout `json:"layout,omitempty"`
}

// endpointRow is what is kept of a row until all are read: little, because
// there may be 100,000.
type endpointRow struct {
	profile  string
	endpoint *resource.Endpoint // nil for a profile without endpoints
}

// profileShowDetailed prints one row for each endpoint of each profile.
func profileShowDetailed(ctx context.Context, s *session, view *store.View, profiles []summary) error {
	// The rows stay until the end, so collect what was read for them sooner.
	defer debug.SetGCPercent(debug.SetGCPercent(50))
	used := map[string]bool{} // by the ID of each profile, whether an endpoint has it
	for _, p := range profiles {
		used[p.Profile] = false
	}
	rows, err := endpointRows(ctx, s, view, used)
	if err != nil {
		return err
	}
	known := map[string]bool{}
	for _, p := range profiles {
		known[p.Profile] = true
		if !used[p.Profile] {
			rows = append(rows, endpointRow{profile: p.Profile})
			used[p.Profile] = true // where it stands in both layouts
		}
	}
	slices.SortStableFunc(rows, func(a, b endpointRow) int { return strings.Compare(a.profile, b.profile) })
	return render.List(s.app.io.stdout, s.app.out.Format, detailedHeader(), len(rows), func(i int) endpointView {
		return viewEndpoint(s, rows[i], !known[rows[i].profile])
	})
}

// endpointRows reads all endpoints.
func endpointRows(ctx context.Context, s *session, view *store.View, used map[string]bool) ([]endpointRow, error) {
	var rows []endpointRow
	seen := tty.NewProgress(s.app.msg.Out, "endpoints")
	defer seen.End()
	err := view.EachEndpoint(ctx, func(e resource.Endpoint, malformed error) error {
		seen.Add()
		if malformed != nil {
			seen.End()
			s.app.msg.Printf("%v", malformed)
			return nil
		}
		ids := distinct(e.Profiles)
		if size := len(ids) * textSize(e); len(ids) > 1 && size > maxEndpointText {
			seen.End()
			s.app.msg.Printf("endpoint %s has %d profiles, and all its fields would be printed with each; only its key is shown", e.Key, len(ids))
			e = resource.Endpoint{Layout: e.Layout, Name: brief.Cell(e.Key)}
		}
		e.Profiles, e.Key = nil, ""
		for _, id := range ids {
			used[id] = true
			rows = append(rows, endpointRow{profile: unique.Make(id).Value(), endpoint: &e})
		}
		return nil
	})
	return rows, err
}

// maxEndpointText is how much text the rows of one endpoint may have: each row has all
// of it, so that a large document with many profiles would become
// gigabytes.
const maxEndpointText = 16 << 20

// textSize returns the size of an endpoint's text in a row.
func textSize(e resource.Endpoint) int {
	n := len(e.Host) + len(e.Orchestrator) + len(e.Workload) + len(e.Name) + len(e.State)
	for _, a := range e.Addresses {
		n += len(a)
	}
	return n
}

// distinct returns the names in a list, each once.
func distinct(names []string) []string {
	if len(names) < 2 {
		return names
	}
	seen := make(map[string]bool, len(names))
	return slices.DeleteFunc(slices.Clone(names), func(name string) bool {
		again := seen[name]
		seen[name] = true
		return again
	})
}

func viewEndpoint(s *session, row endpointRow, missing bool) endpointView {
	v := endpointView{Profile: row.profile, Missing: missing}
	v.Network, v.Driver, v.Networks = networksOf(s, row.profile)
	if e := row.endpoint; e != nil {
		v.Host, v.Orchestrator, v.Workload, v.Endpoint = e.Host, e.Orchestrator, e.Workload, e.Name
		v.Addresses, v.State, v.Layout = e.Addresses, e.State, e.Layout
	}
	return v
}

func detailedHeader() []string {
	return []string{"Name", "Docker network", "Host", "Orchestrator", "Workload", "Endpoint", "Addresses", "State"}
}

// Cells returns the row as text.
func (v endpointView) Cells() []string {
	name := brief.Name(v.Profile)
	if v.Missing {
		name += " (missing)"
	}
	cells := []string{
		name, networkCell(v.Network, v.Networks), orNone(v.Host), orNone(v.Orchestrator), orNone(v.Workload), orNone(v.Endpoint),
		orNone(strings.Join(v.Addresses, ",")), v.State,
	}
	for i := range cells {
		cells[i] = printable.Text(cells[i])
	}
	return cells
}

func orNone(text string) string {
	if text == "" {
		return "None"
	}
	return text
}
