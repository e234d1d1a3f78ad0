package main

import (
	"strings"

	"github.com/calicoctl/calicoctl/internal/cli"

	"github.com/spf13/cobra"

	"github.com/calicoctl/calicoctl/pkg/fault"
	"github.com/calicoctl/calicoctl/pkg/profile"
	"github.com/calicoctl/calicoctl/pkg/rules"
)

// A ruleRemove is a use of rule remove.
type ruleRemove struct {
	app   *app
	flags editFlags
	at    string // --at as it was typed
}

func ruleRemoveCommand(a *app) *cobra.Command {
	c := &ruleRemove{app: a}
	cmd := &cobra.Command{
		Use:         "remove",
		Short:       "Remove a rule, or the rule at a position",
		Annotations: map[string]string{"usage": "calicoctl profile NAME rule remove (inbound|outbound) (--at=N | RULE | --at=N RULE) [flags]"},
		Long: `Removes a rule. RULE removes all equal rules in that direction. --at=N removes the
rule at that position when the command read the profile. If another client has moved
it since, it is a conflict (exit code 4). With both, rule N is removed only if it is
that rule. Prints nothing on success.`,
		Example: `  calicoctl profile databases rule remove inbound allow from tag databases
  calicoctl profile databases rule remove inbound --at=1
  calicoctl profile databases rule remove inbound --at=1 allow from tag databases`,
		RunE: c.run,
	}
	c.flags.add(cmd, a)
	cmd.Flags().StringVar(&c.at, "at", "", "remove rule `N`; 1 is the first")
	return cmd
}

func (c *ruleRemove) run(cmd *cobra.Command, args []string) error {
	if err := c.flags.check(cmd, c.app); err != nil {
		return err
	}
	direction, at, tokens, err := readPlace(cmd, c.at, args)
	if err != nil {
		return err
	}
	if _, isNumber := positive(strings.Join(tokens, " ")); isNumber && at == 0 {
		return cli.Usagef("to remove rule %s, use --at=%s", tokens[0], tokens[0])
	}
	if at == 0 && len(tokens) == 0 {
		return cli.Missing(cmd, "rule")
	}
	var typed []rules.Rule // the rule, if it is named
	if len(tokens) > 0 {
		rule, err := rules.ParseWords(tokens, rules.AsStored)
		if err != nil {
			return err
		}
		typed = append(typed, rule)
	}
	ctx, s, err := open(cmd.Context(), c.app)
	if err != nil {
		return err
	}
	defer s.close()
	removed := 0
	change := removeEqual(direction, &removed)
	if at > 0 {
		change = removeAt(direction, at)
	}
	result, err := editProfile(ctx, s, c.flags, profileEdit{rules: typed, change: change})
	if err != nil {
		return err
	}
	c.warnRemoved(removed)
	return printEdit(ctx, s, c.flags, edited{name: c.app.flags.profile, result: result})
}

// removeAt removes the rule at a position; with a rule beside it, only that one.
func removeAt(d rules.Direction, at int) func(*profile.Profile, resolved) error {
	removal := &profile.Removal{Direction: d, At: at}
	return func(p *profile.Profile, now resolved) error {
		if len(now.rules) > 0 {
			removal.Only = &now.rules[0]
		}
		return removal.Apply(p)
	}
}

// removeEqual removes all rules that equal one, and counts them.
func removeEqual(d rules.Direction, removed *int) func(*profile.Profile, resolved) error {
	return func(p *profile.Profile, now resolved) error {
		if *removed = profile.RemoveRule(p, d, now.rules[0]); *removed == 0 {
			return notFoundRule(*p.Rules(d), now.rules[0])
		}
		return nil
	}
}

func (c *ruleRemove) warnRemoved(count int) {
	switch {
	case count > 1 && c.flags.dryRun:
		c.app.msg.Printf("%d equal rules would be removed", count)
	case count > 1:
		c.app.msg.Printf("%d equal rules were removed", count)
	}
}

// notFoundRule says that no rule equals r, and which rule looks the same in a listing
// but is stored in another form.
func notFoundRule(list []rules.Stored, r rules.Rule) error {
	for i, s := range list {
		if rules.Format(s.Rule) == rules.Format(r) {
			return fault.Refusedf("Rule not found. Rule %d has this text but is stored in another form; "+
				"remove it with --at=%d", i+1, i+1)
		}
	}
	return fault.Refusedf("Rule not found.")
}
