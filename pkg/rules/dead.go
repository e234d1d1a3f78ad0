package rules

import (
	"maps"
	"slices"
)

// A Dead rule never decides, because it can fit no packet, or because the rules
// in front of it decide all that it fits.
type Dead struct {
	Index int // in the list, from 0

	// By are the indexes of rules in front of it, none of which decides never,
	// that together decide all that this one fits; without any of them it is not
	// proven. Without any, the rule fits nothing at all.
	By []int

	// Same reports whether By is just one, and that is an equal rule.
	Same bool
}

// FindDead returns the rules of a list that never decide, or, if they log, never
// log. Each is proven to: for protocols, ports, addresses and ICMP messages
// exactly, and whatever the tags and selectors match, of which those of the same
// text match the same. A rule that Felix refuses is not looked at, and one with
// criteria without words is never taken for the reason. What cannot be proven with
// a bounded effort is in unknown.
func FindDead(list []Stored) (dead []Dead, unknown []int) {
	f := deadFinder{compiler: newCompiler(Party{}, Party{}), budget: listBudget, alive: map[string]int{}}
	for i, s := range list {
		if len(s.Trouble()) > 0 {
			continue
		}
		d, state := f.look(i, s)
		switch state {
		case isDead:
			dead = append(dead, d)
			continue // what never decides is not the reason for anything
		case isUnknown:
			unknown = append(unknown, i)
		}
		f.add(i, s)
	}
	return dead, unknown
}

type deadFinder struct {
	compiler *compiler
	steps    []step         // of the rules so far that decide
	alive    map[string]int // the same by what they say
	budget   int
}

type liveness uint8

const (
	isAlive liveness = iota
	isDead
	isUnknown
)

func (f *deadFinder) look(index int, s Stored) (Dead, liveness) {
	if first, again := f.alive[identity(s)]; again {
		return Dead{Index: index, By: []int{first}, Same: true}, isDead
	}
	regions := f.compiler.regions(s.Rule)
	if len(regions) == 0 {
		return Dead{Index: index}, isDead
	}
	w := trail{steps: f.steps, budget: min(ruleBudget, f.budget), met: map[int]bool{}}
	before := w.budget
	taken := w.allTaken(regions)
	f.budget -= before - w.budget
	switch {
	case taken:
		return Dead{Index: index, By: f.needed(w.met, regions)}, isDead
	case w.budget < 0:
		return Dead{}, isUnknown
	}
	return Dead{}, isAlive
}

// identity returns a text that rules which do the same have in common. Of one with
// criteria without words only the bytes tell.
func identity(s Stored) string {
	if s.Rule.Beyond != "" {
		return string(s.JSON)
	}
	return Key(s.Rule)
}

// maxNeeded is how many rules are tried to be left out of a reason.
const maxNeeded = 20

// needed leaves out of the rules that take something, from the last to the first,
// those without which all is taken as well. So of those that stay, each takes
// something that none in front of it does.
func (f *deadFinder) needed(met map[int]bool, regions []region) []int {
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
func (f *deadFinder) add(index int, s Stored) {
	if !s.Rule.Action.stops() {
		return
	}
	if _, there := f.alive[identity(s)]; !there {
		f.alive[identity(s)] = index
	}
	if s.Rule.Beyond != "" {
		return
	}
	f.steps = f.compiler.addSteps(f.steps, index, s.Rule, takes)
}
