package main

import (
	"github.com/spf13/cobra"

	"github.com/calicoctl/calicoctl/internal/cli"

	"github.com/calicoctl/calicoctl/pkg/profile"
)

// A ruleMove is a use of rule move.
type ruleMove struct {
	app      *app
	flags    editFlags
	from, to string // as they were typed
}

func ruleMoveCommand(a *app) *cobra.Command {
	c := &ruleMove{app: a}
	cmd := &cobra.Command{
		Use:         "move",
		Short:       "Move a rule to another position",
		Annotations: map[string]string{"usage": "calicoctl profile NAME rule move (inbound|outbound) --from=N --to=M [flags]"},
		Long: `Moves rule N so that it becomes rule M. If another client changes the list at the same
time, it is a conflict (exit code 4). Prints nothing on success.`,
		Example: "  calicoctl profile databases rule move inbound --from=3 --to=1",
		RunE:    c.run,
	}
	c.flags.add(cmd, a)
	cmd.Flags().StringVar(&c.from, "from", "", "the rule's position `N`")
	cmd.Flags().StringVar(&c.to, "to", "", "its new position `M`")
	return cmd
}

func (c *ruleMove) run(cmd *cobra.Command, args []string) error {
	if err := c.flags.check(cmd, c.app); err != nil {
		return err
	}
	direction, rest, err := direction(cmd, args)
	if err != nil {
		return err
	}
	if len(rest) > 0 {
		return cli.Unexpected(cmd, rest[0])
	}
	from, okFrom := positive(c.from)
	to, okTo := positive(c.to)
	if !okFrom || !okTo {
		return cli.Usagef("expected two positions from 1 on; the usage is: %s", cli.UsageLine(cmd))
	}
	ctx, s, err := open(cmd.Context(), c.app)
	if err != nil {
		return err
	}
	defer s.close()
	move := &profile.Move{Direction: direction, From: int(from), To: int(to)}
	result, err := editProfile(ctx, s, c.flags, profileEdit{change: func(p *profile.Profile, _ resolved) error { return move.Apply(p) }})
	if err != nil {
		return err
	}
	return printEdit(ctx, s, c.flags, edited{name: c.app.flags.profile, result: result})
}
