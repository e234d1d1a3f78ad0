package cli

import (
	"fmt"
	"slices"
	"strings"
	"unicode"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// PrintUsage prints the usage of a command. cobra's own comes from a template, and
// text/template keeps the linker from removing unused methods.
func PrintUsage(cmd *cobra.Command) error {
	var out strings.Builder
	out.WriteString("Usage:\n  " + UsageLine(cmd))
	if cmd.HasExample() {
		out.WriteString("\n\nExamples:\n" + cmd.Example)
	}
	if cmd.HasAvailableSubCommands() && cmd.Annotations["commands"] == "" {
		out.WriteString("\n\nCommands:")
		for _, c := range cmd.Commands() {
			if c.IsAvailableCommand() {
				fmt.Fprintf(&out, "\n  %-*s %s", c.NamePadding(), c.Name(), c.Short)
			}
		}
	}
	for _, part := range []struct {
		heading string
		flags   *pflag.FlagSet
	}{{"Flags", cmd.LocalFlags()}, {"Global flags", cmd.InheritedFlags()}} {
		if part.flags.HasAvailableFlags() {
			out.WriteString("\n\n" + part.heading + ":\n" + strings.TrimRightFunc(part.flags.FlagUsages(), unicode.IsSpace))
		}
	}
	_, err := fmt.Fprintln(cmd.OutOrStderr(), out.String())
	return err
}

// HelpCommand returns cobra's, but a wrong topic is an error.
func HelpCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "help [COMMAND]...",
		Short: "Help about a command",
		RunE: func(cmd *cobra.Command, args []string) error {
			topic, rest, err := cmd.Root().Find(args)
			if err != nil {
				return Usagef("%s", err)
			}
			if len(rest) > 0 {
				return UnknownCommand(topic, rest)
			}
			return topic.Help()
		},
		ValidArgsFunction: func(cmd *cobra.Command, args []string, typed string) (topics []cobra.Completion, _ cobra.ShellCompDirective) {
			topic, rest, err := cmd.Root().Find(args)
			if err != nil || len(rest) > 0 {
				return nil, cobra.ShellCompDirectiveNoFileComp
			}
			for _, c := range topic.Commands() {
				if c.IsAvailableCommand() && strings.HasPrefix(c.Name(), typed) {
					topics = append(topics, cobra.CompletionWithDesc(c.Name(), c.Short))
				}
			}
			return topics, cobra.ShellCompDirectiveNoFileComp
		},
	}
}

// UsageLine returns the usage line of a command. cobra's does not have the name of a
// profile before the command.
func UsageLine(cmd *cobra.Command) string {
	if line := cmd.Annotations["usage"]; line != "" {
		return line
	}
	return cmd.UseLine()
}

// CommandName returns a command with all that it stands after.
func CommandName(cmd *cobra.Command) string {
	path := cmd.CommandPath()
	if rest, found := strings.CutPrefix(path, "calicoctl profile "); found && StandsAfter(strings.Fields(rest)[0]) {
		return "calicoctl profile NAME " + rest
	}
	return path
}

// Slots returns the arguments of a command as its usage line has them: NAME, NAME...,
// inbound|outbound without the parentheses. It leaves out flags, and what stands there
// twice because it may stand beside a flag.
func Slots(cmd *cobra.Command) []string {
	parts := strings.Fields(strings.NewReplacer("(", "", ")", "", "[", "", "]", "").Replace(usageArguments(cmd)))
	var found []string
	for i, word := range parts {
		short := i > 0 && len(parts[i-1]) == 2 && parts[i-1][0] == '-' // whose value this is
		if word[0] != '-' && word != "|" && word != "flags" && !short && !slices.Contains(found, word) {
			found = append(found, word)
		}
	}
	return found
}

// usageArguments returns the usage line after the command itself. Of a command that may
// stand before a name or after one, the line has both.
func usageArguments(cmd *cobra.Command) string {
	rest := map[bool]string{}
	for _, line := range strings.Split(UsageLine(cmd), " | "+cmd.Root().Name()+" ") {
		line = strings.TrimPrefix(line, cmd.Root().Name()+" ")
		named := false
		for _, word := range strings.Fields(cmd.CommandPath())[1:] {
			if rest, found := strings.CutPrefix(line, "NAME "); found && word != "NAME" {
				line, named = rest, true
			}
			line = strings.TrimLeft(strings.TrimPrefix(line, word), " ")
		}
		rest[named] = line
	}
	if line, both := rest[cmd.Flags().Changed("profile")]; both {
		return line
	}
	return rest[true] + rest[false] // there is one
}
