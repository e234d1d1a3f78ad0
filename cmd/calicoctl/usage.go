package main

import (
	"fmt"
	"strings"
	"unicode"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// printUsage prints the usage of a command. cobra's own comes from a template, and
// text/template keeps the linker from removing methods that nothing calls.
func printUsage(cmd *cobra.Command) error {
	var out strings.Builder
	out.WriteString("Usage:\n  " + usageLine(cmd))
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

// helpCommand is cobra's, but a wrong topic is an error.
func helpCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "help [COMMAND]...",
		Short: "Help about a command",
		RunE: func(cmd *cobra.Command, args []string) error {
			topic, rest, err := cmd.Root().Find(args)
			if err != nil {
				return usagef("%s", err)
			}
			if len(rest) > 0 {
				return unknownCommand(topic, rest)
			}
			return topic.Help()
		},
		ValidArgsFunction: func(cmd *cobra.Command, args []string, typed string) (topics []cobra.Completion, _ cobra.ShellCompDirective) {
			topic, rest, err := cmd.Root().Find(args)
			if err != nil || len(rest) > 0 {
				return nil, noFiles
			}
			for _, c := range topic.Commands() {
				if c.IsAvailableCommand() && strings.HasPrefix(c.Name(), typed) {
					topics = append(topics, cobra.CompletionWithDesc(c.Name(), c.Short))
				}
			}
			return topics, noFiles
		},
	}
}

// usageLine returns how a command is written. The name of a profile stands in
// front of the command's own words, which cobra cannot know.
func usageLine(cmd *cobra.Command) string {
	if line := cmd.Annotations["usage"]; line != "" {
		return line
	}
	return cmd.UseLine()
}

// commandName returns the words that name a command.
func commandName(cmd *cobra.Command) string {
	path := cmd.CommandPath()
	if rest, found := strings.CutPrefix(path, "calicoctl profile "); found && behindName(strings.Fields(rest)[0]) {
		return "calicoctl profile NAME " + rest
	}
	return path
}
