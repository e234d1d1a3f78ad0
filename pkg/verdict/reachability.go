package verdict

import (
	"github.com/calicoctl/calicoctl/pkg/rules"
)

// A Reachability is how packets get from one endpoint to another: through the outbound
// rules of the profile that the sender has, and the inbound rules of the profile
// of the receiver.
type Reachability struct {
	compiler *compiler
	inbound  []step
	before   []int // how many steps the rules in front of each make
	outbound []step
}

// NewReachability returns how packets get from one to the other. With free, the sender is subject
// to no rules, or to none that are known, and outbound does not count.
func NewReachability(from, to Labels, outbound []rules.Stored, free bool, inbound []rules.Stored) *Reachability {
	w := &Reachability{compiler: newCompiler(from, to), before: make([]int, len(inbound))}
	for i, s := range inbound {
		w.before[i] = len(w.inbound)
		if stops(s.Rule.Action) && isWhole(s) {
			w.inbound = w.compiler.addSteps(w.inbound, i, s.Rule, takes)
		}
	}
	if !free {
		w.addOutbound(outbound)
	}
	return w
}

func (w *Reachability) addOutbound(list []rules.Stored) {
	for i, s := range list {
		switch action := s.Rule.Action; {
		case action == rules.Allow || action == rules.Pass:
			w.outbound = w.compiler.addSteps(w.outbound, i, s.Rule, passes)
		case action == rules.Deny && isWhole(s):
			w.outbound = w.compiler.addSteps(w.outbound, i, s.Rule, takes)
		}
	}
	w.outbound = w.compiler.addSteps(w.outbound, len(list), rules.Rule{}, takes) // what no rule fits is dropped
}

// isWhole reports whether regions hold exactly the packets that a stored rule
// fits: Felix takes it, and there are words for all of its criteria.
func isWhole(s rules.Stored) bool { return s.Rule.Unsupported == "" && len(s.Invalid()) == 0 }

// MayOpen reports whether an allowing rule at the place of an inbound one, by its
// index, lets a packet through that the rules in front of it leave to it and that
// the sender may send. It is false only if that is proven to be impossible: for
// protocols, ports, addresses and ICMP messages exactly, and for tags and selectors
// by what is known of the ends. A pass may lead to another profile that lets the
// packet out; criteria without words may hold, or not.
func (w *Reachability) MayOpen(index int, r rules.Rule) bool {
	follow := trail{steps: w.inbound[:w.before[index]], then: w.outbound, budget: ruleBudget}
	return r.Action == rules.Allow && !follow.allTaken(w.compiler.regions(r))
}

// Answer says what a tag or selectors of an entity come to for an endpoint of
// which the labels are known; asks is false when the entity has none that must
// match, so that it may also be about addresses that no endpoint has.
func Answer(e rules.Entity, p Labels) (matches, asks bool) {
	asked := newCriteria(rules.Rule{From: e}).from.labels
	return p.match(asked), len(asked.want) > 0
}
