package trace

import (
	"github.com/calicoctl/calicoctl/pkg/profile"
	"github.com/calicoctl/calicoctl/pkg/rules"
	"github.com/calicoctl/calicoctl/pkg/verdict"
)

// A View is a Trace for programs, as JSON or YAML.
type View struct {
	Profile   string          `json:"profile"`
	ID        string          `json:"id"`
	Layout    profile.Layout  `json:"layout"`
	Revision  int64           `json:"revision"`
	Endpoint  string          `json:"endpoint,omitempty"`
	Direction rules.Direction `json:"direction"`
	Verdict   verdict.Verdict `json:"verdict"`
	Summary   string          `json:"summary"`        // the first line of the text
	Rule      *Step           `json:"rule,omitempty"` // that decides
	Policies  []string        `json:"policies,omitempty"`
	Needs     []verdict.Need  `json:"needs,omitempty"`
	Rules     []Step          `json:"rules"`
	Examples  []Example       `json:"examples,omitempty"`
}

// A Step is a rule that the packet comes to.
type Step struct {
	Profile   string          `json:"profile"`
	Direction rules.Direction `json:"direction"`
	Position  int             `json:"position"`
	Text      string          `json:"text"`
	Literal   string          `json:"literal"`
	Matches   verdict.Match   `json:"matches"`
	Reason    string          `json:"reason,omitempty"` // why it does not match
	Needs     []verdict.Need  `json:"needs,omitempty"`
	StaleMark bool            `json:"staleMark,omitempty"` // see [verdict.Step]
}

// An Example is a packet that the question leaves open, and its verdict.
type Example struct {
	Verdict verdict.Verdict      `json:"verdict"`
	With    []verdict.Assumption `json:"with"`
}

// View returns the answer for programs.
func (t *Trace) View() View {
	v := View{
		Profile: t.facts.Name(t.facts.Profile.ID), ID: t.facts.Profile.ID, Layout: t.facts.Profile.Layout, Revision: t.facts.Profile.Revision,
		Direction: t.facts.Question.Direction, Verdict: t.Outcome(), Summary: t.summary(), Policies: t.Policies, Rules: []Step{},
	}
	if t.Endpoint != nil {
		v.Endpoint = t.Endpoint.Endpoint.String()
	}
	needed := map[verdict.Need]bool{}
	for i, step := range t.Verdict.Steps {
		if step.Rule < 0 {
			continue
		}
		s := t.step(step)
		v.Rules = append(v.Rules, s)
		if i == t.Verdict.Decider {
			v.Rule = &s
		}
		for _, need := range step.Needs {
			if step.Matters && !needed[need] {
				needed[need] = true
				v.Needs = append(v.Needs, need)
			}
		}
	}
	for _, e := range t.Verdict.Examples {
		v.Examples = append(v.Examples, Example{Verdict: e.Verdict, With: e.With})
	}
	return v
}

func (t *Trace) step(step verdict.Step) Step {
	return Step{
		Profile: t.facts.Name(t.profiles[step.Set].id), Direction: t.facts.Question.Direction, Position: step.Rule + 1,
		Text: t.ruleText(step), Literal: rules.Format(t.stored(step)),
		Matches: step.Match, Reason: step.Why, Needs: step.Needs, StaleMark: step.StaleMark,
	}
}
