package verdict

import (
	"slices"

	"github.com/calicoctl/calicoctl/pkg/rules"
)

// A Ruleset is the rules of one profile in one direction.
type Ruleset struct {
	Rules []rules.Stored

	// Drops says why Felix drops all that comes to the profile: because it
	// refuses one of its rules, or because there is no such profile. Empty is
	// the usual.
	Drops string
}

// A Verdict is what happens to a packet.
type Verdict string

// The verdicts. A packet that no rule of the last profile decides about is
// dropped.
const (
	Allowed Verdict = "allowed"
	Denied  Verdict = "denied"
	Depends Verdict = "depends" // on what is not known of the packet
)

// A Result is the verdict for a packet and the reasons.
type Result struct {
	Verdict Verdict

	// Decider is the step of the rule, or of the profile that drops everything,
	// which decides whatever is not known of the packet. It is -1 when no rule
	// does, and when several do, depending on what is not known.
	Decider int

	// Steps are the rules up to the last that may decide, in their order.
	Steps []Step

	// Examples is, of Depends, one for each outcome, if both were found.
	Examples []Example
}

// A Step is a rule that the packet comes to, and what the rule does.
type Step struct {
	Set    int // the number of the profile, from 0
	Rule   int // the number of the rule, from 0; -1 is the profile as a whole
	Action rules.Action
	Match  Match
	Why    string // of FitsNot: the first criterion that does not hold; of a profile: its Drops
	Needs  []Need // of MayFit

	// StaleMark is true for a pass rule that takes the packet out of its profile
	// although it may not match: Felix marks a packet that passes, and never removes
	// the mark, so that the first pass rule of a later profile that is for the IP
	// version of the packet takes it out.
	StaleMark bool

	// Matters is true for a rule that may fit and upon which the outcome
	// depends.
	Matters bool
}

// A Match is whether a rule matches a packet.
type Match string

// The values of Fit.
const (
	NoMatch  Match = "no"
	MayMatch Match = "maybe" // it depends on what is not known
	Matches  Match = "yes"
)

// An Example is an outcome with what would lead to it.
type Example struct {
	Verdict Verdict
	With    []Assumption
}

// Evaluate says what happens to a packet at an endpoint that has these
// profiles, as Felix does it: the first rule that fits decides; log goes on to
// the next rule, pass leaves the profile, and so does a packet that no rule matches;
// after the last profile it is dropped. A packet that has passed leaves each later
// profile at the first pass rule, see [Step].StaleMark. shown returns how a tag is called in
// reasons; nil leaves it as it is.
//
// The outcome is Depends only if packets are like the given one that are allowed
// and others that are denied, except that a search among thousands of rules may
// be given up. A packet that contradicts itself, such as icmpv6 between IPv4
// addresses, is denied: there is none.
func Evaluate(sets []Ruleset, p Packet, shown func(tag string) string) Result {
	if shown == nil {
		shown = func(tag string) string { return tag }
	}
	e := &evaluator{shown: shown}
	for _, s := range sets {
		list := make([]*criteria, len(s.Rules))
		for i, r := range s.Rules {
			list[i] = storedCriteria(r)
		}
		e.sets = append(e.sets, matchset{rules: list, drops: s.Drops})
	}
	p, ok := p.derive()
	if !ok {
		return Result{Verdict: Denied, Decider: -1}
	}
	w := e.walk(p, nil)
	v := Result{Verdict: w.verdict(), Decider: w.decider, Steps: w.steps}
	if v.Verdict == Depends {
		v.Verdict, v.Examples = e.examples(p)
		v.Decider = -1
	}
	if v.Verdict == Depends {
		w.weigh()
	}
	return v
}

type matchset struct {
	rules []*criteria
	drops string
}

type evaluator struct {
	sets  []matchset
	shown func(string) string
	asked int // how many rules were matched
}

// An opinion holds what is assumed of the criteria without words: by step, yes
// or no.
type opinion map[[2]int]answer

// A walk is the way of a packet through the rules.
type walk struct {
	steps   []Step
	decider int
	allowed bool // may be
	denied  bool

	marked    answer // whether a rule of an earlier profile has passed the packet
	markNeeds []Need // of unknown
}

