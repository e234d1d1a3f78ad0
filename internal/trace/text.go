package trace

import (
	"fmt"
	"slices"
	"strings"

	"github.com/calicoctl/calicoctl/internal/brief"
	"github.com/calicoctl/calicoctl/pkg/rules"
	"github.com/calicoctl/calicoctl/pkg/verdict"
)

// Text returns the answer for people: the verdict, and what each rule does that the
// packet comes to.
func (t *Trace) Text() string {
	var out strings.Builder
	out.WriteString(t.summary() + "\n")
	if len(t.Policies) > 0 {
		out.WriteString("  if the profiles decide: " + t.headline() + "\n")
	}
	for i, step := range t.Verdict.Steps {
		if i != t.Verdict.Decider {
			out.WriteString("  " + t.line(step) + "\n")
		}
	}
	for _, e := range t.Verdict.Examples {
		fmt.Fprintf(&out, "  for example %s with %s\n", e.Verdict, listed(e.With))
	}
	return out.String()
}

// line says what a rule does that does not decide, and why.
func (t *Trace) line(step verdict.Step) string {
	if step.Rule < 0 {
		return "profile " + t.profileName(step) + ": " + step.Why
	}
	text := t.place(step, "")
	if t.Endpoint != nil {
		text += ","
	}
	return text + " " + t.ruleText(step) + ": " + stepReason(step)
}

// summary returns the verdict, with policies.
func (t *Trace) summary() string {
	if len(t.Policies) > 0 {
		return string(verdict.Depends) + ": " + t.policyReason()
	}
	return t.headline()
}

// policyReason says which policies decide first.
func (t *Trace) policyReason() string {
	const few = 3
	switch n := len(t.Policies); {
	case n == 1:
		return t.Policies[0] + " decides first"
	case n > few:
		return fmt.Sprintf("%s and %d more decide first", strings.Join(t.Policies[:few], ", "), n-few)
	}
	return strings.Join(t.Policies, ", ") + " decide first"
}

// headline returns the verdict of the profiles.
func (t *Trace) headline() string {
	v := t.Verdict
	if v.Decider >= 0 {
		step := v.Steps[v.Decider]
		if step.Rule < 0 {
			return fmt.Sprintf("%s: %s", v.Verdict, step.Why)
		}
		return fmt.Sprintf("%s by %s: %s", v.Verdict, t.place(step, string(t.facts.Question.Direction)+" "), t.ruleText(step))
	}
	return fmt.Sprintf("%s: %s", v.Verdict, t.reason())
}

// reason says why, where no single rule decides.
func (t *Trace) reason() string {
	v := t.Verdict
	undecided := false
	for _, step := range v.Steps {
		if step.Matters {
			return t.place(step, "") + " needs " + listed(step.Needs)
		}
		undecided = undecided || step.Match == verdict.MayMatch && step.Action != rules.Log
	}
	last := len(v.Steps) - 1
	stale := slices.IndexFunc(v.Steps, func(s verdict.Step) bool { return s.StaleMark })
	switch {
	case v.Verdict == verdict.Depends:
		return "there are too many rules to find out"
	case v.Verdict == verdict.Allowed:
		return "one rule or another allows it, whatever is left open"
	case undecided:
		return "no rule allows it, whatever is left open"
	case stale >= 0 && stale == last:
		return t.place(v.Steps[last], "") + " takes the packet out of its profile, because an earlier profile passed it"
	case last >= 0 && v.Steps[last].Match == verdict.Matches && v.Steps[last].Action == rules.Pass:
		return t.place(v.Steps[last], "") + " passes, and no further profile decides"
	}
	return "no rule matches"
}

// place names a rule, and its profile where there are several.
func (t *Trace) place(step verdict.Step, direction string) string {
	text := fmt.Sprintf("%srule %d", direction, step.Rule+1)
	if t.Endpoint != nil {
		text += " of profile " + t.profileName(step)
	}
	return text
}

func (t *Trace) profileName(step verdict.Step) string {
	return brief.Cell(brief.Name(t.facts.Name(t.profiles[step.Set].id)))
}

// stored returns the rule of a step.
func (t *Trace) stored(step verdict.Step) rules.Rule {
	return (*t.profiles[step.Set].stored.Rules(t.facts.Question.Direction))[step.Rule].Rule
}

func (t *Trace) ruleText(step verdict.Step) string {
	return rules.Format(t.stored(step).MapTags(t.facts.Name))
}

const staleMarkReason = "it leaves the profile without a match, because Felix keeps the mark of the pass in an earlier profile"

// stepReason says why a rule does not decide.
func stepReason(step verdict.Step) string {
	switch {
	case step.StaleMark:
		return staleMarkReason
	case step.Match == verdict.NoMatch:
		return step.Why
	case step.Match == verdict.MayMatch && step.Matters:
		return "needs " + listed(step.Needs)
	case step.Match == verdict.MayMatch:
		return "needs " + listed(step.Needs) + ", which makes no difference"
	case step.Action == rules.Log:
		return "it logs, and goes on"
	}
	return "it leaves the profile"
}

// listed returns "a, b and c".
func listed[T fmt.Stringer](list []T) string {
	var texts []string
	for _, item := range list {
		texts = append(texts, item.String())
	}
	if n := len(texts); n > 1 {
		return strings.Join(texts[:n-1], ", ") + " and " + texts[n-1]
	}
	return strings.Join(texts, "")
}
