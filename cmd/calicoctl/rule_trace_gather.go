package main

import (
	"context"
	"net/netip"
	"slices"

	"github.com/calicoctl/calicoctl/internal/names"
	"github.com/calicoctl/calicoctl/internal/printable"
	"github.com/calicoctl/calicoctl/internal/trace"
	"github.com/calicoctl/calicoctl/internal/tty"
	"github.com/calicoctl/calicoctl/pkg/profile"
	"github.com/calicoctl/calicoctl/pkg/resource"
	"github.com/calicoctl/calicoctl/pkg/store"
)

// A gathering reads the facts that answer a question.
type gathering struct {
	session *session
	facts   trace.Facts
	target  names.Target
	snap    *store.Snapshot
	view    *store.View // of the endpoints and policies
}

// gather asks Docker for containers while etcd answers.
func (g *gathering) gather(ctx context.Context) error {
	s, q := g.session, g.facts.Question
	if err := s.names.Need(q.Tags()...); err != nil { // a tag that means another one is a wrong answer
		return err
	}
	s.warnDocker()
	var err error
	if g.target, err = s.names.Target(s.app.flags.profile); err != nil {
		return err
	}
	tags, err := s.names.Tags(q.Tags(), false)
	if err != nil {
		return err
	}
	containers := lookUpContainers(ctx, s, q)
	g.snap, err = s.store.Read(ctx, tags.Query(store.Query{
		Profiles: g.target.IDs(), Prefixes: g.target.Prefixes(), Presence: s.names.Candidates(), V1: true, Policies: true,
	}))
	if err != nil {
		return err
	}
	if err := g.pickProfile(ctx); err != nil {
		return err
	}
	g.facts.Source.Words, g.facts.Destination.Words = q.Packet.From, q.Packet.To
	for _, side := range []*trace.Side{&g.facts.Source, &g.facts.Destination} {
		if side.Tags, err = tags.ResolveAll(g.snap, side.Words.Tags); err != nil {
			return err
		}
	}
	if err := g.addresses(<-containers); err != nil {
		return err
	}
	return g.findEndpoints(ctx)
}

// pickProfile finds the profile that was named, and reports what is odd about it.
func (g *gathering) pickProfile(ctx context.Context) error {
	s := g.session
	p, pair, err := g.target.PreferName(g.snap)
	if err != nil {
		return err
	}
	if pair != nil {
		s.app.msg.warn("there is also a profile of the Docker network %s, %s; tested is the profile of that name",
			printable.Text(pair.Name), pair.ID)
	}
	if p.Layout == profile.V1 {
		s.app.msg.warn("profile %s is in the layout of calicoctl 0.x, which no Felix reads from this etcd", printable.Text(p.ID))
	}
	s.app.msg.warnInvalid(p)
	shown, err := s.names.ShownIn(ctx, s.store, g.snap, p)
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
	for _, n := range g.session.names.NetworksOf(g.facts.Profile.ID) {
		networks = append(networks, n.ID)
	}
	for _, side := range []*trace.Side{&g.facts.Source, &g.facts.Destination} {
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
	g.view = g.session.store.View()
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

// scan shows the finder all that has addresses.
func (g *gathering) scan(ctx context.Context, finder *trace.Finder) error {
	seen := tty.NewProgress(g.session.app.msg.out, "endpoints")
	defer seen.End()
	err := g.view.EachEndpointOrSet(ctx, func(c resource.EndpointOrSet, damaged error) error {
		seen.Add()
		if damaged != nil {
			seen.End()
			g.session.app.msg.warn("%v", damaged)
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
	snap, err := g.session.store.Read(ctx, store.Query{Profiles: ids, V1: true})
	if err != nil {
		return err
	}
	f.Malformed = map[string]bool{}
	for _, id := range ids {
		p, err := snap.Profile(id)
		f.Profiles[id] = p
		switch {
		case err == nil:
			g.session.app.msg.warnInvalid(p)
		case snap.Has(id):
			g.session.app.msg.warn("%v", err)
			f.Malformed[id] = true
		}
	}
	return g.widenNames(ctx)
}

// widenNames finds out how the networks in all of the profiles are shown, where
// there are too many networks to know it already.
func (g *gathering) widenNames(ctx context.Context) error {
	if !g.session.names.Many() {
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
	shown, err := g.session.names.ShownOf(ctx, g.session.store, ids)
	g.facts.Name = shown.Name
	return err
}

// warnPolicies says that policies decide before profiles, if there is one, and no
// endpoint is named of which it could be said whether they do.
func (g *gathering) warnPolicies() {
	if g.facts.Question.Endpoint != "" {
		return
	}
	policies, err := g.snap.Policies()
	switch {
	case err != nil:
		g.session.app.msg.warn("policies decide before profiles; this etcd user cannot read whether there are any")
	case len(policies) > 0:
		g.session.app.msg.warn("policies decide before profiles, and there are some, such as %s; --endpoint=ID takes them into account", policies[0])
	}
}
