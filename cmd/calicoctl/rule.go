package main

import (
	"math"
	"strconv"

	"github.com/spf13/cobra"

	"github.com/calicoctl/calicoctl/pkg/rules"
)

func ruleCommand(a *app) *cobra.Command {
	cmd := &cobra.Command{
		Use:         "rule",
		Short:       "Read and change the rules of a profile",
		Annotations: map[string]string{"usage": "calicoctl profile NAME rule COMMAND"},
		Long: `Reads and changes the inbound and outbound rules of a profile. What a rule is,
"calicoctl profile --help" says.`,
		Args: unknownCommand,
		RunE: func(cmd *cobra.Command, _ []string) error { return missingCommand(cmd) },
	}
	cmd.AddCommand(ruleShowCommand(a), ruleAddCommand(a), ruleRemoveCommand(a), ruleMoveCommand(a), ruleReplaceCommand(a),
		ruleApplyCommand(a), ruleEditCommand(a), ruleDiffCommand(a), ruleTestCommand(a), ruleJSONCommand(a), ruleUpdateCommand(a))
	return cmd
}

// needName makes sure that the words hold the NAME of a profile.
func needName(a *app, cmd *cobra.Command) error {
	if a.profile == "" {
		return usagef("which profile? The usage is: %s", usageLine(cmd))
	}
	return nil
}

// ruleEdit holds the words that rule add and rule remove have in common.
type ruleEdit struct {
	app        *app
	at         string // --at as it was written
	revision   string // --if-revision as it was written
	ifRevision int64
	force      bool
	dry        dryRun
}

func (e *ruleEdit) addFlags(cmd *cobra.Command, at string) {
	f := cmd.Flags()
	f.StringVar(&e.at, "at", "", at)
	e.addEditFlags(cmd)
}

func (e *ruleEdit) addEditFlags(cmd *cobra.Command) {
	f := cmd.Flags()
	f.StringVar(&e.revision, "if-revision", "", "only if the profile is still at this `REVISION`, as -o json prints it")
	f.BoolVar(&e.force, "force", false, "also edit profiles that Kubernetes' controllers maintain (kns.*, ksa.*)")
	e.app.addWriteFlags(cmd, &e.dry)
}

// checkEditFlags checks what every edit of a profile is told.
func (e *ruleEdit) checkEditFlags(cmd *cobra.Command) error {
	if cmd.Flags().Changed("if-revision") {
		n, ok := positive(e.revision)
		if !ok {
			return usagef("--if-revision: expected a revision as -o json prints it, got %q", e.revision)
		}
		e.ifRevision = n
	}
	if err := needName(e.app, cmd); err != nil {
		return err
	}
	return e.app.checkWriteFlags(cmd, &e.dry)
}

// read takes direction and position from the command line; the rest is a rule.
func (e *ruleEdit) read(cmd *cobra.Command, args []string) (d rules.Direction, at int, rule []string, err error) {
	if err := e.checkEditFlags(cmd); err != nil {
		return "", 0, nil, err
	}
	if cmd.Flags().Changed("at") {
		n, ok := positive(e.at)
		if !ok {
			return "", 0, nil, usagef("--at: expected a position from 1 on, got %q", e.at)
		}
		at = int(n)
	}
	d, rule, err = direction(cmd, args)
	return d, at, rule, err
}

// positive reads a number from 1 on that consists of digits alone.
func positive(text string) (int64, bool) {
	n, err := strconv.ParseInt(text, 10, 64)
	return n, err == nil && n > 0 && text[0] != '+' && n <= math.MaxInt
}

// direction takes the first word off.
func direction(cmd *cobra.Command, args []string) (rules.Direction, []string, error) {
	if len(args) == 0 {
		return "", nil, usagef("expected inbound or outbound after %q; the usage is: %s", cmd.Name(), usageLine(cmd))
	}
	switch d := rules.Direction(args[0]); d {
	case rules.Inbound, rules.Outbound:
		return d, args[1:], nil
	}
	return "", nil, usagef("expected inbound or outbound after %q, got %q; the usage is: %s", cmd.Name(), args[0], usageLine(cmd))
}
