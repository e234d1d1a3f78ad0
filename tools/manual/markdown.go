package manual

import (
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

const introduction = `<!-- Written by "make docs" from the commands. Do not edit it here. -->

# Command reference

What ` + "`calicoctl COMMAND --help`" + ` says, of all commands. To edit policy, see [editing.md](editing.md).

`

// Reference returns a page about all commands: a list of them, and a section for
// each.
func (m Manual) Reference() string {
	var out strings.Builder
	out.WriteString(introduction)
	commands := m.commands()
	for _, c := range commands[1:] {
		if c.Runnable() && !c.HasAvailableSubCommands() {
			out.WriteString("- [" + m.Name(c) + "](#" + anchor(m.Name(c)) + "): " + markdownText(c.Short) + "\n")
		}
	}
	for _, c := range commands {
		m.section(&out, c)
	}
	return out.String()
}

// anchor returns the address that a heading has on GitHub.
func anchor(heading string) string {
	return strings.ReplaceAll(strings.ToLower(heading), " ", "-")
}

func (m Manual) section(out *strings.Builder, c *cobra.Command) {
	out.WriteString("\n## " + m.Name(c) + "\n\n")
	out.WriteString(block("text", m.Usage(c)))
	for _, p := range paragraphs(long(c)) {
		text := strings.Join(p.lines, "\n")
		if p.fixed {
			out.WriteString("\n" + block("text", text))
		} else {
			out.WriteString("\n" + markdownText(text) + "\n")
		}
	}
	if c.Example != "" {
		out.WriteString("\nFor example:\n\n" + block("sh", undent(c.Example)))
	}
	if usages := flagUsages(c); usages != "" {
		out.WriteString("\nFlags:\n\n" + block("text", usages))
	}
}

// flagUsages returns the lines about the flags of a command. --help, which every
// command has, stands at the root only.
func flagUsages(c *cobra.Command) string {
	own := pflag.NewFlagSet(c.Name(), pflag.ContinueOnError)
	visit(c.LocalFlags(), func(f *pflag.Flag) {
		if f.Name != "help" || !c.HasParent() {
			own.AddFlag(f)
		}
	})
	return undent(own.FlagUsages())
}

func block(kind, text string) string {
	return "```" + kind + "\n" + strings.Trim(text, "\n") + "\n```\n"
}

// undent takes the blanks off that all lines begin with.
func undent(text string) string {
	lines := strings.Split(strings.Trim(text, "\n"), "\n")
	common := len(text)
	for _, line := range lines {
		if line != "" {
			common = min(common, len(line)-len(strings.TrimLeft(line, " ")))
		}
	}
	for i, line := range lines {
		lines[i] = strings.TrimRight(line[min(common, len(line)):], " ")
	}
	return strings.Join(lines, "\n")
}

// markdownText returns text that Markdown shows as it is.
func markdownText(text string) string {
	return strings.NewReplacer(`\`, `\\`, "*", `\*`, "_", `\_`, "<", `\<`, "`", "\\`", "[", `\[`).Replace(text)
}
