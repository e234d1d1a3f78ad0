package cli

import (
	"errors"
	"fmt"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// A UsageError says what is wrong with the arguments.
type UsageError struct{ text string }

func (e *UsageError) Error() string { return e.text }

// Usagef returns a *UsageError.
func Usagef(format string, args ...any) error {
	return &UsageError{text: fmt.Sprintf(format, args...)}
}

// Unexpected rejects an argument that a command does not take.
func Unexpected(cmd *cobra.Command, arg string) error {
	return Usagef("unexpected argument %q; the usage is: %s", arg, UsageLine(cmd))
}

// Missing says that a command needs an argument of some kind, such as a profile.
func Missing(cmd *cobra.Command, what string) error {
	return Usagef("which %s? The usage is: %s", what, UsageLine(cmd))
}

// EmptyName rejects the empty name of a profile.
func EmptyName() error { return Usagef("empty profile name; is a shell variable empty?") }

// NamesFollow rejects --profile of a command whose names are arguments.
func NamesFollow(cmd *cobra.Command) error {
	return Usagef("give the names after %q, not in --profile; the usage is: %s", cmd.Name(), UsageLine(cmd))
}

// FlagError returns an error about flags without what only programmers understand.
func FlagError(cmd *cobra.Command, err error) error {
	var value *pflag.InvalidValueError
	var unknown *pflag.NotExistError
	text := err.Error()
	switch {
	case errors.As(err, &value):
		text = strings.TrimSuffix(text, " flag: "+value.Unwrap().Error())
	case errors.As(err, &unknown):
		text += " (give arguments that begin with - after --)"
	}
	return Usagef("%s; see %s --help", text, CommandName(cmd))
}

// UnknownCommand rejects an argument of a command that takes only the names of its own
// commands.
func UnknownCommand(cmd *cobra.Command, args []string) error {
	if len(args) == 0 {
		return nil
	}
	text := fmt.Sprintf("%q is not a command of %s", args[0], CommandName(cmd))
	cmd.SuggestionsMinimumDistance = 2
	if near := cmd.SuggestionsFor(args[0]); len(near) > 0 && near[0] != args[0] {
		text += fmt.Sprintf(" (did you mean %q?)", near[0])
	}
	return Usagef("%s; see %s --help", text, CommandName(cmd))
}

// MissingCommand lists the commands of a command that was given none.
func MissingCommand(cmd *cobra.Command) error {
	var names []string
	for _, c := range cmd.Commands() {
		if c.IsAvailableCommand() {
			names = append(names, strings.TrimPrefix(CommandName(c), CommandName(cmd)+" "))
		}
	}
	return Usagef("expected a command after %q: %s; see %s --help",
		CommandName(cmd), strings.Join(names, ", "), CommandName(cmd))
}

// NoArguments rejects arguments of a command that takes none.
func NoArguments(cmd *cobra.Command, args []string) error {
	if cmd.Flags().Changed("profile") && !StandsAfter(cmd.Name()) && !StandsAfter(cmd.Parent().Name()) {
		return Usagef("%s is about no single profile, so --profile cannot stand there", CommandName(cmd))
	}
	if len(args) > 0 {
		return Unexpected(cmd, args[0])
	}
	return nil
}
