package trace

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/calicoctl/calicoctl/internal/brief"
	"github.com/calicoctl/calicoctl/internal/printable"
	"github.com/calicoctl/calicoctl/pkg/fault"
	"github.com/calicoctl/calicoctl/pkg/profile"
	"github.com/calicoctl/calicoctl/pkg/resource"
	"github.com/calicoctl/calicoctl/pkg/rules"
	"github.com/calicoctl/calicoctl/pkg/verdict"
)

// Evaluate answers a question. It fails if the local side is an endpoint that does not
// have the profile, or if there can be no such packet.
func Evaluate(f Facts) (*Trace, error) {
	t := &Trace{facts: f}
	local, remote := f.Sides()
	if err := f.checkLocal(local); err != nil {
		return nil, err
	}
	if f.Question.Endpoint != "" {
		t.Endpoint = local.Named
	}
	p := f.packet(local, remote)
	if !p.IsPossible() {
		return nil, fault.Refusedf("there is no such packet: the addresses and the protocol are not of one IP version")
	}
	t.profiles = f.profilesAt(t.Endpoint)
	sets := make([]verdict.Ruleset, len(t.profiles))
	for i, e := range t.profiles {
		sets[i].Drops = e.drops
		if e.stored != nil {
			sets[i].Rules = *e.stored.Rules(f.Question.Direction)
		}
	}
	t.Verdict = verdict.Evaluate(sets, p, func(tag string) string { return printable.Text(f.Name(tag)) })
	if t.Endpoint != nil {
		t.considerEndpoint()
	}
	return t, nil
}

// checkLocal makes sure that the local side has the profile, if it is an endpoint.
func (f *Facts) checkLocal(local *Side) error {
	endpoints := slices.DeleteFunc(slices.Clone(local.Endpoints), func(e resource.EndpointOrSet) bool { return e.NetworkSet })
	if len(endpoints) == 0 || slices.ContainsFunc(endpoints, f.hasProfile) {
		return nil
	}
	shown := func(id string) string { return printable.Text(f.Name(id)) }
	var has []string
	for _, id := range endpoints[0].Profiles {
		has = append(has, shown(id))
	}
	list := "None"
	if len(has) > 0 {
		list = strings.Join(has, ", ")
	}
	return fault.Refusedf("%s does not have the profile %s; its profiles: %s", endpoints[0], shown(f.Profile.ID), list)
}

func (f *Facts) hasProfile(e resource.EndpointOrSet) bool {
	return slices.Contains(e.Profiles, f.Profile.ID)
}

func (f *Facts) packet(local, remote *Side) verdict.Packet {
	p := verdict.Packet{Protocol: f.Question.Packet.Protocol}
	if icmp := f.Question.Packet.ICMP; icmp != nil {
		p.ICMPType, p.ICMPCode = &icmp.Type, icmp.Code
	}
	p.From, p.To = f.remoteEnd(remote), f.localEnd(local)
	if f.Question.Direction == rules.Outbound {
		p.From, p.To = p.To, p.From
	}
	return p
}

// localEnd returns the side that is an endpoint of the profile. It has the labels of the
// profile also if it is not known which endpoint it is.
func (f *Facts) localEnd(s *Side) verdict.End {
	end := verdict.End{Addrs: s.Addrs, Port: s.Words.Port}
	what := ""
	for _, e := range s.Endpoints {
		if e.NetworkSet || f.hasProfile(e) {
			end.Labels = append(end.Labels, e.Labels(f.profilesOf(e)...))
		}
		if !e.NetworkSet && what == "" {
			what = e.String()
		}
	}
	if what == "" {
		labels := resource.EndpointOrSet{}.Labels(f.Profile)
		maps.Copy(labels, verdict.TagLabels(s.Tags...))
		end.Labels = append(end.Labels, labels)
		what = "an endpoint of the profile"
	}
	end.Name = s.name(what)
	return end
}

