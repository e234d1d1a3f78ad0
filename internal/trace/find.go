package trace

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"

	"github.com/calicoctl/calicoctl/internal/printable"
	"github.com/calicoctl/calicoctl/pkg/fault"
	"github.com/calicoctl/calicoctl/pkg/profile"
	"github.com/calicoctl/calicoctl/pkg/resource"
)

// A Finder picks the endpoints and network sets of both sides out of all that there are,
// and completes the sides with them.
type Finder struct {
	searches [2]search
	sets     []resource.EndpointOrSet
}

// NewFinder returns a Finder for the sides of f, whose words and addresses are known.
func NewFinder(f *Facts) *Finder {
	local, remote := f.Sides()
	name := f.Question.Endpoint
	if name == "" {
		name = local.Words.Endpoint
	}
	return &Finder{searches: [2]search{{side: local, name: name}, {side: remote, name: remote.Words.Endpoint}}}
}

// Needed reports whether anything has to be found.
func (f *Finder) Needed() bool {
	return f.searches[0].name != "" || f.searches[0].side.lookedUp() || f.searches[1].side.lookedUp()
}

// Add looks at an endpoint or network set.
func (f *Finder) Add(e resource.EndpointOrSet) {
	if e.NetworkSet {
		f.sets = append(f.sets, e)
	}
	for i := range f.searches {
		f.searches[i].add(e)
	}
}

// Finish completes the sides. It fails if a name does not mean exactly one endpoint.
func (f *Finder) Finish() error {
	for i := range f.searches {
		if err := f.searches[i].finish(f.sets); err != nil {
			return err
		}
	}
	return nil
}

// A search looks for what has an address of a side, and for the endpoint that a name
// means. The better match wins: the ID, then the endpoint's or workload's name, then its
// address, then the beginning of its ID.
type search struct {
	side    *Side
	name    string // empty when no endpoint is named
	rank    int    // of matches
	matches []resource.EndpointOrSet
}

// minPrefix is the least length of the beginning of an ID, as for networks.
const minPrefix = 12

func (s *search) add(e resource.EndpointOrSet) {
	if s.side.reaches(e) {
		s.side.Endpoints = append(s.side.Endpoints, e)
	}
	if s.name == "" || e.NetworkSet {
		return
	}
	rank := s.match(e)
	if rank > s.rank {
		s.rank, s.matches = rank, nil
	}
	if rank > 0 && rank == s.rank {
		s.matches = append(s.matches, e)
	}
}

// match returns how well an endpoint matches the name; 0 is not at all.
func (s *search) match(e resource.EndpointOrSet) int {
	_, name, _ := strings.Cut(e.ID, "/")
	switch a, err := netip.ParseAddr(s.name); {
	case s.name == e.ID, s.name == e.Endpoint.String(), s.name == name && e.Layout == profile.V3:
		return 4
	case s.name == e.Name, s.name == e.Workload:
		return 3
	case err == nil && has(e, a):
		return 2
	case len(s.name) >= minPrefix && (strings.HasPrefix(e.Workload, s.name) || strings.HasPrefix(e.Name, s.name)):
		return 1
	}
	return 0
}

// finish settles which endpoint is named, and takes its addresses.
func (s *search) finish(sets []resource.EndpointOrSet) error {
	if s.name == "" {
		return nil
	}
	e, err := s.only()
	if err != nil {
		return err
	}
	side := s.side
	if side.Words.Addr.IsValid() && !has(e, side.Words.Addr) { // a named endpoint has more than one
		return fault.Refusedf("%s does not have the address %s; it has %s", e, side.Words.Addr, strings.Join(e.Addresses, ", "))
	}
	side.Named, side.Endpoints = &e, []resource.EndpointOrSet{e}
	if !side.Words.Addr.IsValid() {
		side.Addrs = singleAddrs(e.Nets())
	}
	for _, set := range sets {
		if side.reaches(set) {
			side.Endpoints = append(side.Endpoints, set)
		}
	}
	return nil
}

// singleAddrs returns the addresses of networks that are single addresses. If one is not,
// any of its addresses may be meant, and the result is empty.
func singleAddrs(nets []netip.Prefix) (addrs []netip.Addr) {
	for _, n := range nets {
		if !n.IsSingleIP() {
			return nil
		}
		addrs = append(addrs, n.Addr())
	}
	return addrs
}

// only returns the one endpoint that matches.
func (s *search) only() (resource.EndpointOrSet, error) {
	const few = 5
	switch len(s.matches) {
	case 1:
		return s.matches[0], nil
	case 0:
		return resource.EndpointOrSet{}, fault.Refusedf("Endpoint %s not found. \"calicoctl profile show --detailed\" lists all endpoints", printable.Text(s.name))
	}
	var texts []string
	for _, e := range s.matches[:min(few, len(s.matches))] {
		texts = append(texts, printable.Text(e.ID))
	}
	if more := len(s.matches) - few; more > 0 {
		texts = append(texts, fmt.Sprintf("and %d more", more))
	}
	return resource.EndpointOrSet{}, fault.Refusedf("%s may be each of %d endpoints: %s", printable.Text(s.name), len(s.matches), strings.Join(texts, ", "))
}

// reaches reports whether an endpoint or network set has one of the addresses of the side.
func (s *Side) reaches(e resource.EndpointOrSet) bool {
	return slices.ContainsFunc(s.Addrs, func(a netip.Addr) bool { return has(e, a) })
}

func has(e resource.EndpointOrSet, a netip.Addr) bool {
	return slices.ContainsFunc(e.Nets(), func(n netip.Prefix) bool { return n.Contains(a) })
}
