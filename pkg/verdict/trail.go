package verdict

import (
	"github.com/calicoctl/calicoctl/pkg/rules"
)

// A step is a rule on the way of a packet, or the part of it for one IP version.
type step struct {
	region region
	rule   int // index
	does   effect
}

// A verdict is what happens to the packets of a step.
type effect uint8

const (
	takes  effect = iota // they do not come to the rules behind
	passes               // whoever is followed may get through here
)

// A trail follows packets down a list of steps, and then down another. It costs no
// more than its budget; when that is used up, nothing is known.
type trail struct {
	steps  []step
	then   []step
	budget int
	met    map[int]bool // which rules have taken something, if somebody wants to know
}

// Bounds of a trail, in sets that are compared. A rule that most lists hold costs
// less than a hundred of them for each rule in front of it.
const (
	ruleBudget = 1 << 20
	listBudget = 1 << 24
)

// ends calls visit for disjoint regions that hold all packets of r that no step
// takes: those that get to the end of the steps, and those that one lets pass.
// It stops early, and returns false, when visit does or the budget is used up.
func (w *trail) ends(r region, from int, visit func(region) bool) bool {
	for i := from; i < len(w.steps)+len(w.then); i++ {
		s := w.step(i)
		w.budget -= 1 + len(r.facts)
		if w.budget < 0 {
			return false
		}
		if !r.meets(&s.region) {
			continue
		}
		if s.does == passes {
			return visit(r)
		}
		if w.met != nil {
			w.met[s.rule] = true
		}
		w.budget -= r.size() + s.region.size()
		for _, piece := range r.minus(&s.region) {
			if !w.ends(piece, i+1, visit) {
				return false
			}
		}
		return true
	}
	return visit(r)
}

func (w *trail) step(i int) *step {
	if i < len(w.steps) {
		return &w.steps[i]
	}
	return &w.then[i-len(w.steps)]
}

// allTaken reports whether it is proven that no packet of the regions gets to the
// end or passes.
func (w *trail) allTaken(list []region) bool {
	for _, r := range list {
		if !w.ends(r, 0, func(region) bool { return false }) {
			return false
		}
	}
	return true
}

// addSteps appends the steps of a rule.
func (c *compiler) addSteps(list []step, index int, r rules.Rule, does effect) []step {
	for _, part := range c.regions(r) {
		list = append(list, step{region: part, rule: index, does: does})
	}
	return list
}

// stops reports whether an action ends the way of a packet through a list.
func stops(a rules.Action) bool { return a == rules.Allow || a == rules.Deny || a == rules.Pass }
