package profile

import (
	"slices"

	"github.com/calicoctl/calicoctl/pkg/rules"
)

// A Replacement puts a rule in the place of another. Like a [Removal] it
// remembers which rule that was, and replaces no other.
type Replacement struct {
	Direction rules.Direction
	At        int // from 1

	removal *Removal
}

// Apply replaces the rule. The errors are *PositionError, *MovedError, and
// *PresentError when an equal rule is in the list, be it the one that would be
// replaced; with each nothing is changed.
func (m *Replacement) Apply(p *Profile, r rules.Rule) error {
	if m.removal == nil {
		m.removal = &Removal{Direction: m.Direction, At: m.At}
	}
	trial := p.Clone()
	if err := m.removal.Apply(trial); err != nil {
		return err
	}
	list := p.Rules(m.Direction)
	if stands := (*list)[m.At-1]; rules.Equal(stands.Rule, r) {
		return &PresentError{Direction: m.Direction, At: m.At}
	}
	if at := find(*list, r); at > 0 {
		return &PresentError{Direction: m.Direction, At: at}
	}
	stored, err := rules.EncodeV3(r)
	if err != nil {
		return err
	}
	*list = slices.Clone(*list)
	(*list)[m.At-1] = stored
	return nil
}
