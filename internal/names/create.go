package names

import (
	"github.com/calicoctl/calicoctl/internal/advice"
	"github.com/calicoctl/calicoctl/internal/printable"
	"github.com/calicoctl/calicoctl/pkg/fault"
	"github.com/calicoctl/calicoctl/pkg/profile"
	"github.com/calicoctl/calicoctl/pkg/rules"
)

// Create returns the profile that exists, or a new one. The error is fault.ErrRefused
// for the second of a pair that has the same name, and for one of Docker's own networks.
func (t Target) Create(there Profiles) (*profile.Profile, error) {
	if there.Has(t.NewID()) {
		return there.Profile(t.NewID())
	}
	if err := t.notDockers(); err != nil {
		return nil, err
	}
	if err := t.single(there, t.NewID()); err != nil {
		return nil, err
	}
	return profile.New(t.NewID())
}

// Recreate returns a removed version of a profile to create again, under the rules of
// Create.
func (t Target) Recreate(there Profiles, version *profile.Profile) (*profile.Profile, error) {
	if err := t.single(there, version.ID); err != nil {
		return nil, err
	}
	return profile.Recreate(version)
}

// single rejects a profile beside another one that the name may mean.
func (t Target) single(there Presence, id string) error {
	for _, other := range t.AllIDs() {
		if other != id && there.Has(other) {
			return fault.Refusedf("there is already a profile called %s, and a second one for the Docker network of that name (%s) "+
				"could not be told from it by its name; use that one, or remove it first", printable.Text(other), t.NewID())
		}
	}
	return nil
}

// Copy returns a new profile with the rules, tags and labels of another. The tag of
// the old profile's own name becomes that of the new one's.
func (t Target) Copy(there Profiles, old *profile.Profile) (*profile.Profile, error) {
	p, err := t.Create(there)
	switch {
	case err != nil:
		return nil, err
	case p.Revision != 0 || p.BuiltIn:
		return nil, fault.Refusedf("Profile %s already exists.", printable.Text(t.Name))
	case old.Layout != profile.V3:
		return nil, fault.Refusedf("profile %s is in the layout of calicoctl 0.x; \"%s\" makes a v3 profile of it",
			printable.Text(old.ID), advice.Migrate(old.ID))
	}
	p.Inbound, p.Outbound = old.Inbound, old.Outbound
	own := p.Labels[0]
	p.Labels = nil
	values := map[string]string{}
	for _, l := range old.Labels {
		if l.Name == rules.TagLabel(old.ID) && l.Value == "" {
			l = own
		}
		switch value, exists := values[l.Name]; {
		case !exists:
			p.Labels = append(p.Labels, l)
			values[l.Name] = l.Value
		case value != l.Value:
			return nil, fault.Refusedf("profile %s has the label %s with a value; the tag of the new profile's name would be lost",
				printable.Text(old.ID), printable.Text(l.Name))
		}
	}
	return p, nil
}
