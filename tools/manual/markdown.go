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
	shared := sharedFlags(commands)
	for _, c := range commands[1:] {
		if c.Runnable() && !c.HasAvailableSubCommands() {
			out.WriteString("- [" + m.Name(c) + "](#" + anchor(m.Name(c)) + "): " + markdownText(c.Short) + "\n")
		}
	}
	for _, c := range commands {
		m.section(&out, c, shared)
	}
	if shared.HasFlags() {
		out.WriteString("\n## " + sharedHeading + "\n\n" + block("text", undent(shared.FlagUsages())))
	}
	return out.String()
}

// sharedHeading is that of the flags that many commands have.
const sharedHeading = "Common flags"

// many is how many commands have a flag that stands in the list of common ones.
const many = 5

// sharedFlags returns the flags that many commands have with the same usage.
func sharedFlags(commands []*cobra.Command) *pflag.FlagSet {
	count := map[string]int{}
	shared := pflag.NewFlagSet("shared", pflag.ContinueOnError)
	for _, c := range commands {
		visit(c.LocalFlags(), func(f *pflag.Flag) {
			key := f.Name + " " + f.Usage
			if count[key]++; count[key] == many && f.Name != "help" && shared.Lookup(f.Name) == nil {
				shared.AddFlag(f)
			}
		})
	}
	return shared
}

// isShared reports whether a flag is one of the common ones.
func isShared(shared *pflag.FlagSet, f *pflag.Flag) bool {
	other := shared.Lookup(f.Name)
	return other != nil && other.Usage == f.Usage
}

// anchor returns the address that a heading has on GitHub.
func anchor(heading string) string {
	return strings.ReplaceAll(strings.ToLower(heading), " ", "-")
}

func (m Manual) section(out *strings.Builder, c *cobra.Command, shared *pflag.FlagSet) {
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
	own, common := flagUsages(c, shared)
	if own != "" {
		out.WriteString("\nFlags:\n\n" + block("text", own))
	}
	if common != "" {
		out.WriteString("\n[Common flags](#" + anchor(sharedHeading) + "): " + common + "\n")
	}
}

// flagUsages returns the lines about the flags of a command, and the names of those
// that are common to many. --help, which every command has, stands at the root only.
func flagUsages(c *cobra.Command, shared *pflag.FlagSet) (usages, common string) {
	own := pflag.NewFlagSet(c.Name(), pflag.ContinueOnError)
	var names []string
	visit(c.LocalFlags(), func(f *pflag.Flag) {
		switch {
		case f.Name == "help" && c.HasParent():
		case isShared(shared, f):
			names = append(names, "`--"+f.Name+"`")
		default:
			own.AddFlag(f)
		}
	})
	return undent(own.FlagUsages()), strings.Join(names, ", ")
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
