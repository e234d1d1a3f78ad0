package main

import (
	"errors"

	"github.com/calicoctl/calicoctl/internal/cli"

	"github.com/spf13/cobra"

	"github.com/calicoctl/calicoctl/pkg/fault"
	"github.com/calicoctl/calicoctl/pkg/profile"
	"github.com/calicoctl/calicoctl/pkg/rules"
)

// A ruleReplace is a use of rule replace.
type ruleReplace struct {
	app   *app
	flags editFlags
	at    string // --at as it was typed
}

func ruleReplaceCommand(a *app) *cobra.Command {
	c := &ruleReplace{app: a}
	cmd := &cobra.Command{
		Use:         "replace",
		Short:       "Replace a rule",
		Annotations: map[string]string{"usage": "calicoctl profile NAME rule replace (inbound|outbound) --at=N RULE [flags]"},
		Long: `Replaces rule N in one transaction. If another client has moved the rule since the
command read the profile, it is a conflict (exit code 4). Prints nothing on success.`,
		Example: "  calicoctl profile databases rule replace inbound --at=2 allow tcp from tag applications to ports 3306,3307",
		RunE:    c.run,
	}
	c.flags.add(cmd, a)
	cmd.Flags().StringVar(&c.at, "at", "", "replace rule `N`; 1 is the first")
	return cmd
}

func (c *ruleReplace) run(cmd *cobra.Command, args []string) error {
	if err := c.flags.check(cmd, c.app); err != nil {
		return err
	}
	direction, at, tokens, err := readPlace(cmd, c.at, args)
	switch {
	case err != nil:
		return err
	case at == 0 || len(tokens) == 0:
		return cli.Missing(cmd, "rule by which")
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
	replacement := &profile.Replacement{Direction: direction, At: at}
	result, err := editProfile(ctx, s, c.flags, profileEdit{
		rules: []rules.Rule{rule}, strict: true,
		change: func(p *profile.Profile, now resolved) error { return replacement.Apply(p, now.rules[0]) },
	})
	done := edited{name: c.app.flags.profile, result: result}
	var present *profile.PresentError
	switch {
	case errors.As(err, &present) && present.At == at:
		done.text = "Rule already present, skipping.\n"
	case errors.As(err, &present):
		return fault.Refusedf("the rule is already at position %d; use rule remove and rule move", present.At)
	case err != nil:
		return err
	}
	return printEdit(ctx, s, c.flags, done)
}
