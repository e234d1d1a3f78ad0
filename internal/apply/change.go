package apply

import (
	"errors"
	"fmt"
	"slices"

	"github.com/calicoctl/calicoctl/internal/names"
	"github.com/calicoctl/calicoctl/internal/printable"
	"github.com/calicoctl/calicoctl/pkg/fault"
	"github.com/calicoctl/calicoctl/pkg/profile"
	"github.com/calicoctl/calicoctl/pkg/rules"
)

// Pick returns the profile that exists or, if it may be created, a new one without
// rules.
func (p *Plan) Pick(there names.Profiles) (*profile.Profile, error) {
	l := p.Listing
	switch {
	case !p.options.Create, slices.ContainsFunc(p.target.IDs(), there.Has):
		return p.target.Pick(there)
	case l.Revision != 0 && !p.options.Force:
		return nil, fault.Conflictf("profile %s has been removed since revision %d; --force makes it again",
			printable.Text(l.Name), l.Revision)
	}
	profile, err := p.target.Create(there)
	if err == nil {
		profile.Inbound, profile.Outbound = nil, nil
		if l.HasTags {
			profile.Labels = nil
		}
	}
	return profile, err
}

// Change makes a profile what the listing says, unless accept returns an error for it.
func (p *Plan) Change(there names.Presence, current *profile.Profile, accept func(Checked, *profile.Profile) error) error {
	now, err := p.resolve(there)
	if err == nil {
		err = p.keepStored(current, now)
	}
	if err == nil {
		err = accept(now, current)
	}
	if err != nil {
		return err
	}
	before := current.Clone()
	if err := p.set(current, now); err != nil || !current.Changed() {
		return err
	}
	if err := p.allowed(before, current); err != nil {
		return err
	}
	return p.tags.Check(there, before, p.typed(), now.rules)
}

// typed returns the rules of the listing as they were typed, the inbound ones first.
func (p *Plan) typed() []rules.Rule { return slices.Concat(p.Listing.Inbound, p.Listing.Outbound) }

func (p *Plan) resolve(there names.Presence) (now Checked, err error) {
	if now.rules, err = p.tags.ResolveRules(there, p.typed()); err != nil {
		return now, err
	}
	now.tags, err = p.tags.ResolveAll(there, p.Listing.Tags)
	return now, err
}

// keepStored rejects a tag that the profile carries, or one of its rules has, and that
// now means the ID of a network: the text may be older than that network.
func (p *Plan) keepStored(current *profile.Profile, now Checked) error {
	stored := names.IDs{}
	for _, tag := range names.TagsIn(current) {
		stored[tag] = true
	}
	typed := append(names.OfRules(p.typed()), p.Listing.Tags...)
	resolved := append(names.OfRules(now.rules), now.tags...)
	for i, tag := range typed {
		if _, known := p.Listing.Networks[tag]; !known && stored[tag] && resolved[i] != tag {
			return fault.Refusedf("profile %s has the tag %s, which is not that of the Docker network %s; "+
				"write %s for the network, or give --literal for the tag as it is stored",
				printable.Text(p.Listing.Name), printable.Text(tag), printable.Text(tag), resolved[i])
		}
	}
	return nil
}

// set gives a profile the rules and tags.
func (p *Plan) set(current *profile.Profile, now Checked) error {
	count := len(p.Listing.Inbound)
	if err := p.setRules(current, rules.Inbound, now.rules[:count]); err != nil {
		return err
	}
	if err := p.setRules(current, rules.Outbound, now.rules[count:]); err != nil {
		return err
	}
	if !p.Listing.HasTags {
		return nil
	}
	return profile.SetTags(current, now.tags)
}

func (p *Plan) setRules(current *profile.Profile, d rules.Direction, list []rules.Rule) error {
	err := profile.SetRules(current, d, list)
	var unsupported *rules.UnsupportedError
	if !errors.As(err, &unsupported) {
		return err
	}
	typed := p.Listing.Inbound
	if d == rules.Outbound {
		typed = p.Listing.Outbound
	}
	unknown := slices.IndexFunc(list, func(r rules.Rule) bool { return rules.Equal(r, unsupported.Rule) })
	return fault.Refusedf("%s has criteria in brackets, which can be kept as they are stored and not be written anew; "+
		"there is no such %s rule", rules.Format(typed[unknown]), d)
}

// allowed rejects the change of a profile that has changed since it was exported, and to
// remove anything without a revision.
func (p *Plan) allowed(before, after *profile.Profile) error {
	known, name := p.Listing.Revision, printable.Text(p.Listing.Name)
	switch {
	case p.options.Force || p.options.IfRevision != 0 || before.Revision == 0:
	case known != 0 && known != before.Revision:
		return fault.Conflictf("profile %s is at revision %d, and the text knows revision %d; look at it again%s",
			name, before.Revision, known, p.options.Hint)
	case known == 0 && loses(before, after) && p.options.Create:
		return fault.Refusedf("profile %s would lose rules or tags that the file may not know of; "+
			"if it does, write \"# revision %d\" below its name, or give --force", name, before.Revision)
	case known == 0 && loses(before, after):
		return fault.Refusedf("profile %s would lose rules that the file may not know of; "+
			"if it does, say --if-revision=%d, or --force", name, before.Revision)
	}
	return nil
}

// loses reports whether a profile loses a rule or a tag.
func loses(before, after *profile.Profile) bool {
	for _, d := range []rules.Direction{rules.Inbound, rules.Outbound} {
		count := map[string]int{}
		for _, r := range *after.Rules(d) {
			count[string(r.JSON)]++
		}
		for _, r := range *before.Rules(d) {
			if count[string(r.JSON)]--; count[string(r.JSON)] < 0 {
				return true
			}
		}
	}
	kept := names.IDs{}
	for _, tag := range after.Tags() {
		kept[tag] = true
	}
	return slices.ContainsFunc(before.Tags(), func(tag string) bool { return !kept[tag] })
}

// missing returns the IDs of the profiles that the plans create.
func missing(plans []*Plan, there names.Presence) (names.IDs, error) {
	created, lines := names.IDs{}, map[string]int{}
	for _, p := range plans {
		id, err := p.target.Existing(there)
		switch {
		case errors.Is(err, fault.ErrNotFound):
			id = p.target.NewID()
			created[id] = true
		case err != nil:
			return nil, &ListingError{Listing: p.Listing, Err: err}
		}
		if line, twice := lines[id]; twice {
			return nil, &TwiceError{Name: p.Listing.Name, Lines: [2]int{line, p.Listing.Line}}
		}
		lines[id] = p.Listing.Line
	}
	return created, nil
}

// A ListingError is an error about one listing of a file.
type ListingError struct {
	Listing rules.ProfileListing
	Err     error
}

func (e *ListingError) Error() string { return e.Err.Error() }

// Unwrap returns the error.
func (e *ListingError) Unwrap() error { return e.Err }

// A TwiceError says that two listings of a file are about the same profile.
type TwiceError struct {
	Name  string
	Lines [2]int
}

func (e *TwiceError) Error() string {
	return fmt.Sprintf("lines %d and %d of the file are about the same profile, %s", e.Lines[0], e.Lines[1], printable.Text(e.Name))
}
