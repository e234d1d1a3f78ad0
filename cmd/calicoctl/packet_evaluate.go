package main

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/calicoctl/calicoctl/internal/brief"
	"github.com/calicoctl/calicoctl/internal/printable"
	"github.com/calicoctl/calicoctl/pkg/fault"
	"github.com/calicoctl/calicoctl/pkg/rules"
	"github.com/calicoctl/calicoctl/pkg/store"
)

// evaluate makes a packet of what is known, and asks the rules about it.
func (w *packetWorld) evaluate(ctx context.Context, snap *store.Snapshot) error {
	local, remote := w.ends()
	if err := w.checkLocal(local); err != nil {
		return err
	}
	p := rules.Packet{Protocol: w.packet.Protocol}
	if icmp := w.packet.ICMP; icmp != nil {
		p.ICMPType, p.ICMPCode = &icmp.Type, icmp.Code
	}
	here, there := w.localEnd(local), w.remoteEnd(remote)
	p.From, p.To = there, here
	if w.direction == rules.Outbound {
		p.From, p.To = here, there
	}
	if !p.IsPossible() {
		return fault.Refusedf("there is no such packet: the addresses and the protocol are not of one IP version")
	}
	w.chooseSets(local)
	sets := make([]rules.Ruleset, len(w.sets))
	for i, e := range w.sets {
		sets[i].Drops = e.drops
		if e.profile != nil {
			sets[i].Rules = *e.profile.Rules(w.direction)
		}
	}
	w.verdict = rules.Evaluate(sets, p, func(tag string) string { return printable.Text(w.names.Name(tag)) })
	if w.local == nil {
		w.warnPolicies(snap)
		return nil
	}
	if w.local.OfHost() {
		w.session.app.warn("%s is an interface of a host, at which Felix lets its failsafe ports through before it asks any rule", w.local)
	}
	return w.askPolicies(ctx)
}

// checkLocal makes sure that what stands where an endpoint of the profile has to
// stand is one, if it is an endpoint at all.
func (w *packetWorld) checkLocal(e *packetEnd) error {
	endpoints := slices.DeleteFunc(slices.Clone(e.carriers), func(c store.Carrier) bool { return c.NetworkSet })
	of := slices.DeleteFunc(slices.Clone(endpoints), func(c store.Carrier) bool { return !slices.Contains(c.Profiles, w.profile.ID) })
	if len(endpoints) == 0 || len(of) > 0 {
		return nil
	}
	c := endpoints[0]
	shown := func(id string) string { return printable.Text(w.names.Name(id)) }
	var has []string
	for _, id := range c.Profiles {
		has = append(has, shown(id))
	}
	return fault.Refusedf("%s does not have the profile %s; its profiles: %s", c, shown(w.profile.ID), orNone(strings.Join(has, ", ")))
}

// localEnd returns the end that is an endpoint of the profile. It has the
// profile's labels also where it is not known which endpoint it is.
func (w *packetWorld) localEnd(e *packetEnd) rules.End {
	end := rules.End{Addrs: e.addrs, Port: e.words.Port}
	who := ""
	for _, c := range e.carriers {
		if c.NetworkSet || slices.Contains(c.Profiles, w.profile.ID) {
			end.Labels = append(end.Labels, c.Labels(w.profilesOf(c)...))
		}
		if !c.NetworkSet && who == "" {
			who = c.String()
		}
	}
	if who == "" {
		labels := store.Carrier{}.Labels(w.profile)
		maps.Copy(labels, rules.TagLabels(e.tags...))
		end.Labels = append(end.Labels, labels)
		who = "an endpoint of the profile"
	}
	end.Name = e.name(who)
	if e.chosen != nil && w.question.endpoint != "" {
		w.local = e.chosen
	}
	return end
}

