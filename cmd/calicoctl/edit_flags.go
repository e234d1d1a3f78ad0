package main

import (
	"errors"
	"math"
	"strconv"

	"github.com/calicoctl/calicoctl/internal/cli"

	"github.com/spf13/cobra"
)

// editFlags are the flags of commands that write.
type editFlags struct {
	revision   string // --if-revision as it was typed
	ifRevision int64  // 0 is any
	force      bool
	dryRun     bool
	exitCode   bool

	compare bool // a dry run also of what may not be edited
}

// add adds the flags of commands that edit a profile.
func (f *editFlags) add(cmd *cobra.Command, a *app) {
	cmd.Flags().StringVar(&f.revision, "if-revision", "", "only if the profile is at this `REVISION` of -o json")
	cmd.Flags().BoolVar(&f.force, "force", false, "also edit profiles of Kubernetes' controllers (kns.*, ksa.*)")
	f.addWrite(cmd, a)
}

// addWrite adds the flags of every command that writes.
func (f *editFlags) addWrite(cmd *cobra.Command, a *app) {
	cmd.Flags().BoolVar(&f.dryRun, "dry-run", false, "only show what would change")
	cmd.Flags().BoolVar(&f.exitCode, "exit-code", false, "with --dry-run: exit code 10 if something would change")
	a.confirmation.addFlags(cmd)
}

// check checks the flags of a command that edits the profile that is named before it.
func (f *editFlags) check(cmd *cobra.Command, a *app) error {
	if cmd.Flags().Changed("if-revision") {
		n, ok := positive(f.revision)
		if !ok {
			return cli.Usagef("--if-revision: expected a revision as -o json prints it, got %q", f.revision)
		}
		f.ifRevision = n
	}
	if err := needName(a, cmd); err != nil {
		return err
	}
	return f.checkWrite(cmd, a)
}

// checkWrite checks the flags of every command that writes. It is the last check that
// makes no request.
func (f *editFlags) checkWrite(cmd *cobra.Command, a *app) error {
	if f.exitCode && !f.dryRun {
		return cli.Usagef("--exit-code goes with --dry-run")
	}
	a.writes = !f.compare
	return a.confirmation.arm(cmd, f.dryRun)
}

// errDiffers says that a dry run found something to change. It is no failure.
var errDiffers = errors.New("something would change")

// answer returns how a command ends that changes something, or not.
func (f *editFlags) answer(changes bool) error {
	if f.dryRun && f.exitCode && changes {
		return errDiffers
	}
	return nil
}

// positive reads a number from 1 on that consists of digits alone.
func positive(text string) (int64, bool) {
	n, err := strconv.ParseInt(text, 10, 64)
	return n, err == nil && n > 0 && text[0] != '+' && n <= math.MaxInt
}
