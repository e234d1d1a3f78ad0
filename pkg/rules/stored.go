package rules

import (
	"encoding/json"
	"slices"

	"github.com/calicoctl/calicoctl/internal/printable"
)

// MaxStored is how long a list of rules may be to be read at all. The shortest
// rule that Calico takes has 18 bytes, so no document that etcd takes comes near;
// a list of other things must not cost seconds and gigabytes.
const MaxStored = 100_000

// A Stored rule is a rule as a datastore holds it: what it says, and its bytes.
type Stored struct {
	Rule Rule

	// JSON is the rule's value as it was written, fields that this package does
	// not know included. It is what goes back to the datastore.
	JSON json.RawMessage

	// Problems says what of the value could not be read as Calico defines it,
	// such as an unknown action. What [Check] finds is not repeated here.
	Problems []string

	// Oddities says what of the value Felix reads in its own way.
	Oddities []Oddity

	// NoCriteria is true when the unsupported fields, and an action that is not
	// there, are nothing that a packet must match.
	NoCriteria bool
}

// An Oddity is part of a stored rule that upstream's API rejects, while Felix applies
// the rule.
type Oddity struct {
	Text  string // what is wrong, and what Felix does
	NoTag bool   // whether Felix takes no tags from the profile because of it
}

// MarshalJSON returns the stored bytes.
func (s Stored) MarshalJSON() ([]byte, error) { return s.JSON, nil }

// Invalid lists why Felix would refuse this rule or not do what it says: the
// problems of its value and those that [Check] finds, limits of new rules left
// aside. It is empty for a good rule.
func (s Stored) Invalid() []string {
	invalid := slices.Clone(s.Problems)
	for _, o := range s.Oddities {
		invalid = append(invalid, o.Text)
	}
	for _, p := range Check(s.Rule) {
		if !p.Limit {
			invalid = append(invalid, p.where())
		}
	}
	return invalid
}

// Drops lists the part of Invalid for which Felix drops all traffic of the profile.
func (s Stored) Drops() []string {
	drops := slices.Clone(s.Problems)
	for _, p := range Check(s.Rule) {
		if !p.Limit && !p.applied {
			drops = append(drops, p.where())
		}
	}
	return drops
}

// Untags lists the part of Invalid for which Felix takes no tags from the profile,
// so that rules elsewhere which deny by such a tag do not match.
func (s Stored) Untags() []string {
	untags := slices.Clone(s.Problems)
	for _, o := range s.Oddities {
		if o.NoTag {
			untags = append(untags, o.Text)
		}
	}
	for _, p := range Check(s.Rule) {
		if !p.Limit && !p.keepsTags {
			untags = append(untags, p.where())
		}
	}
	return untags
}

// An UnsupportedError says that a rule has criteria that a format or the words of
// the rule language cannot hold.
type UnsupportedError struct{ Rule Rule }

// Error shows the rule, with what has no words in square brackets.
func (e *UnsupportedError) Error() string {
	return "the rule " + printable.Quote(Format(e.Rule)) + " has criteria that cannot be written anew"
}
