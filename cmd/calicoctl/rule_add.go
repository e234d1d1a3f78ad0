package main

import (
	"context"
	"errors"

	"github.com/spf13/cobra"

	"github.com/calicoctl/calicoctl/pkg/fault"
	"github.com/calicoctl/calicoctl/pkg/profile"
	"github.com/calicoctl/calicoctl/pkg/rules"
)

func ruleAddCommand(a *app) *cobra.Command {
	e := &ruleEdit{app: a}
	cmd := &cobra.Command{
		Use:         "add",
		Short:       "Add a rule at the end or at a position",
		Annotations: map[string]string{"usage": "calicoctl profile NAME rule add (inbound|outbound) [--at=N] RULE [flags]"},
		Long: `Adds a rule at the end of the inbound or outbound rules, or inserts it so that it
becomes rule N. Prints nothing on success. A rule that is there already is not
added a second time.

When somebody else changes the profile at the same moment, the rule is added to
what is there then; a rule that is inserted goes between the same two rules, or
not in at all (exit code 4).`,
		Example: `  calicoctl profile databases rule add inbound allow tcp from tag applications to ports 3306
  calicoctl profile web rule add inbound --at=1 deny from 203.0.113.0/24
  calicoctl profile web rule add outbound allow udp to cidr 10.0.0.53 ports 53`,
		RunE: func(cmd *cobra.Command, args []string) error {
			d, at, words, err := e.read(cmd, args)
			if err != nil {
				return err
			}
			if len(words) == 0 {
				return usagef("which rule? The usage is: %s", usageLine(cmd))
			}
			rule, err := rules.ParseWords(words, rules.AsNew)
			if err != nil {
				return err
			}
			return e.add(cmd.Context(), d, at, rule)
		},
	}
	e.addFlags(cmd, "insert as rule `N`; 1 is the first")
	return cmd
}

func (e *ruleEdit) add(ctx context.Context, d rules.Direction, at int, rule rules.Rule) error {
	insertion := &profile.Insertion{Direction: d, At: at}
	result, err := e.edit(ctx, rule, true, func(p *profile.Profile, r rules.Rule) error {
		if at == 0 {
			return profile.AppendRule(p, d, r)
		}
		return insertion.Apply(p, r)
	})
	var present *profile.PresentError
	switch {
	case errors.As(err, &present) && (at == 0 || at == present.At):
		return e.edited("Rule already present, skipping.\n", e.app.profile, result)
	case errors.As(err, &present):
		return fault.Refusedf("the rule is already at position %d; use rule move", present.At)
	case err != nil:
		return err
	}
	return e.edited("", e.app.profile, result)
}