// remoteEnd returns the other side: what was entered or looked up, and no more.
func (f *Facts) remoteEnd(s *Side) verdict.End {
	end := verdict.End{Addrs: s.Addrs, Port: s.Words.Port}
	switch {
	case len(s.Tags) > 0:
		end.Labels = []map[string]string{verdict.TagLabels(s.Tags...)}
		return end
	case !s.lookedUp():
		end.Unknown = true
		return end
	}
	for _, e := range s.Endpoints {
		end.Labels = append(end.Labels, e.Labels(f.profilesOf(e)...))
	}
	what := noEndpoint
	switch n := len(s.Endpoints); {
	case n == 1:
		what = s.Endpoints[0].String()
	case n > 1:
		what = fmt.Sprintf("%s and %d more", s.Endpoints[0], n-1)
	}
	end.Name = s.name(what)
	return end
}

// noEndpoint names an address that no endpoint and no network set has.
const noEndpoint = "no endpoint"

// name returns how a side is shown: its address, and what has it. Empty stands for "the
// source" or "the destination".
func (s *Side) name(what string) string {
	what = brief.Cell(what)
	if s.Container != nil {
		container := "container " + printable.Text(s.Container.Name)
		switch {
		case what != noEndpoint:
			what = container
		case len(s.Addrs) == 1:
			what = container + ", " + noEndpoint
		default:
			what = container + " (" + noEndpoint + ")"
		}
	}
	switch {
	case len(s.Addrs) == 1:
		return fmt.Sprintf("%s (%s)", s.Addrs[0], what)
	case s.lookedUp():
		return what
	}
	return ""
}

// profilesAt returns the profiles that the packet comes to, in their order: those of the
// endpoint, or just the one of the question.
func (f *Facts) profilesAt(endpoint *resource.EndpointOrSet) (list []filledProfile) {
	ids := []string{f.Profile.ID}
	if endpoint != nil {
		ids = endpoint.Profiles
	}
	for _, id := range ids {
		p := filledProfile{id: id, stored: f.Profiles[id]}
		switch {
		case p.stored != nil:
			p.drops = invalid(p.stored)
		case f.Malformed[id]:
			p.drops = fmt.Sprintf("profile %s is malformed", brief.Cell(brief.Name(id)))
		default:
			p.drops = fmt.Sprintf("profile %s does not exist", brief.Cell(brief.Name(f.Name(id))))
		}
		list = append(list, p)
	}
	return list
}

// invalid says why Felix drops all packets that come to a profile; empty if it does not.
func invalid(p *profile.Profile) string {
	problems := p.InvalidRules()
	if len(problems) == 0 {
		return ""
	}
	text := "the profile is invalid for Felix: " + brief.Message(printable.Text(problems[0]))
	if more := len(problems) - 1; more > 0 {
		text += fmt.Sprintf(" (and %d more)", more)
	}
	return text
}

// considerEndpoint finds the policies that decide before the profiles of the endpoint,
// and what else is special about it.
func (t *Trace) considerEndpoint() {
	if t.Endpoint.OfHost() {
		t.warn("%s is an interface of a host, at which Felix lets its failsafe ports through before any rule", t.Endpoint)
	}
	direction, labels := t.facts.Question.Direction, t.Endpoint.Labels(t.facts.profilesOf(*t.Endpoint)...)
	for _, p := range t.facts.Policies {
		selects, err := p.Selects(*t.Endpoint, labels, direction)
		if err != nil {
			t.warn("%s: %v, so that it may decide first", p, err)
		}
		if selects || err != nil {
			t.Policies = append(t.Policies, brief.Cell(p.String()))
		}
	}
	if n := len(t.facts.Policies); n > 0 && len(t.Policies) == 0 {
		t.warn("policies decide before profiles; none of the %d selects %s for %s traffic", n, t.Endpoint, direction)
	}
}

func (t *Trace) warn(format string, args ...any) {
	t.Warnings = append(t.Warnings, fmt.Sprintf(format, args...))
}
