package main

import (
	"context"
	"strings"

	"github.com/spf13/cobra"

	"github.com/calicoctl/calicoctl/pkg/fault"
	"github.com/calicoctl/calicoctl/pkg/profile"
	"github.com/calicoctl/calicoctl/pkg/rules"
)

func ruleRemoveCommand(a *app) *cobra.Command {
	e := &ruleEdit{app: a}
	cmd := &cobra.Command{
		Use:         "remove",
		Short:       "Remove a rule by its words or its position",
		Annotations: map[string]string{"usage": "calicoctl profile NAME rule remove (inbound|outbound) (--at=N | RULE | --at=N RULE) [flags]"},
		Long: `Removes a rule. By its words, every equal rule of that direction is removed. By
its position, the rule that stood there when the command first looked is
removed, and no other: if somebody else has moved the list meanwhile, nothing is
changed (exit code 4). With both, rule N is removed only if it is that rule.

Prints nothing on success.`,
		Example: `  calicoctl profile databases rule remove inbound allow from tag databases
  calicoctl profile databases rule remove inbound --at=1
  calicoctl profile databases rule remove inbound --at=1 allow from tag databases`,
		RunE: func(cmd *cobra.Command, args []string) error {
			d, at, words, err := e.read(cmd, args)
			if err != nil {
				return err
			}
			if _, isNumber := positive(strings.Join(words, " ")); isNumber && at == 0 {
				return usagef("to remove rule %s, say --at=%s", words[0], words[0])
			}
			if at == 0 && len(words) == 0 {
				return usagef("which rule? The usage is: %s", usageLine(cmd))
			}
			if len(words) == 0 {
				return e.removeAt(cmd.Context(), d, at, nil)
			}
			rule, err := rules.ParseWords(words, rules.AsStored)
			if err != nil {
				return err
			}
			if at > 0 {
				return e.removeAt(cmd.Context(), d, at, &rule)
			}
			return e.remove(cmd.Context(), d, rule)
		},
	}
	e.addFlags(cmd, "remove rule `N`; 1 is the first")
	return cmd
}

// removeAt removes the rule at a position, if it is the only one meant.
func (e *ruleEdit) removeAt(ctx context.Context, d rules.Direction, at int, only *rules.Rule) error {
	var words rules.Rule
	if only != nil {
		words = *only
	}
	removal := &profile.Removal{Direction: d, At: at}
	result, err := e.edit(ctx, words, false, func(p *profile.Profile, r rules.Rule) error {
		if only != nil {
			removal.Only = &r
		}
		return removal.Apply(p)
	})
	if err != nil {
		return err
	}
	return e.edited("", e.app.profile, result)
}

func (e *ruleEdit) remove(ctx context.Context, d rules.Direction, rule rules.Rule) error {
	var removed int
	result, err := e.edit(ctx, rule, false, func(p *profile.Profile, r rules.Rule) error {
		removed = profile.RemoveRule(p, d, r)
		if removed == 0 {
			return notFoundRule(*p.Rules(d), r)
		}
		return nil
	})
	if err != nil {
		return err
	}
	switch {
	case removed > 1 && e.dry.only:
		e.app.warn("%d equal rules would be removed", removed)
	case removed > 1:
		e.app.warn("%d equal rules were removed", removed)
	}
	return e.edited("", e.app.profile, result)
}

// notFoundRule says that no rule equals the words. One that merely looks the
// same in a listing, because it is stored in another form, is pointed out.
func notFoundRule(list []rules.Stored, r rules.Rule) error {
	for i, s := range list {
		if rules.Format(s.Rule) == rules.Format(r) {
			return fault.Refusedf("Rule not found. Rule %d is shown in these words but is stored in another form; "+
				"remove it with --at=%d", i+1, i+1)
		}
	}
	return fault.Refusedf("Rule not found.")
}
