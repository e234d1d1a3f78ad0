package render

import (
	"fmt"
	"slices"

	"github.com/calicoctl/calicoctl/internal/advice"
	"github.com/calicoctl/calicoctl/internal/names"
	"github.com/calicoctl/calicoctl/pkg/profile"
	"github.com/calicoctl/calicoctl/pkg/rules"
)

// Export returns a profile as profile apply reads it.
func Export(p *profile.Profile, shown names.Shown) string {
	l := rules.ProfileListing{Name: shown.Name(p.ID), Revision: p.Revision, Networks: shown.NetworksIn(p)}
	for _, tag := range p.Tags() {
		l.Tags = append(l.Tags, shown.Name(tag))
	}
	slices.Sort(l.Tags)
	l.Tags = slices.Compact(l.Tags) // in the layout of calicoctl 0.x one may stand twice
	l.Inbound, l.Outbound = shown.Rules(p.Inbound), shown.Rules(p.Outbound)
	text := rules.FormatProfile(l)
	if p.Layout == profile.V1 {
		text = fmt.Sprintf("# In the layout of calicoctl 0.x, which cannot be edited; see %s.\n%s", advice.Migrate(p.ID), text)
	}
	return text
}
