package main

import (
	"context"
	"errors"

	"github.com/spf13/cobra"

	"github.com/calicoctl/calicoctl/pkg/fault"
	"github.com/calicoctl/calicoctl/pkg/profile"
	"github.com/calicoctl/calicoctl/pkg/rules"
)

func ruleReplaceCommand(a *app) *cobra.Command {
	e := &ruleEdit{app: a}
	cmd := &cobra.Command{
		Use:         "replace",
		Short:       "Put a rule in the place of another",
		Annotations: map[string]string{"usage": "calicoctl profile NAME rule replace (inbound|outbound) --at=N RULE [flags]"},
		Long: `Puts a rule in the place of rule N, in one step: there is no moment at which
neither or both of them are there. If somebody else moves the list meanwhile, so
that another rule stands there, nothing is changed (exit code 4). Prints nothing
on success.`,
		Example: "  calicoctl profile databases rule replace inbound --at=2 allow tcp from tag applications to ports 3306,3307",
		RunE: func(cmd *cobra.Command, args []string) error {
			d, at, words, err := e.read(cmd, args)
			if err != nil {
				return err
			}
			if at == 0 || len(words) == 0 {
				return usagef("which rule by which? The usage is: %s", usageLine(cmd))
			}
			rule, err := rules.ParseWords(words, rules.AsNew)
			if err != nil {
				return err
			}
			return e.replace(cmd.Context(), &profile.Replacement{Direction: d, At: at}, rule)
		},
	}
	e.addFlags(cmd, "replace rule `N`; 1 is the first")
	return cmd
}

func (e *ruleEdit) replace(ctx context.Context, m *profile.Replacement, rule rules.Rule) error {
	result, err := e.edit(ctx, rule, true, m.Apply)
	var present *profile.PresentError
	switch {
	case errors.As(err, &present) && present.At == m.At:
		return e.edited("Rule already present, skipping.\n", e.app.profile, result)
	case errors.As(err, &present):
		return fault.Refusedf("the rule is already at position %d; use rule remove and rule move", present.At)
	case err != nil:
		return err
	}
	return e.edited("", e.app.profile, result)
}
