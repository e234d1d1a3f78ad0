// Package gather reads the facts that rule test evaluates, from etcd and from Docker.
package gather

import (
	"context"
	"net/netip"
	"slices"

	"github.com/calicoctl/calicoctl/internal/names"
	"github.com/calicoctl/calicoctl/internal/printable"
	"github.com/calicoctl/calicoctl/internal/trace"
	"github.com/calicoctl/calicoctl/internal/tty"
	"github.com/calicoctl/calicoctl/internal/warn"
	"github.com/calicoctl/calicoctl/pkg/profile"
	"github.com/calicoctl/calicoctl/pkg/resolve"
	"github.com/calicoctl/calicoctl/pkg/resource"
	"github.com/calicoctl/calicoctl/pkg/store"
)

// A Source is where facts are read from.
type Source struct {
	Store  *store.Store
	Names  names.Directory
	Engine *resolve.Engine // nil when Docker was not asked
	Warner *warn.Warner    // of what is odd about the facts
}

// Facts reads the facts that answer a question about a profile. It asks Docker for
// containers while etcd answers.
func (s Source) Facts(ctx context.Context, name string, q trace.Question) (trace.Facts, error) {
	g := &gathering{Source: s, facts: trace.Facts{Question: q}}
	var err error
	if g.target, err = g.Names.Target(name); err != nil {
		return g.facts, err
	}
	tags, err := g.Names.Tags(q.Tags(), false)
	if err != nil {
		return g.facts, err
	}
	containers := g.lookUpContainers(ctx)
	g.snap, err = g.Store.Read(ctx, tags.Query(store.Query{
		Profiles: g.target.IDs(), Prefixes: g.target.Prefixes(), Presence: g.Names.Candidates(), V1: true, Policies: true,
	}))
	if err != nil {
		return g.facts, err
	}
	if err := g.pickProfile(ctx); err != nil {
		return g.facts, err
	}
	g.facts.Source.Words, g.facts.Destination.Words = q.Packet.From, q.Packet.To
	for _, side := range g.sides() {
		if side.Tags, err = tags.ResolveAll(g.snap, side.Words.Tags); err != nil {
			return g.facts, err
		}
	}
	if err := g.addresses(<-containers); err != nil {
		return g.facts, err
	}
	if err = g.findEndpoints(ctx); err == nil {
		g.warnPolicies()
	}
	return g.facts, err
}

// A gathering is the reading of the facts for one question.
type gathering struct {
	Source
	facts  trace.Facts
	target names.Target
	snap   *store.Snapshot
	view   *store.View // of the endpoints and policies
}

func (g *gathering) sides() [2]*trace.Side {
	return [2]*trace.Side{&g.facts.Source, &g.facts.Destination}
}

// pickProfile picks the profile, and warns of what is odd about it.
func (g *gathering) pickProfile(ctx context.Context) error {
	p, pair, err := g.target.PreferName(g.snap)
	if err != nil {
		return err
	}
	g.Warner.Pair(pair, "tested")
	if p.Layout == profile.V1 {
		g.Warner.Printf("profile %s is in the layout of calicoctl 0.x, which no Felix reads from this etcd", printable.Text(p.ID))
	}
	g.Warner.Invalid(p)
	shown, err := g.Names.ShownIn(ctx, g.Store, g.snap, p)
	g.facts.Profile, g.facts.Name = p, shown.Name
	g.facts.Profiles = map[string]*profile.Profile{p.ID: p}
	return err
}

// addresses sets the addresses that were entered, and those of containers.
func (g *gathering) addresses(found foundContainers) error {
	if found.err != nil {
		return found.err
	}
	g.facts.Source.Container, g.facts.Destination.Container = found.from, found.to
	networks := append(g.target.IDs(), g.facts.Profile.ID)
	for _, n := range g.Names.NetworksOf(g.facts.Profile.ID) {
		networks = append(networks, n.ID)
	}
	for _, side := range g.sides() {
		var err error
		switch {
		case side.Container != nil:
			side.Addrs, err = trace.ContainerAddrs(side.Container, networks...)
		case side.Words.Addr.IsValid():
			side.Addrs = []netip.Addr{side.Words.Addr}
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// findEndpoints reads the endpoints of both sides, their profiles, and the policies that
// may decide before these.
func (g *gathering) findEndpoints(ctx context.Context) error {
	finder := trace.NewFinder(&g.facts)
	if !finder.Needed() {
		return nil
	}
	g.view = g.Store.View()
	if err := g.scan(ctx, finder); err != nil {
		return err
	}
	if err := g.readProfiles(ctx); err != nil || g.facts.Question.Endpoint == "" {
		return err
	}
	return g.view.EachPolicy(ctx, func(p resource.Policy) error {
		g.facts.Policies = append(g.facts.Policies, p)
		return nil
	})
}

// scan gives the finder all endpoints and network sets.
func (g *gathering) scan(ctx context.Context, finder *trace.Finder) error {
	seen := tty.NewProgress(g.Warner.Out, "endpoints")
	defer seen.End()
	err := g.view.EachEndpointOrSet(ctx, func(c resource.EndpointOrSet, malformed error) error {
		seen.Add()
		if malformed != nil {
			seen.End()
			g.Warner.Printf("%v", malformed)
			return nil
		}
		finder.Add(c)
		return nil
	})
	if err != nil {
		return err
	}
	return finder.Finish()
}

// readProfiles reads the profiles of all endpoints that were found.
func (g *gathering) readProfiles(ctx context.Context) error {
	f := &g.facts
	var ids []string
	for _, c := range slices.Concat(f.Source.Endpoints, f.Destination.Endpoints) {
		for _, id := range c.Profiles {
			if _, known := f.Profiles[id]; !known && !slices.Contains(ids, id) {
				ids = append(ids, id)
			}
		}
	}
	if len(ids) == 0 {
		return nil
	}
	snap, err := g.Store.Read(ctx, store.Query{Profiles: ids, V1: true})
	if err != nil {
		return err
	}
	f.Malformed = map[string]bool{}
	for _, id := range ids {
		p, err := snap.Profile(id)
		f.Profiles[id] = p
		switch {
		case err == nil:
			g.Warner.Invalid(p)
		case snap.Has(id):
			g.Warner.Printf("%v", err)
			f.Malformed[id] = true
		}
	}
	return g.widenNames(ctx)
}

// widenNames finds out how the networks in all of the profiles are shown, where
// there are too many networks to know it already.
func (g *gathering) widenNames(ctx context.Context) error {
	if !g.Names.Many() {
		return nil
	}
	var ids []string
	for id, p := range g.facts.Profiles {
		ids = append(ids, id)
		if p == nil {
			continue
		}
		for _, r := range *p.Rules(g.facts.Question.Direction) {
			ids = append(ids, r.Rule.Tags()...)
		}
	}
	shown, err := g.Names.ShownOf(ctx, g.Store, ids)
	g.facts.Name = shown.Name
	return err
}

// warnPolicies warns that policies decide before profiles, if there are any and the
// question names no endpoint whose policies could be read.
func (g *gathering) warnPolicies() {
	if g.facts.Question.Endpoint != "" {
		return
	}
	policies, ok := g.snap.Policies()
	switch {
	case !ok:
		g.Warner.Printf("policies decide before profiles; this etcd user cannot read whether there are any")
	case len(policies) > 0:
		g.Warner.Printf("policies decide before profiles, and there are some, such as %s; --endpoint=ID takes them into account", policies[0])
	}
}
