// Package cli has what the command line of calicoctl needs beside cobra: the name of a
// profile before a command, usage lines, and errors about arguments.
package cli

import (
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// NameFirst turns "profile NAME rule show" into "profile --profile=NAME rule show",
// because cobra expects the name of a command before its arguments. It returns all other
// arguments as they are.
//
// A profile may be called like a command: "profile show rule show" shows the rules of
// the profile show. Only "add" and "remove" always are the commands.
func NameFirst(root *cobra.Command, args []string) ([]string, error) {
	found := positions(allFlags(root), args)
	help := len(found) > 1 && args[found[0]] == "help"
	switch {
	case help:
		found = found[1:]
	case IsCompletion(args):
		found = found[1:]
		if last := len(found) - 1; last >= 0 && found[last] == len(args)-1 {
			found = found[:last] // it is being typed
		}
	}
	if len(found) < 2 || args[found[0]] != "profile" {
		return args, nil
	}
	profile, at := found[0], found[1]
	rest := make([]string, 0, len(found)-2)
	for _, i := range found[2:] {
		rest = append(rest, args[i])
	}
	if !isName(subcommands(root, "profile"), args[at], rest) {
		return args, nil
	}
	switch {
	case args[at] == "":
		return nil, EmptyName()
	case HasFlag(args, "--profile"):
		return nil, Usagef("the profile is named twice: %q, and with --profile", args[at])
	case len(rest) > 0 && standsBefore(root, rest[0]):
		return nil, Usagef("%s stands before the name; see calicoctl profile %s --help", rest[0], rest[0])
	}
	name := []string{"--profile=" + args[at]}
	if help { // which is about the command alone
		name = nil
	}
	between := slices.DeleteFunc(slices.Clone(args[profile+1:at]), func(arg string) bool { return arg == "--" })
	HideBeforeName(root)
	return slices.Concat(args[:profile+1], name, between, args[at+1:]), nil
}

// IsCompletion reports whether a shell asks for the completion of the last argument,
// which may be empty.
func IsCompletion(args []string) bool {
	return len(args) > 1 && (args[0] == cobra.ShellCompRequestCmd || args[0] == cobra.ShellCompNoDescRequestCmd)
}

// HideBeforeName hides the commands that cannot stand after a name.
func HideBeforeName(root *cobra.Command) {
	Hide(root, func(c *cobra.Command) bool { return !StandsAfter(c.Name()) })
}

// Hide hides commands of profile in lists of commands.
func Hide(root *cobra.Command, hidden func(*cobra.Command) bool) {
	for _, parent := range root.Commands() {
		for _, c := range parent.Commands() {
			c.Hidden = c.Hidden || parent.Name() == "profile" && hidden(c)
		}
	}
}

// isName decides whether the argument after "profile" is the name of a profile; rest
// are those after it.
func isName(commands map[string][]string, arg string, rest []string) bool {
	if arg == "add" || arg == "remove" || strings.HasPrefix(arg, "-") {
		return false
	}
	_, isCommand := commands[arg]
	if len(rest) == 0 {
		return !isCommand
	}
	verbs, takesName := commands[rest[0]]
	takesName = takesName && StandsAfter(rest[0])
	if takesName && (len(verbs) == 0 || len(rest) > 1 && slices.Contains(verbs, rest[1])) {
		return true
	}
	// "profile rule show" lacks the name; "profile databases rules" has one.
	return !isCommand
}

// standsBefore reports whether a command of profile stands before the names that it
// takes.
func standsBefore(root *cobra.Command, arg string) bool {
	_, isCommand := subcommands(root, "profile")[arg]
	return isCommand && !StandsAfter(arg)
}

// StandsAfter reports whether a command stands after the name of a profile.
func StandsAfter(command string) bool {
	switch command {
	case "rule", "tag", "history", "undo", "lint":
		return true
	}
	return false
}

// subcommands returns the commands below the one of that name, each with its
// own commands.
func subcommands(root *cobra.Command, name string) map[string][]string {
	found := map[string][]string{}
	for _, parent := range root.Commands() {
		if parent.Name() != name {
			continue
		}
		for _, c := range parent.Commands() {
			found[c.Name()] = nil
			for _, verb := range c.Commands() {
				found[c.Name()] = append(found[c.Name()], verb.Name())
			}
		}
	}
	return found
}

// allFlags returns the flags of every command in one set, to know which of
// them take a value. A name means the same everywhere.
func allFlags(cmd *cobra.Command) *pflag.FlagSet {
	all := pflag.NewFlagSet("all", pflag.ContinueOnError)
	var collect func(*cobra.Command)
	collect = func(c *cobra.Command) {
		for _, set := range []*pflag.FlagSet{c.PersistentFlags(), c.Flags()} {
			set.VisitAll(func(f *pflag.Flag) {
				if all.Lookup(f.Name) == nil {
					all.AddFlag(f)
				}
			})
		}
		for _, sub := range c.Commands() {
			collect(sub)
		}
	}
	collect(cmd)
	return all
}

// positions returns the indexes of the arguments that are neither flags nor
// values of flags.
func positions(flags *pflag.FlagSet, args []string) []int {
	var found []int
	for i := 0; i < len(args); i++ {
		switch arg := args[i]; {
		case arg == "--":
			for j := i + 1; j < len(args); j++ {
				found = append(found, j)
			}
			return found
		case len(arg) > 1 && arg[0] == '-':
			if takesNext(flags, arg) {
				i++
			}
		default:
			found = append(found, i)
		}
	}
	return found
}

// takesNext reports whether a flag's value is the next argument.
func takesNext(flags *pflag.FlagSet, arg string) bool {
	if name, isLong := strings.CutPrefix(arg, "--"); isLong {
		f := flags.Lookup(name) // a name with =VALUE is not found
		return f != nil && f.NoOptDefVal == ""
	}
	last := flags.ShorthandLookup(arg[len(arg)-1:])
	first := flags.ShorthandLookup(arg[1:2])
	return first != nil && first.NoOptDefVal == "" && len(arg) == 2 ||
		len(arg) > 2 && first != nil && first.NoOptDefVal != "" && last != nil && last.NoOptDefVal == ""
}

// HasFlag reports whether a flag stands before "--".
func HasFlag(args []string, name string) bool {
	if end := slices.Index(args, "--"); end >= 0 {
		args = args[:end]
	}
	return slices.ContainsFunc(args, func(arg string) bool {
		return arg == name || strings.HasPrefix(arg, name+"=")
	})
}