func (w *walk) verdict() Verdict {
	switch {
	case w.allowed && w.denied:
		return Depends
	case w.allowed:
		return Allowed
	}
	return Denied
}

// walk goes through the rules until one decides for sure.
func (e *evaluator) walk(p Packet, assumed opinion) *walk {
	w := &walk{decider: -1}
	for i := range e.sets {
		if !e.walkSet(w, i, p, assumed) {
			return w
		}
	}
	w.decide(rules.Deny, -1)
	return w
}

// decide takes note of a decision that is made, or that may be. The first sure
// one is the decider, whatever may come of later ones.
func (w *walk) decide(a rules.Action, sure int) {
	if a == rules.Allow {
		w.allowed = true
	} else {
		w.denied = true
	}
	if w.decider < 0 {
		w.decider = sure
	}
}

// walkSet reports whether the packet may leave the profile.
func (e *evaluator) walkSet(w *walk, set int, p Packet, assumed opinion) (leaves bool) {
	s := e.sets[set]
	if s.drops != "" {
		w.steps = append(w.steps, Step{Set: set, Rule: -1, Action: rules.Deny, Match: Matches, Why: s.drops})
		w.decide(rules.Deny, len(w.steps)-1)
		return false
	}
	marked, markNeeds := w.marked, w.markNeeds
	for i, c := range s.rules {
		e.asked++
		belief, found := assumed[[2]int{set, i}]
		if !found {
			belief = unknown
		}
		m := c.matches(p, e.shown, belief)
		action := c.rule.Action
		step := Step{Set: set, Rule: i, Action: action, Why: m.why, Needs: m.needs}
		if action == rules.Pass {
			w.mark(m)
			step.StaleMark = m.staleMark(c, p, marked, markNeeds)
			step.Needs = m.needs
		}
		step.Match = [...]Match{no: NoMatch, unknown: MayMatch, yes: Matches}[m.answer]
		w.steps = append(w.steps, step)
		switch {
		case step.StaleMark:
			return true
		case m.answer == no, action == rules.Log:
		case action == rules.Pass:
			leaves = true
		case m.answer == yes:
			w.decide(action, len(w.steps)-1)
		default:
			w.decide(action, -1)
		}
		if m.answer == yes && action != rules.Log {
			return leaves
		}
	}
	return true
}

// mark notes that a pass rule marks the packet, or may.
func (w *walk) mark(m match) {
	if m.answer > w.marked {
		w.marked, w.markNeeds = m.answer, m.needs
	}
}

// staleMark reports whether a pass rule takes the packet out of its profile because
// of the mark of an earlier profile, although it does not match for sure. Where that
// is not known, the answer for the rule becomes unknown.
func (m *match) staleMark(c *criteria, p Packet, marked answer, markNeeds []Need) bool {
	if m.answer == yes || marked == no {
		return false
	}
	switch v4, v6 := c.isFor(false), c.isFor(true); {
	case p.IPVersion == 4 && !v4, p.IPVersion == 6 && !v6, !v4 && !v6:
		return false
	case marked == yes && (p.IPVersion != 0 || v4 && v6):
		return true
	}
	m.answer, m.why = unknown, ""
	needs := slices.Concat(m.needs, markNeeds)
	if p.IPVersion == 0 {
		needs = append(needs, NeedIPVersion)
	}
	m.needs = nil
	for _, need := range needs {
		if !slices.Contains(m.needs, need) {
			m.needs = append(m.needs, need)
		}
	}
	return false
}

// weigh marks the rules upon which the outcome depends: those that may fit, and
// behind which something else may happen than what they do.
func (w *walk) weigh() {
	allowed, denied := false, true // what may happen behind a step
	if len(w.steps) > 0 {
		if last := w.steps[len(w.steps)-1]; last.Match == Matches && last.Action == rules.Allow {
			allowed, denied = true, false
		}
	}
	for i, step := range slices.Backward(w.steps) {
		switch {
		case step.Match == NoMatch || step.Action == rules.Log:
		case step.Match == MayMatch:
			w.steps[i].Matters = step.Action == rules.Allow && denied || step.Action == rules.Deny && allowed || step.Action == rules.Pass
			fallthrough
		default:
			allowed = allowed || step.Action == rules.Allow
			denied = denied || step.Action == rules.Deny
		}
	}
}
