package main

import (
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// nameFirst turns "profile NAME rule show" into "profile --profile=NAME rule
// show", which is how cobra, where a command's name stands in front of its
// arguments, can be told. Everything else comes back as it is.
//
// A profile may be called like a command: "profile show rule show" shows the
// rules of the profile show. Only "add" and "remove" always are the commands.
func nameFirst(root *cobra.Command, args []string) ([]string, error) {
	words := positions(allFlags(root), args)
	help := len(words) > 1 && args[words[0]] == "help"
	switch {
	case help:
		words = words[1:]
	case isCompletion(args):
		words = words[1:]
		if last := len(words) - 1; last >= 0 && words[last] == len(args)-1 {
			words = words[:last] // it is being typed
		}
	}
	if len(words) < 2 || args[words[0]] != "profile" {
		return args, nil
	}
	profile, at := words[0], words[1]
	behind := make([]string, 0, len(words)-2)
	for _, i := range words[2:] {
		behind = append(behind, args[i])
	}
	if !isName(subcommands(root, "profile"), args[at], behind) {
		return args, nil
	}
	switch {
	case args[at] == "":
		return nil, usagef("empty profile name; is a shell variable empty?")
	case hasFlag(args, "--profile"):
		return nil, usagef("the profile is named twice: %q, and with --profile", args[at])
	case len(behind) > 0 && frontCommand(root, behind[0]):
		return nil, usagef("%s stands in front of the name; see calicoctl profile %s --help", behind[0], behind[0])
	}
	name := []string{"--profile=" + args[at]}
	if help { // which is about the command alone
		name = nil
	}
	between := slices.DeleteFunc(slices.Clone(args[profile+1:at]), func(arg string) bool { return arg == "--" })
	hideInFront(root)
	return slices.Concat(args[:profile+1], name, between, args[at+1:]), nil
}

// hideInFront leaves out what cannot stand behind a name.
func hideInFront(root *cobra.Command) {
	hideOf(root, func(c *cobra.Command) bool { return !behindName(c.Name()) })
}

// hideOf leaves out commands of profile where it is listed what can stand there.
func hideOf(root *cobra.Command, hidden func(*cobra.Command) bool) {
	for _, parent := range root.Commands() {
		for _, c := range parent.Commands() {
			c.Hidden = c.Hidden || parent.Name() == "profile" && hidden(c)
		}
	}
}

// isName decides whether the word behind "profile" is the name of a profile.
func isName(commands map[string][]string, word string, behind []string) bool {
	if word == "add" || word == "remove" || strings.HasPrefix(word, "-") {
		return false
	}
	_, isCommand := commands[word]
	if len(behind) == 0 {
		return !isCommand
	}
	verbs, takesName := commands[behind[0]]
	takesName = takesName && behindName(behind[0])
	fits := takesName && (len(verbs) == 0 || len(behind) > 1 && slices.Contains(verbs, behind[1]))
	if fits {
		return true
	}
	// "profile rule show" lacks the name; "profile databases rules" has one.
	return !isCommand
}

// frontCommand reports whether a command of profile stands in front of a name,
// if it takes one.
func frontCommand(root *cobra.Command, word string) bool {
	_, isCommand := subcommands(root, "profile")[word]
	return isCommand && !behindName(word)
}

// behindName reports whether a command stands behind the name of a profile.
func behindName(command string) bool {
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
	var words []int
	for i := 0; i < len(args); i++ {
		switch arg := args[i]; {
		case arg == "--":
			for j := i + 1; j < len(args); j++ {
				words = append(words, j)
			}
			return words
		case len(arg) > 1 && arg[0] == '-':
			if takesNext(flags, arg) {
				i++
			}
		default:
			words = append(words, i)
		}
	}
	return words
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

// hasFlag reports whether a flag stands in front of "--".
func hasFlag(args []string, name string) bool {
	if end := slices.Index(args, "--"); end >= 0 {
		args = args[:end]
	}
	return slices.ContainsFunc(args, func(arg string) bool {
		return arg == name || strings.HasPrefix(arg, name+"=")
	})
}
