package names

import (
	"context"
	"errors"
	"slices"

	"github.com/calicoctl/calicoctl/internal/printable"
	"github.com/calicoctl/calicoctl/pkg/fault"
	"github.com/calicoctl/calicoctl/pkg/profile"
	"github.com/calicoctl/calicoctl/pkg/resolve"
	"github.com/calicoctl/calicoctl/pkg/rules"
	"github.com/calicoctl/calicoctl/pkg/store"
)

// Shown tells how the stored ID of a profile is shown: by a network's name only if
// that name, given to a command now, leads to the same ID. The zero value shows IDs.
type Shown struct {
	Networks *resolve.Networks
	There    Presence // for the IDs and names of the networks that occur
	// Portable shows a profile with a name of its own by that name, which means the
	// same on other hosts, and not by the name of the network here that has it.
	Portable bool
}

// With takes further profiles to exist.
func (s Shown) With(ids IDs) Shown {
	s.There = Either(s.There, ids)
	return s
}

// Has reports whether a profile exists.
func (s Shown) Has(id string) bool { return s.There != nil && s.There.Has(id) }

// Name returns what is shown for the ID of a profile, or any other tag as it is: the
// name of the network that has it, if it is the only one and its name leads there.
func (s Shown) Name(id string) string {
	list := s.Networks.OfProfile(id)
	if len(list) == 1 && s.Leads(list[0]) && (list[0].Profile == "" || !s.Portable) {
		return list[0].Name
	}
	return id
}

// Leads reports whether the name of a network, given to a command now, leads to the
// network's profile.
func (s Shown) Leads(n resolve.Network) bool {
	_, ok := s.Networks.Name(n.ID)
	return ok && s.Has(n.ProfileID()) && (n.Name == n.ProfileID() || !s.Has(n.Name)) && rules.IsName(n.Name)
}

// Misleads reports whether a tag is shown by a name that, given to a command now,
// would mean a Docker network's tag instead.
func (s Shown) Misleads(tag string) bool {
	network, found, err := s.Networks.Find(tag)
	return err == nil && found && network.ProfileID() != tag && s.Has(network.ProfileID())
}

// Rules returns stored rules with the names of their tags.
func (s Shown) Rules(list []rules.Stored) []rules.Rule {
	out := make([]rules.Rule, len(list))
	for i, r := range list {
		out[i] = r.Rule.MapTags(s.Name)
	}
	return out
}

// TagsIn returns the tags of a profile and those in its rules.
func TagsIn(p *profile.Profile) []string {
	tags := p.Tags()
	for _, r := range slices.Concat(p.Inbound, p.Outbound) {
		tags = append(tags, r.Rule.Tags()...)
	}
	return tags
}

// NetworksIn returns the names in a profile's portable text that stand for the IDs of
// networks. They may mean something else where and when the text is read.
func (s Shown) NetworksIn(p *profile.Profile) map[string]string {
	networks := map[string]string{}
	for _, id := range append(TagsIn(p), p.ID) {
		if name := s.Name(id); name != id {
			networks[name] = id
		}
	}
	return networks
}

// Unambiguous refuses a profile whose name, or a tag of which, would be read back as
// another.
func (s Shown) Unambiguous(p *profile.Profile) error {
	name := printable.Text(s.Name(p.ID))
	if s.Misleads(p.ID) {
		return fault.Refusedf("profile %s has the name of a Docker network whose profile is another one, "+
			"so it would be read back as either; add --literal here and to apply", name)
	}
	for _, id := range append(TagsIn(p), p.ID) {
		if s.Misleads(id) {
			return fault.Refusedf("profile %s: the tag %s has the name of a Docker network but is not the network's, "+
				"so it would be read back as another; add --literal here and to apply", name, printable.Text(id))
		}
		if _, _, err := s.Networks.Find(id); err != nil {
			return fault.Refusedf("profile %s: %v, or add --literal here and to apply", name, err)
		}
	}
	return nil
}

// A Reader reads profiles. A *store.Store is one.
type Reader interface {
	Read(context.Context, store.Query) (*store.Snapshot, error)
}

// maxCandidates is how many networks are looked up along with a profile, so that one
// request is enough on most hosts.
const maxCandidates = 40

// Many reports whether there are too many networks to look all of them up.
func (d Directory) Many() bool { return len(d.Networks.All()) > maxCandidates }

// Candidates returns the profiles whose existence decides by which name the IDs of
// networks are shown, or nothing when there are many networks: see ShownIn.
func (d Directory) Candidates() []string {
	if d.Many() {
		return nil
	}
	all := d.Networks.All()
	ids := make([]string, 0, 2*len(all))
	for _, n := range all {
		ids = append(ids, n.ProfileID(), n.Name)
	}
	return ids
}

// ShownIn returns how the IDs in profiles are shown. snap was read with the presence
// of Candidates; where these were too many, those that occur are read.
func (d Directory) ShownIn(ctx context.Context, r Reader, snap *store.Snapshot, profiles ...*profile.Profile) (Shown, error) {
	if snap != nil && !d.Many() {
		return Shown{Networks: d.Networks, There: snap}, nil
	}
	var ids []string
	for _, p := range profiles {
		ids = append(append(ids, p.ID), TagsIn(p)...)
	}
	return d.ShownOf(ctx, r, ids)
}

// ShownOf returns how the networks in a list of IDs and tags are shown. Without any,
// nothing is requested.
func (d Directory) ShownOf(ctx context.Context, r Reader, list []string) (Shown, error) {
	slices.Sort(list)
	var ids []string
	for _, name := range slices.Compact(list) {
		networks := d.NetworksOf(name)
		if t, err := d.Target(name); err == nil && t.Network != nil {
			networks = append(networks, *t.Network)
		}
		for _, n := range networks {
			ids = append(ids, n.ProfileID(), n.Name)
		}
	}
	slices.Sort(ids)
	snap, err := r.Read(ctx, store.Query{Presence: slices.Compact(ids)})
	if err != nil {
		return Shown{}, err
	}
	return Shown{Networks: d.Networks, There: snap}, nil
}

// InError puts the names of networks into an error that quotes stored rules; planned
// are profiles that will exist.
func (d Directory) InError(ctx context.Context, r Reader, err error, planned IDs) error {
	quoted := quotedRules(err)
	if len(quoted) == 0 {
		return err
	}
	var tags []string
	for _, rule := range quoted {
		tags = append(tags, rule.Tags()...)
	}
	names, rerr := d.ShownOf(ctx, r, tags)
	if rerr != nil {
		return err // the names are a help, not the message
	}
	names = names.With(planned)
	for _, rule := range quoted {
		*rule = rule.MapTags(names.Name)
	}
	return err
}

func quotedRules(err error) (quoted []*rules.Rule) {
	var moved *profile.MovedError
	var other *profile.OtherRuleError
	var wrong *profile.RuleError
	switch {
	case errors.As(err, &moved):
		quoted = []*rules.Rule{moved.Was, moved.Now}
	case errors.As(err, &other):
		quoted = []*rules.Rule{&other.Stands}
	case errors.As(err, &wrong):
		quoted = []*rules.Rule{&wrong.Rule}
	}
	return slices.DeleteFunc(quoted, func(r *rules.Rule) bool { return r == nil })
}
