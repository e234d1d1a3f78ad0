package rules

// A Way is how packets get from one endpoint to another: through the outbound
// rules of the profile that the sender has, and the inbound rules of the profile
// of the receiver.
type Way struct {
	compiler *compiler
	inbound  []step
	behind   []int // how many steps the rules in front of each make
	outbound []step
}

// NewWay returns the way from one to the other. With free, the sender is subject
// to no rules, or to none that are known, and outbound does not count.
func NewWay(from, to Party, outbound []Stored, free bool, inbound []Stored) *Way {
	w := &Way{compiler: newCompiler(from, to), behind: make([]int, len(inbound))}
	for i, s := range inbound {
		w.behind[i] = len(w.inbound)
		if s.Rule.Action.stops() && isWhole(s) {
			w.inbound = w.compiler.addSteps(w.inbound, i, s.Rule, takes)
		}
	}
	if !free {
		w.addOutbound(outbound)
	}
	return w
}

func (w *Way) addOutbound(list []Stored) {
	for i, s := range list {
		switch action := s.Rule.Action; {
		case action == Allow || action == Pass:
			w.outbound = w.compiler.addSteps(w.outbound, i, s.Rule, passes)
		case action == Deny && isWhole(s):
			w.outbound = w.compiler.addSteps(w.outbound, i, s.Rule, takes)
		}
	}
	w.outbound = w.compiler.addSteps(w.outbound, len(list), Rule{}, takes) // what no rule fits is dropped
}

// isWhole reports whether regions hold exactly the packets that a stored rule
// fits: Felix takes it, and there are words for all of its criteria.
func isWhole(s Stored) bool { return s.Rule.Beyond == "" && len(s.Trouble()) == 0 }

// MayOpen reports whether an allowing rule at the place of an inbound one, by its
// index, lets a packet through that the rules in front of it leave to it and that
// the sender may send. It is false only if that is proven to be impossible: for
// protocols, ports, addresses and ICMP messages exactly, and for tags and selectors
// by what is known of the ends. A pass may lead to another profile that lets the
// packet out; criteria without words may hold, or not.
func (w *Way) MayOpen(index int, r Rule) bool {
	follow := trail{steps: w.inbound[:w.behind[index]], then: w.outbound, budget: ruleBudget}
	return r.Action == Allow && !follow.allTaken(w.compiler.regions(r))
}

// Answer says what a tag or selectors of an entity come to for an endpoint of
// which the labels are known; asks is false when the entity has none that must
// match, so that it may also be about addresses that no endpoint has.
func (e Entity) Answer(p Party) (fits, asks bool) {
	fits = true
	for _, q := range questions(e) {
		fits = fits && q.answer(p) == q.yes
		asks = asks || q.yes
	}
	return fits, asks
}
