package main

import (
	"strings"

	"github.com/spf13/cobra"
)

// usageTemplate is cobra's without its parts about commands in groups, and with
// the line from usageLine.
const usageTemplate = `Usage:
  {{if .Annotations.usage}}{{.Annotations.usage}}{{else}}{{.UseLine}}{{end}}{{if .HasExample}}

Examples:
{{.Example}}{{end}}{{if and .HasAvailableSubCommands (not .Annotations.commands)}}

Commands:{{range .Commands}}{{if .IsAvailableCommand}}
  {{rpad .Name .NamePadding}} {{.Short}}{{end}}{{end}}{{end}}{{if .HasAvailableLocalFlags}}

Flags:
{{.LocalFlags.FlagUsages | trimTrailingWhitespaces}}{{end}}{{if .HasAvailableInheritedFlags}}

Global flags:
{{.InheritedFlags.FlagUsages | trimTrailingWhitespaces}}{{end}}
`

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
