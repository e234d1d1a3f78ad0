package profile

import (
	"bytes"
	"fmt"
	"slices"

	"github.com/calicoctl/calicoctl/pkg/fault"
	"github.com/calicoctl/calicoctl/pkg/rules"
)

// A PresentError says that an equal rule is in the list already.
type PresentError struct {
	Direction rules.Direction
	At        int // its position, from 1
}

// Error names the position.
func (e *PresentError) Error() string {
	return fmt.Sprintf("the rule is already at %s position %d", e.Direction, e.At)
}

// A PositionError says that a list has no such position.
type PositionError struct {
	Direction rules.Direction
	At, Last  int // the position asked for, and the last one there is
}

// Error names the positions that there are.
func (e *PositionError) Error() string {
	if e.Last == 0 {
		return fmt.Sprintf("there is no position %d: the profile has no %s rules", e.At, e.Direction)
	}
	return fmt.Sprintf("there is no position %d: the %s positions are 1 to %d", e.At, e.Direction, e.Last)
}

// A MovedError says that the list was changed by another client so that a
// position does not mean any more what it meant when the edit first saw it. It
// is ErrConflict.
type MovedError struct {
	Direction rules.Direction
	At        int
	Was, Now  *rules.Rule // nil is the end of the list
}

// Error says what stood there and what stands there now.
func (e *MovedError) Error() string {
	if e.Was != nil && e.Now != nil && rules.Equal(*e.Was, *e.Now) {
		return fmt.Sprintf("another client added or removed a rule like %s at the same moment, "+
			"so that %s position %d does not say any more which one is meant; nothing was changed, look at the rules again",
			describe(e.Was), e.Direction, e.At)
	}
	return fmt.Sprintf("another client changed the %s rules at the same moment: at position %d stood %s, now %s; "+
		"nothing was changed, look at the rules again",
		e.Direction, e.At, describe(e.Was), describe(e.Now))
}

// Unwrap returns ErrConflict.
func (e *MovedError) Unwrap() error { return fault.ErrConflict }

func describe(r *rules.Rule) string {
	if r == nil {
		return "no rule"
	}
	return `"` + rules.Format(*r) + `"`
}

// find returns the position, from 1, of the first rule equal to r; 0 if there
// is none.
func find(list []rules.Stored, r rules.Rule) int {
	return 1 + slices.IndexFunc(list, func(s rules.Stored) bool { return rules.Equal(s.Rule, r) })
}

// AppendRule adds a rule at the end of a list. The error is a *PresentError
// when an equal rule is there, and then nothing is changed.
func AppendRule(p *Profile, d rules.Direction, r rules.Rule) error {
	list := p.Rules(d)
	if at := find(*list, r); at > 0 {
		return &PresentError{Direction: d, At: at}
	}
	stored, err := rules.EncodeV3(r)
	if err != nil {
		return err
	}
	*list = append(slices.Clip(*list), stored)
	return nil
}

// RemoveRule removes every rule that equals r and returns how many there were.
func RemoveRule(p *Profile, d rules.Direction, r rules.Rule) int {
	list := p.Rules(d)
	before := len(*list)
	*list = slices.DeleteFunc(slices.Clone(*list), func(s rules.Stored) bool { return rules.Equal(s.Rule, r) })
	return before - len(*list)
}

// An Insertion inserts a rule at a position. It remembers between which two
// rules that was when it first saw the list: applied again after a lost race,
// it inserts between the same two.
type Insertion struct {
	Direction rules.Direction
	At        int // from 1 to one past the last

	seen []rules.Stored // the list at first sight
	once bool
}

// Apply inserts the rule. The errors are *PresentError, *PositionError and
// *MovedError; with each nothing is changed.
func (i *Insertion) Apply(p *Profile, r rules.Rule) error {
	list := p.Rules(i.Direction)
	if at := find(*list, r); at > 0 {
		if stands := ruleAt(*list, i.At); stands != nil && rules.Equal(*stands, r) {
			at = i.At
		}
		return &PresentError{Direction: i.Direction, At: at}
	}
	if !i.once {
		if i.At < 1 || i.At > len(*list)+1 {
			return &PositionError{Direction: i.Direction, At: i.At, Last: len(*list) + 1}
		}
		i.seen, i.once = slices.Clone(*list), true
	}
	at, found := i.place(*list)
	if !found {
		at := i.At
		for at > 1 && sameNeighbour(*list, at-1, i.seen, at-1) {
			at-- // to name a position that shows the change
		}
		return &MovedError{Direction: i.Direction, At: at, Was: ruleAt(i.seen, at), Now: ruleAt(*list, at)}
	}
	stored, err := rules.EncodeV3(r)
	if err != nil {
		return err
	}
	*list = slices.Insert(slices.Clone(*list), at, stored)
	return nil
}

