package main

import (
	"errors"

	"github.com/calicoctl/calicoctl/internal/cli"

	"github.com/spf13/cobra"

	"github.com/calicoctl/calicoctl/pkg/fault"
	"github.com/calicoctl/calicoctl/pkg/profile"
	"github.com/calicoctl/calicoctl/pkg/rules"
)

// A ruleAdd is a use of rule add.
type ruleAdd struct {
	app   *app
	flags editFlags
	at    string // --at as it was typed
}

func ruleAddCommand(a *app) *cobra.Command {
	c := &ruleAdd{app: a}
	cmd := &cobra.Command{
		Use:         "add",
		Short:       "Add a rule at the end or at a position",
		Annotations: map[string]string{"usage": "calicoctl profile NAME rule add (inbound|outbound) [--at=N] RULE [flags]"},
		Long: `Appends a rule to the inbound or outbound rules. With --at=N, it becomes rule N. A
rule that the list contains is not added again. Prints nothing on success.

If another client changes the profile at the same time, the rule is added to the new
version. An inserted rule goes between the same two rules as before. If that is not
possible, it is a conflict (exit code 4).`,
		Example: `  calicoctl profile databases rule add inbound allow tcp from tag applications to ports 3306
  calicoctl profile web rule add inbound --at=1 deny from 203.0.113.0/24
  calicoctl profile web rule add outbound allow udp to cidr 10.0.0.53 ports 53`,
		RunE: c.run,
	}
	c.flags.add(cmd, a)
	cmd.Flags().StringVar(&c.at, "at", "", "insert as rule `N`; 1 is the first")
	return cmd
}

func (c *ruleAdd) run(cmd *cobra.Command, args []string) error {
	if err := c.flags.check(cmd, c.app); err != nil {
		return err
	}
	direction, at, tokens, err := readPlace(cmd, c.at, args)
	switch {
	case err != nil:
		return err
	case len(tokens) == 0:
		return cli.Missing(cmd, "rule")
	}
	rule, err := rules.ParseWords(tokens, rules.AsNew)
	if err != nil {
		return err
	}
	ctx, s, err := open(cmd.Context(), c.app)
	if err != nil {
		return err
	}
	defer s.close()
	insertion := &profile.Insertion{Direction: direction, At: at}
	result, err := editProfile(ctx, s, c.flags, profileEdit{
		rules: []rules.Rule{rule}, strict: true,
		change: func(p *profile.Profile, now resolved) error {
			if at == 0 {
				return profile.AppendRule(p, direction, now.rules[0])
			}
			return insertion.Apply(p, now.rules[0])
		},
	})
	done := edited{name: c.app.flags.profile, result: result}
	var present *profile.PresentError
	switch {
	case errors.As(err, &present) && (at == 0 || at == present.At):
		done.text = "Rule already present, skipping.\n"
	case errors.As(err, &present):
		return fault.Refusedf("the rule is already at position %d; use rule move", present.At)
	case err != nil:
		return err
	}
	return printEdit(ctx, s, c.flags, done)
}