// remoteEnd returns the other end: what was named or looked up, and no more.
func (w *packetWorld) remoteEnd(e *packetEnd) rules.End {
	end := rules.End{Addrs: e.addrs, Port: e.words.Port}
	switch {
	case len(e.tags) > 0:
		end.Labels = []map[string]string{rules.TagLabels(e.tags...)}
		return end
	case !e.lookedUp():
		end.Unknown = true
		return end
	}
	what := noEndpoint
	for _, c := range e.carriers {
		end.Labels = append(end.Labels, c.Labels(w.profilesOf(c)...))
	}
	switch n := len(e.carriers); {
	case n == 1:
		what = e.carriers[0].String()
	case n > 1:
		what = fmt.Sprintf("%s and %d more", e.carriers[0], n-1)
	}
	end.Name = e.name(what)
	return end
}

// noEndpoint is said of an address that nothing in etcd has.
const noEndpoint = "no endpoint"

// name returns how an end is called: by its address, and what has it.
func (e *packetEnd) name(what string) string {
	what = brief.Cell(what)
	if e.container != nil {
		container := "container " + printable.Text(e.container.Name)
		switch {
		case what != noEndpoint:
			what = container
		case len(e.addrs) == 1:
			what = container + ", " + noEndpoint
		default:
			what = container + " (" + noEndpoint + ")"
		}
	}
	switch {
	case len(e.addrs) == 1:
		return fmt.Sprintf("%s (%s)", e.addrs[0], what)
	case e.lookedUp():
		return what
	}
	return "" // the source, or the destination
}

// chooseSets lists the profiles that the packet comes to.
func (w *packetWorld) chooseSets(local *packetEnd) {
	ids := []string{w.profile.ID}
	if w.local != nil {
		ids = w.local.Profiles
	}
	for _, id := range ids {
		e := evaluated{id: id, profile: w.profiles[id]}
		shown := brief.Cell(brief.Name(w.names.Name(id)))
		switch {
		case e.profile != nil:
			e.drops = refusal(e.profile)
		case w.why[id] != "":
			e.drops = w.why[id]
		default:
			e.drops = "there is no profile " + shown
		}
		w.sets = append(w.sets, e)
	}
}

// refusal says why Felix drops all that comes to a profile, or nothing.
func refusal(p *store.Profile) string {
	trouble := p.RuleTrouble()
	switch n := len(trouble); n {
	case 0:
		return ""
	case 1:
		return "Felix refuses the profile: " + brief.Message(printable.Text(trouble[0]))
	default:
		return fmt.Sprintf("Felix refuses the profile: %s (and %d more)", brief.Message(printable.Text(trouble[0])), n-1)
	}
}

// warnPolicies says that policies come before profiles, if there is one.
func (w *packetWorld) warnPolicies(snap *store.Snapshot) {
	policies, err := snap.Policies()
	switch {
	case err != nil:
		w.session.app.warn("policies decide before profiles; whether there are any, this etcd user cannot see")
	case len(policies) > 0:
		w.session.app.warn("policies decide before profiles, and there are some, such as %s; --endpoint=ID takes them into account", policies[0])
	}
}

// askPolicies finds those policies that decide about the endpoint before its
// profiles do.
func (w *packetWorld) askPolicies(ctx context.Context) error {
	labels := w.local.Labels(w.profilesOf(*w.local)...)
	all := 0
	err := w.view.EachPolicy(ctx, func(p store.Policy) error {
		all++
		selects, err := p.Selects(*w.local, labels, w.direction)
		switch {
		case err != nil:
			w.session.app.warn("%s: %v, so that it may decide first", p, err)
			w.policies = append(w.policies, brief.Cell(p.String()))
		case selects:
			w.policies = append(w.policies, brief.Cell(p.String()))
		}
		return nil
	})
	if err == nil && all > 0 && len(w.policies) == 0 {
		w.session.app.warn("policies decide before profiles; none of the %d selects %s for %s traffic", all, w.local, w.direction)
	}
	return err
}
