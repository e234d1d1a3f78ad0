package main

import (
	"context"

	"github.com/spf13/cobra"

	"github.com/calicoctl/calicoctl/pkg/profile"
	"github.com/calicoctl/calicoctl/pkg/rules"
)

func ruleMoveCommand(a *app) *cobra.Command {
	e := &ruleEdit{app: a}
	var from, to string
	cmd := &cobra.Command{
		Use:         "move",
		Short:       "Move a rule to another position",
		Annotations: map[string]string{"usage": "calicoctl profile NAME rule move (inbound|outbound) --from=N --to=M [flags]"},
		Long: `Moves rule N so that it becomes rule M. When somebody else changes that list at
the same moment, nothing is changed (exit code 4). Prints nothing on success.`,
		Example: "  calicoctl profile databases rule move inbound --from=3 --to=1",
		RunE: func(cmd *cobra.Command, args []string) error {
			d, _, rest, err := e.read(cmd, args)
			if err != nil {
				return err
			}
			if len(rest) > 0 {
				return usagef("unexpected word %q; the usage is: %s", rest[0], usageLine(cmd))
			}
			n, okFrom := positive(from)
			m, okTo := positive(to)
			if !okFrom || !okTo {
				return usagef("expected two positions from 1 on; the usage is: %s", usageLine(cmd))
			}
			return e.move(cmd.Context(), &profile.Move{Direction: d, From: int(n), To: int(m)})
		},
	}
	e.addEditFlags(cmd)
	cmd.Flags().StringVar(&from, "from", "", "the rule's position `N`")
	cmd.Flags().StringVar(&to, "to", "", "its new position `M`")
	return cmd
}

func (e *ruleEdit) move(ctx context.Context, move *profile.Move) error {
	result, err := e.edit(ctx, rules.Rule{}, false, func(p *profile.Profile, _ rules.Rule) error { return move.Apply(p) })
	if err != nil {
		return err
	}
	return e.edited("", e.app.profile, result)
}