// place returns the index between the two neighbours of first sight. When such
// a pair stands in several places, only an unchanged beginning of the list
// tells which one was meant.
func (i *Insertion) place(list []rules.Stored) (index int, found bool) {
	at := i.At - 1
	if len(list) >= at && sameRules(list[:at], i.seen[:at]) && sameNeighbour(list, at, i.seen, at) {
		return at, true
	}
	for j := range len(list) + 1 {
		if !sameNeighbour(list, j-1, i.seen, at-1) || !sameNeighbour(list, j, i.seen, at) {
			continue
		}
		if found {
			return 0, false
		}
		index, found = j, true
	}
	return index, found
}

// sameNeighbour compares the bytes of two rules; the places before the first
// and after the last are equal to their like only.
func sameNeighbour(a []rules.Stored, i int, b []rules.Stored, j int) bool {
	if i < 0 || j < 0 {
		return i < 0 && j < 0
	}
	if i >= len(a) || j >= len(b) {
		return i >= len(a) && j >= len(b)
	}
	return bytes.Equal(a[i].JSON, b[j].JSON)
}

// A Removal removes the rule at a position. It remembers which rule that was
// when it first saw the list, and where equal ones stood, and removes no other:
// two that each remove one of a pair of equal rules do not remove both.
type Removal struct {
	Direction rules.Direction
	At        int         // from 1
	Only      *rules.Rule // if not nil, the rule that must stand there

	seen   *rules.Stored
	equals []int // the indexes of all rules with the same bytes
}

// Apply removes the rule. The errors are *PositionError and *MovedError, or
// ErrRefused when another rule than Only stands there; with each nothing is
// changed.
func (m *Removal) Apply(p *Profile) error {
	list := p.Rules(m.Direction)
	if m.seen == nil && (m.At < 1 || m.At > len(*list)) {
		return &PositionError{Direction: m.Direction, At: m.At, Last: len(*list)}
	}
	if m.seen == nil {
		first := (*list)[m.At-1]
		if m.Only != nil && !rules.Equal(first.Rule, *m.Only) {
			same := rules.Format(first.Rule) == rules.Format(*m.Only)
			return &OtherRuleError{Direction: m.Direction, At: m.At, Stands: first.Rule, OtherForm: same}
		}
		m.seen, m.equals = &first, sameBytes(*list, first)
	}
	if !slices.Equal(sameBytes(*list, *m.seen), m.equals) {
		return &MovedError{Direction: m.Direction, At: m.At, Was: ruleAt([]rules.Stored{*m.seen}, 1), Now: ruleAt(*list, m.At)}
	}
	*list = slices.Delete(slices.Clone(*list), m.At-1, m.At)
	return nil
}

// A Move moves the rule at a position to another. It remembers the list that it
// first saw, and moves nothing in any other.
type Move struct {
	Direction rules.Direction
	From, To  int // from 1

	seen []rules.Stored
	once bool
}

// Apply moves the rule. The errors are *PositionError and *MovedError; with each
// nothing is changed.
func (m *Move) Apply(p *Profile) error {
	list := p.Rules(m.Direction)
	for _, at := range []int{m.From, m.To} {
		if !m.once && (at < 1 || at > len(*list)) {
			return &PositionError{Direction: m.Direction, At: at, Last: len(*list)}
		}
	}
	if !m.once {
		m.seen, m.once = slices.Clone(*list), true
	}
	if !sameRules(*list, m.seen) {
		at := 1
		for sameNeighbour(*list, at-1, m.seen, at-1) {
			at++ // to name a position that shows the change
		}
		return &MovedError{Direction: m.Direction, At: at, Was: ruleAt(m.seen, at), Now: ruleAt(*list, at)}
	}
	rule := (*list)[m.From-1]
	rest := slices.Delete(slices.Clone(*list), m.From-1, m.From)
	*list = slices.Insert(rest, m.To-1, rule)
	return nil
}

// sameBytes returns the indexes of the rules that are stored as r is.
func sameBytes(list []rules.Stored, r rules.Stored) []int {
	var indexes []int
	for i, other := range list {
		if bytes.Equal(other.JSON, r.JSON) {
			indexes = append(indexes, i)
		}
	}
	return indexes
}

// An OtherRuleError says that another rule than the expected one stands at a
// position. It is ErrRefused.
type OtherRuleError struct {
	Direction rules.Direction
	At        int
	Stands    rules.Rule
	OtherForm bool // has the same text, but is stored in another form
}

// Error says which rule stands there.
func (e *OtherRuleError) Error() string {
	if e.OtherForm {
		return fmt.Sprintf("%s rule %d has this text but is stored in another form",
			e.Direction, e.At)
	}
	return fmt.Sprintf("%s rule %d is another one: %s", e.Direction, e.At, rules.Format(e.Stands))
}

// Unwrap returns ErrRefused.
func (e *OtherRuleError) Unwrap() error { return fault.ErrRefused }

// ruleAt returns a copy of the rule at a position; nil is no rule.
func ruleAt(list []rules.Stored, at int) *rules.Rule {
	if at < 1 || at > len(list) {
		return nil
	}
	r := list[at-1].Rule
	return &r
}
