package main

import (
	"context"
	"fmt"
	"net/netip"
	"slices"
	"strings"

	"github.com/calicoctl/calicoctl/internal/brief"
	"github.com/calicoctl/calicoctl/internal/names"
	"github.com/calicoctl/calicoctl/internal/printable"
	"github.com/calicoctl/calicoctl/pkg/fault"
	"github.com/calicoctl/calicoctl/pkg/resolve"
	"github.com/calicoctl/calicoctl/pkg/rules"
	"github.com/calicoctl/calicoctl/pkg/store"
)

// A packetWorld is what is looked up in etcd to answer a question.
type packetWorld struct {
	session *session
	*finding
	target   names.Target
	from, to packetEnd
	view     *store.View
	profiles map[string]*store.Profile // by ID; nil is one that is not there
	why      map[string]string         // of those that cannot be read
}

// A packetEnd is one end of the packet, as far as it has been looked up.
type packetEnd struct {
	words     rules.EndWords
	tags      []string // as they are stored
	container *resolve.Container
	addrs     []netip.Addr
	carriers  []store.Carrier // all that has one of the addresses
	chosen    *store.Carrier  // the endpoint that was named
	choice    choice
}

// known reports whether the tags are those of what has the address.
func (e *packetEnd) lookedUp() bool {
	return len(e.words.Tags) == 0 && (len(e.addrs) > 0 || e.words.Endpoint != "")
}

// ends returns both ends, that of the profile first.
func (w *packetWorld) ends() (local, remote *packetEnd) {
	if w.direction == rules.Inbound {
		return &w.to, &w.from
	}
	return &w.from, &w.to
}

// look finds the addresses of both ends, and what has them.
func (w *packetWorld) look(ctx context.Context, found foundContainers) error {
	if found.err != nil {
		return found.err
	}
	w.from.words, w.to.words = w.packet.From, w.packet.To
	w.from.container, w.to.container = found.from, found.to
	for _, e := range []*packetEnd{&w.from, &w.to} {
		var err error
		switch {
		case e.container != nil:
			e.addrs, err = w.containerAddrs(e.container)
		case e.words.Addr.IsValid():
			e.addrs = []netip.Addr{e.words.Addr}
		}
		if err != nil {
			return err
		}
	}
	local, remote := w.ends()
	local.choice.word, remote.choice.word = w.question.endpoint, remote.words.Endpoint
	if local.choice.word == "" {
		local.choice.word = local.words.Endpoint
	}
	if !local.lookedUp() && !remote.lookedUp() && local.choice.word == "" {
		return nil
	}
	if err := w.scan(ctx); err != nil {
		return err
	}
	return w.readProfiles(ctx)
}

// scan goes through all that has addresses.
func (w *packetWorld) scan(ctx context.Context) error {
	w.view = w.session.store.View()
	seen := w.session.app.progress("endpoints")
	defer seen.end()
	var sets []store.Carrier
	err := w.view.EachCarrier(ctx, func(c store.Carrier, damaged error) error {
		seen.add()
		if damaged != nil {
			seen.end()
			w.session.app.warn("%v", damaged)
			return nil
		}
		if c.NetworkSet {
			sets = append(sets, c)
		}
		for _, e := range []*packetEnd{&w.from, &w.to} {
			e.meet(c)
		}
		return nil
	})
	if err != nil {
		return err
	}
	for _, e := range []*packetEnd{&w.from, &w.to} {
		if err := e.choose(sets); err != nil {
			return err
		}
	}
	return nil
}

// meet keeps what has one of the addresses of the end, or may be what was named.
func (e *packetEnd) meet(c store.Carrier) {
	if slices.ContainsFunc(e.addrs, func(a netip.Addr) bool { return has(c, a) }) {
		e.carriers = append(e.carriers, c)
	}
	e.choice.consider(c)
}

// has reports whether an address is one of a carrier's.
func has(c store.Carrier, a netip.Addr) bool {
	return slices.ContainsFunc(c.Nets(), func(n netip.Prefix) bool { return n.Contains(a) })
}

