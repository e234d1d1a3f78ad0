// Package lint finds what is wrong in profiles: rules that can never decide, documents
// that are invalid for Felix, tags and profiles that do not exist, and ports that are
// open to everyone.
//
// The package reads nothing. The caller passes it profiles and endpoints one by one, so
// that they need not be in memory all at once:
//
//	l := lint.New(options)
//	// for each profile: l.AddProfile or l.AddMalformedProfile
//	// if only some profiles are asked for: l.Select
//	// for each endpoint: l.AddEndpoint or l.AddMalformedEndpoint
//	findings := l.Findings(names)
package lint

import (
	"cmp"
	"slices"

	"github.com/calicoctl/calicoctl/internal/advice"
	"github.com/calicoctl/calicoctl/pkg/profile"
	"github.com/calicoctl/calicoctl/pkg/resolve"
	"github.com/calicoctl/calicoctl/pkg/rules"
)

// Options say what a Linter checks.
type Options struct {
	// Candidates are the IDs of the profiles that Select may name: findings about
	// others are not kept. Nil checks all profiles.
	Candidates map[string]bool

	// HasNetwork reports whether Docker on this host has a network with an ID. Nil
	// checks no IDs, because Docker was not asked.
	HasNetwork func(id string) bool
}

// Names say how findings show IDs.
type Names struct {
	// Name returns the name that leads to the ID of a profile or to a tag, or else the
	// ID or tag itself.
	Name func(id string) string

	// Misleads reports whether a rule that is entered with the shown name of a tag
	// would get another tag.
	Misleads func(tag string) bool
}

// A Linter collects findings. See the package comment for the order of its methods.
type Linter struct {
	selected   map[string]bool // IDs of the profiles to check; nil for all
	hasNetwork func(string) bool
	drafts     []draft

	known    map[string]bool // IDs of all profiles, in either layout
	enforced map[string]bool // IDs of the profiles of v3, which alone Felix reads
	checked  []checkedProfile
	labels   labelSet
	tags     []tagUse                // in rules of v3
	used     map[string]*used        // by the ID of the profile
	passes   [2]map[string]*passRule // by direction and the ID of the profile

	malformedProfile  bool // of v3, which may carry any tag
	malformedEndpoint bool // which may have any profile
}

// A checkedProfile is what a Linter keeps of a profile.
type checkedProfile struct {
	id     string
	layout profile.Layout
}

// New returns a Linter that has seen nothing but the built-in profile.
func New(o Options) *Linter {
	return &Linter{
		selected: o.Candidates, hasNetwork: o.HasNetwork, labels: labelSet{},
		known:    map[string]bool{profile.DefaultAllow: true},
		enforced: map[string]bool{profile.DefaultAllow: true},
		used:     map[string]*used{},
		passes:   [2]map[string]*passRule{{}, {}},
	}
}

// AddProfile checks a profile by itself. Of a profile that is in both layouts, the
// one that is added first counts.
func (l *Linter) AddProfile(p *profile.Profile) {
	if l.known[p.ID] {
		return
	}
	l.known[p.ID] = true
	if p.Layout == profile.V3 {
		l.enforced[p.ID] = true
		l.labels.add(p.Labels)
		l.notePasses(p)
	}
	if l.isSelected(p.ID) {
		l.checked = append(l.checked, checkedProfile{p.ID, p.Layout})
		l.checkProfile(p)
	}
}

// AddMalformedProfile notes a profile whose document cannot be read.
func (l *Linter) AddMalformedProfile(id string, why *profile.MalformedError) {
	if l.known[id] {
		return
	}
	l.known[id] = true
	if why.Layout == profile.V3 {
		l.enforced[id], l.malformedProfile = true, true
	}
	if l.isSelected(id) {
		l.addMalformed(place{id: id}, "damaged-profile", why)
	}
}

// Profiles returns the IDs of all profiles so far. It is not a copy.
func (l *Linter) Profiles() map[string]bool { return l.known }

// Select leaves of the candidates the profiles that are asked for.
func (l *Linter) Select(ids ...string) {
	l.selected = map[string]bool{}
	for _, id := range ids {
		l.selected[id] = true
	}
	l.drafts = slices.DeleteFunc(l.drafts, func(d draft) bool { return !l.selected[d.place.id] })
	l.checked = slices.DeleteFunc(l.checked, func(p checkedProfile) bool { return !l.selected[p.id] })
	l.tags = slices.DeleteFunc(l.tags, func(t tagUse) bool { return !l.selected[t.place.id] })
}

func (l *Linter) isSelected(id string) bool { return l.selected == nil || l.selected[id] }

// Findings returns what was found, sorted by profile; findings about endpoints come
// last. It is called once, when everything is added.
func (l *Linter) Findings(names Names) []Finding {
	l.checkTags()
	l.checkUse()
	list := make([]Finding, len(l.drafts))
	for i, d := range l.drafts {
		list[i] = d.finding(names)
	}
	slices.SortStableFunc(list, func(a, b Finding) int {
		return cmp.Or(
			cmp.Compare(a.rank(), b.rank()), cmp.Compare(a.Profile, b.Profile), cmp.Compare(a.ID, b.ID),
			cmp.Compare(a.Direction, b.Direction), cmp.Compare(a.Position, b.Position), cmp.Compare(a.Endpoint, b.Endpoint),
		)
	})
	return list
}

// checkProfile finds what is wrong in a profile by itself.
func (l *Linter) checkProfile(p *profile.Profile) {
	whole := place{id: p.ID}
	for _, why := range p.InvalidNames() {
		l.add(whole, Error, "refused-name", plain(why), plain("correct the document with the tool that wrote it, or with etcdctl"))
	}
	if why := p.LostTags(); why != "" {
		l.add(whole, Error, "lost-tags", plain(why), plain("remove or correct the rule"))
	}
	for _, d := range []rules.Direction{rules.Inbound, rules.Outbound} {
		l.checkRules(p, d)
	}
	if p.Layout == profile.V1 {
		l.add(whole, Warning, "not-enforced", plain("it is in the layout of calicoctl 0.x, which no Felix reads"), plain(advice.Migrate(p.ID)))
		return
	}
	l.checkExposed(p)
	if l.hasNetwork != nil && resolve.IsID(p.ID) && !l.hasNetwork(p.ID) {
		l.add(whole, Warning, "unknown-network", plain("Docker on this host has no network with this ID"),
			command(p.ID, "unless it is a local network of another host, which only that host knows: calicoctl profile remove %s"))
	}
}
