package main

import (
	"fmt"
	"strings"

	"github.com/calicoctl/calicoctl/internal/brief"
	"github.com/calicoctl/calicoctl/pkg/rules"
	"github.com/calicoctl/calicoctl/pkg/store"
)

// text returns the answer for people: the verdict, and what each rule does that
// the packet comes to.
func (f *finding) text() string {
	var out strings.Builder
	out.WriteString(f.summary() + "\n")
	if len(f.policies) > 0 {
		out.WriteString("  if the profiles decide: " + f.headline() + "\n")
	}
	for i, step := range f.verdict.Steps {
		if i != f.verdict.Decider {
			out.WriteString("  " + f.line(step) + "\n")
		}
	}
	for _, e := range f.verdict.Examples {
		fmt.Fprintf(&out, "  for example %s with %s\n", e.Outcome, listed(e.With))
	}
	return out.String()
}

// line says what a rule does that does not decide, and why.
func (f *finding) line(step rules.Step) string {
	if step.Rule < 0 {
		return "profile " + f.profileName(step) + ": " + step.Why
	}
	text := f.place(step, "")
	if f.local != nil {
		text += ","
	}
	return text + " " + f.ruleText(step) + ": " + stepReason(step)
}

// summary returns the verdict, all considered.
func (f *finding) summary() string {
	if len(f.policies) > 0 {
		return string(rules.Depends) + ": " + f.policyReason()
	}
	return f.headline()
}

// policyReason says which policies decide first.
func (f *finding) policyReason() string {
	const few = 3
	switch n := len(f.policies); {
	case n == 1:
		return f.policies[0] + " decides first"
	case n > few:
		return fmt.Sprintf("%s and %d more decide first", strings.Join(f.policies[:few], ", "), n-few)
	}
	return strings.Join(f.policies, ", ") + " decide first"
}

// headline returns what the profiles say.
func (f *finding) headline() string {
	v := f.verdict
	if v.Decider >= 0 {
		step := v.Steps[v.Decider]
		if step.Rule < 0 {
			return fmt.Sprintf("%s: %s", v.Outcome, step.Why)
		}
		return fmt.Sprintf("%s by %s: %s", v.Outcome, f.place(step, string(f.direction)+" "), f.ruleText(step))
	}
	return fmt.Sprintf("%s: %s", v.Outcome, f.reason())
}

// reason says why, where no single rule decides.
func (f *finding) reason() string {
	v := f.verdict
	undecided := false
	for _, step := range v.Steps {
		if step.Matters {
			return f.place(step, "") + " needs " + listed(step.Needs)
		}
		undecided = undecided || step.Fits == rules.MayFit && step.Action != rules.Log
	}
	last := len(v.Steps) - 1
	switch {
	case v.Outcome == rules.Depends:
		return "there are too many rules to find out"
	case v.Outcome == rules.Allowed:
		return "one rule or another allows it, whatever is left open"
	case undecided:
		return "no rule allows it, whatever is left open"
	case last >= 0 && v.Steps[last].Fits == rules.Fits && v.Steps[last].Action == rules.Pass:
		return f.place(v.Steps[last], "") + " passes, and no further profile decides"
	}
	return "no rule matches"
}

// place names a rule, and its profile where there are several.
func (f *finding) place(step rules.Step, direction string) string {
	text := fmt.Sprintf("%srule %d", direction, step.Rule+1)
	if f.local != nil {
		text += " of profile " + f.profileName(step)
	}
	return text
}

func (f *finding) profileName(step rules.Step) string {
	return brief.Cell(brief.Name(f.names.Name(f.sets[step.Set].id)))
}

// stored returns the rule of a step.
func (f *finding) stored(step rules.Step) rules.Rule {
	return (*f.sets[step.Set].profile.Rules(f.direction))[step.Rule].Rule
}

func (f *finding) ruleText(step rules.Step) string {
	return rules.Format(f.stored(step).MapTags(f.names.Name))
}

// stepReason says why a rule does not decide.
func stepReason(step rules.Step) string {
	switch {
	case step.Fits == rules.FitsNot:
		return step.Why
	case step.Fits == rules.MayFit && step.Matters:
		return "needs " + listed(step.Needs)
	case step.Fits == rules.MayFit:
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

// findingView is an answer for -o json and -o yaml.
type findingView struct {
	Profile   string          `json:"profile"`
	ID        string          `json:"id"`
	Layout    store.Layout    `json:"layout"`
	Revision  int64           `json:"revision"`
	Endpoint  string          `json:"endpoint,omitempty"`
	Direction rules.Direction `json:"direction"`
	Verdict   rules.Outcome   `json:"verdict"`
	Summary   string          `json:"summary"`        // the first line of the text
	Rule      *stepView       `json:"rule,omitempty"` // that decides
	Policies  []string        `json:"policies,omitempty"`
	Needs     []rules.Need    `json:"needs,omitempty"`
	Rules     []stepView      `json:"rules"`
	Examples  []exampleView   `json:"examples,omitempty"`
}

// stepView is a rule that the packet comes to.
type stepView struct {
	Profile   string          `json:"profile"`
	Direction rules.Direction `json:"direction"`
	Position  int             `json:"position"`
	Text      string          `json:"text"`
	Literal   string          `json:"literal"`
	Matches   rules.Fit       `json:"matches"`
	Reason    string          `json:"reason,omitempty"` // why it does not match
	Needs     []rules.Need    `json:"needs,omitempty"`
}

type exampleView struct {
	Verdict rules.Outcome      `json:"verdict"`
	With    []rules.Assumption `json:"with"`
}

func (f *finding) view() findingView {
	v := findingView{
		Profile: f.names.Name(f.profile.ID), ID: f.profile.ID, Layout: f.profile.Layout, Revision: f.profile.Revision,
		Direction: f.direction, Verdict: f.outcome(), Summary: f.summary(), Policies: f.policies, Rules: []stepView{},
	}
	if f.local != nil {
		v.Endpoint = f.local.Endpoint.String()
	}
	needed := map[rules.Need]bool{}
	for i, step := range f.verdict.Steps {
		if step.Rule < 0 {
			continue
		}
		s := f.stepView(step)
		v.Rules = append(v.Rules, s)
		if i == f.verdict.Decider {
			v.Rule = &s
		}
		for _, need := range step.Needs {
			if step.Matters && !needed[need] {
				needed[need] = true
				v.Needs = append(v.Needs, need)
			}
		}
	}
	for _, e := range f.verdict.Examples {
		v.Examples = append(v.Examples, exampleView{Verdict: e.Outcome, With: e.With})
	}
	return v
}

func (f *finding) stepView(step rules.Step) stepView {
	return stepView{
		Profile: f.names.Name(f.sets[step.Set].id), Direction: f.direction, Position: step.Rule + 1,
		Text: f.ruleText(step), Literal: rules.Format(f.stored(step)),
		Matches: step.Fits, Reason: step.Why, Needs: step.Needs,
	}
}