// choose settles which endpoint was named, and takes its addresses.
func (e *packetEnd) choose(sets []store.Carrier) error {
	if e.choice.word == "" {
		return nil
	}
	c, err := e.choice.only()
	if err != nil {
		return err
	}
	if e.words.Addr.IsValid() && !has(c, e.words.Addr) { // beside --endpoint
		return fault.Refusedf("%s does not have the address %s; it has %s", c, e.words.Addr, strings.Join(c.Addresses, ", "))
	}
	e.chosen = &c
	e.carriers = []store.Carrier{c}
	if !e.words.Addr.IsValid() {
		for _, n := range c.Nets() {
			if !n.IsSingleIP() { // of so many it is not known which
				e.addrs = nil
				break
			}
			e.addrs = append(e.addrs, n.Addr())
		}
	}
	for _, set := range sets {
		if slices.ContainsFunc(e.addrs, func(a netip.Addr) bool { return has(set, a) }) {
			e.carriers = append(e.carriers, set)
		}
	}
	return nil
}

// readProfiles reads the profiles of all endpoints that were found.
func (w *packetWorld) readProfiles(ctx context.Context) error {
	var ids []string
	for _, c := range slices.Concat(w.from.carriers, w.to.carriers) {
		for _, id := range c.Profiles {
			if _, known := w.profiles[id]; !known && !slices.Contains(ids, id) {
				ids = append(ids, id)
			}
		}
	}
	if len(ids) == 0 {
		return nil
	}
	snap, err := w.session.store.Read(ctx, store.Query{Profiles: ids, V1: true})
	if err != nil {
		return err
	}
	w.why = map[string]string{}
	for _, id := range ids {
		p, err := snap.Profile(id)
		w.profiles[id] = p
		switch {
		case err == nil:
			w.session.app.warnTrouble(p)
		case snap.Has(id):
			w.session.app.warn("%v", err)
			w.why[id] = fmt.Sprintf("profile %s cannot be read", brief.Cell(brief.Name(id)))
		}
	}
	return w.widenNames(ctx)
}

// widenNames finds out how the networks in all of the profiles are shown, where
// there are too many networks to know it already.
func (w *packetWorld) widenNames(ctx context.Context) (err error) {
	if !w.session.names.Many() {
		return nil
	}
	var words []string
	for id, p := range w.profiles {
		words = append(words, id)
		if p == nil {
			continue
		}
		for _, r := range *p.Rules(w.direction) {
			words = append(words, r.Rule.Tags()...)
		}
	}
	w.names, err = w.session.names.ShownOf(ctx, w.session.store, words)
	return err
}

// profilesOf returns the profiles of a carrier that can be read.
func (w *packetWorld) profilesOf(c store.Carrier) (list []*store.Profile) {
	for _, id := range c.Profiles {
		if p := w.profiles[id]; p != nil {
			list = append(list, p)
		}
	}
	return list
}

// A choice is the search for the endpoint that a word means. What fits better
// wins: its own name, then a part of it, then its address, then the beginning of
// its ID.
type choice struct {
	word string
	rank int
	fits []store.Carrier
}

// minPrefix is how long the beginning of an ID must be, as for networks.
const minPrefix = 12

func (c *choice) consider(e store.Carrier) {
	if c.word == "" || e.NetworkSet {
		return
	}
	rank := 0
	_, name, _ := strings.Cut(e.ID, "/")
	switch a, err := netip.ParseAddr(c.word); {
	case c.word == e.ID, c.word == e.Endpoint.String(), c.word == name && e.Layout == store.V3:
		rank = 4
	case c.word == e.Name, c.word == e.Workload:
		rank = 3
	case err == nil && has(e, a):
		rank = 2
	case len(c.word) >= minPrefix && (strings.HasPrefix(e.Workload, c.word) || strings.HasPrefix(e.Name, c.word)):
		rank = 1
	}
	if rank > c.rank {
		c.rank, c.fits = rank, nil
	}
	if rank > 0 && rank == c.rank {
		c.fits = append(c.fits, e)
	}
}

// only returns the one endpoint that is meant.
func (c *choice) only() (store.Carrier, error) {
	const few = 5
	switch n := len(c.fits); {
	case n == 1:
		return c.fits[0], nil
	case n == 0:
		return store.Carrier{}, fault.Refusedf("Endpoint %s not found. \"calicoctl profile show --detailed\" lists all endpoints", printable.Text(c.word))
	}
	var texts []string
	for _, e := range c.fits[:min(few, len(c.fits))] {
		texts = append(texts, printable.Text(e.ID))
	}
	if more := len(c.fits) - few; more > 0 {
		texts = append(texts, fmt.Sprintf("and %d more", more))
	}
	return store.Carrier{}, fault.Refusedf("%s may be each of %d endpoints: %s", printable.Text(c.word), len(c.fits), strings.Join(texts, ", "))
}
