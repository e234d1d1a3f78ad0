package main

import (
	"github.com/spf13/cobra"

	"github.com/calicoctl/calicoctl/internal/cli"

	"github.com/calicoctl/calicoctl/pkg/rules"
)

func ruleCommand(a *app) *cobra.Command {
	cmd := &cobra.Command{
		Use:         "rule",
		Short:       "Read and edit the rules of a profile",
		Annotations: map[string]string{"usage": "calicoctl profile NAME rule COMMAND"},
		Long: `Reads and changes the inbound and outbound rules of a profile. For the rule syntax,
see "calicoctl profile --help".`,
		Args: cli.UnknownCommand,
		RunE: func(cmd *cobra.Command, _ []string) error { return cli.MissingCommand(cmd) },
	}
	cmd.AddCommand(ruleShowCommand(a), ruleAddCommand(a), ruleRemoveCommand(a), ruleMoveCommand(a), ruleReplaceCommand(a),
		ruleApplyCommand(a), ruleEditCommand(a), ruleDiffCommand(a), ruleTestCommand(a), ruleJSONCommand(a), ruleUpdateCommand(a))
	return cmd
}

// needName makes sure that the arguments name a profile.
func needName(a *app, cmd *cobra.Command) error {
	if a.flags.profile == "" {
		return cli.Missing(cmd, "profile")
	}
	return nil
}

// readPlace takes the direction from the command line, and the position of --at: 0
// without it. The rest is a rule.
func readPlace(cmd *cobra.Command, at string, args []string) (d rules.Direction, position int, rule []string, err error) {
	if cmd.Flags().Changed("at") {
		n, ok := positive(at)
		if !ok {
			return "", 0, nil, cli.Usagef("--at: expected a position from 1 on, got %q", at)
		}
		position = int(n)
	}
	d, rule, err = direction(cmd, args)
	return d, position, rule, err
}

// direction takes the first argument off.
func direction(cmd *cobra.Command, args []string) (rules.Direction, []string, error) {
	if len(args) == 0 {
		return "", nil, cli.Usagef("expected inbound or outbound after %q; the usage is: %s", cmd.Name(), cli.UsageLine(cmd))
	}
	switch d := rules.Direction(args[0]); d {
	case rules.Inbound, rules.Outbound:
		return d, args[1:], nil
	}
	return "", nil, cli.Usagef("expected inbound or outbound after %q, got %q; the usage is: %s", cmd.Name(), args[0], cli.UsageLine(cmd))
}
