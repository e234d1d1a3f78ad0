package verdict

import (
	"maps"
	"slices"

	"github.com/calicoctl/calicoctl/pkg/rules"
)

// An Unreachable rule never decides, because it can fit no packet, or because the rules
// in front of it decide all that it fits.
type Unreachable struct {
	Index int // in the list, from 0

	// By are the indexes of rules in front of it, none of which decides never,
	// that together decide all that this one fits; without any of them it is not
	// proven. Without any, the rule fits nothing at all.
	By []int

	// Same reports whether By is just one, and that is an equal rule.
	Same bool
}

// FindUnreachable returns the rules of a list that never decide, or, if they log, never
// log. Each is proven to: for protocols, ports, addresses and ICMP messages
// exactly, and whatever the tags and selectors match, of which those of the same
// text match the same. A rule that Felix refuses is not looked at, and one with
// criteria without words is never taken for the reason. What cannot be proven with
// a bounded effort is in unknown.
func FindUnreachable(list []rules.Stored) (dead []Unreachable, unknown []int) {
	f := unreachableFinder{compiler: newCompiler(Labels{}, Labels{}), budget: listBudget, reachable: map[string]int{}}
	for i, s := range list {
		if len(s.Invalid()) > 0 {
			continue
		}
		d, state := f.look(i, s)
		switch state {
		case isUnreachable:
			dead = append(dead, d)
			continue // what never decides is not the reason for anything
		case isUnknown:
			unknown = append(unknown, i)
		}
		f.add(i, s)
	}
	return dead, unknown
}

type unreachableFinder struct {
	compiler  *compiler
	steps     []step         // of the rules so far that decide
	reachable map[string]int // the same by what they say
	budget    int
}

type finding uint8

const (
	isReachable finding = iota
	isUnreachable
	isUnknown
)

func (f *unreachableFinder) look(index int, s rules.Stored) (Unreachable, finding) {
	if first, again := f.reachable[identity(s)]; again {
		return Unreachable{Index: index, By: []int{first}, Same: true}, isUnreachable
	}
	regions := f.compiler.regions(s.Rule)
	if len(regions) == 0 {
		return Unreachable{Index: index}, isUnreachable
	}
	w := trail{steps: f.steps, budget: min(ruleBudget, f.budget), met: map[int]bool{}}
	before := w.budget
	taken := w.allTaken(regions)
	f.budget -= before - w.budget
	switch {
	case taken:
		return Unreachable{Index: index, By: f.needed(w.met, regions)}, isUnreachable
	case w.budget < 0:
		return Unreachable{}, isUnknown
	}
	return Unreachable{}, isReachable
}

// identity returns a text that rules which do the same have in common. Of one with
// criteria without words only the bytes tell.
func identity(s rules.Stored) string {
	if s.Rule.Unsupported != "" {
		return string(s.JSON)
	}
	return rules.Key(s.Rule)
}

// maxNeeded is how many rules are tried to be left out of a reason.
const maxNeeded = 20

// needed leaves out of the rules that take something, from the last to the first,
// those without which all is taken as well. So of those that stay, each takes
// something that none in front of it does.
func (f *unreachableFinder) needed(met map[int]bool, regions []region) []int {
	by := slices.Sorted(maps.Keys(met))
	if len(by) > maxNeeded {
		return by
	}
	for i := len(by) - 1; i >= 0 && len(by) > 1; i-- {
		fewer := slices.Delete(slices.Clone(by), i, i+1)
		steps := slices.DeleteFunc(slices.Clone(f.steps), func(s step) bool { return !slices.Contains(fewer, s.rule) })
		w := trail{steps: steps, budget: ruleBudget}
		if w.allTaken(regions) {
			by = fewer
		}
	}
	return by
}

// add makes a rule one that those behind it may be dead of.
func (f *unreachableFinder) add(index int, s rules.Stored) {
	if !stops(s.Rule.Action) {
		return
	}
	if _, there := f.reachable[identity(s)]; !there {
		f.reachable[identity(s)] = index
	}
	if s.Rule.Unsupported != "" {
		return
	}
	f.steps = f.compiler.addSteps(f.steps, index, s.Rule, takes)
}
