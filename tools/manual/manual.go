// Package manual writes what a tree of cobra's commands says about itself as
// manual pages and as one page of Markdown.
//
// What it writes depends on the commands alone, so that it is the same each time
// and on every machine.
package manual

import (
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// A Manual is a tree of commands and how they are written.
type Manual struct {
	Root *cobra.Command

	// Usage returns the usage line of a command, and Name the words that name it,
	// both of which cobra would take from the command's place in the tree.
	Usage, Name func(*cobra.Command) string

	Section int // of the pages; 0 is 1

	// What stands on the page of Root, and Status on every page.
	Status, Environment, Files []Item

	See []string // further pages, such as "git-add(1)"
}

// An Item is a term and what it means, in Markdown.
type Item struct{ Term, Text string }

// commands returns the commands that are listed, each before those below it.
func (m Manual) commands() []*cobra.Command {
	var list []*cobra.Command
	var add func(*cobra.Command)
	add = func(c *cobra.Command) {
		c.InitDefaultHelpFlag()
		list = append(list, c)
		for _, below := range c.Commands() {
			if below.IsAvailableCommand() {
				add(below)
			}
		}
	}
	add(m.Root)
	return list
}

// A paragraph is a part of a text between blank lines.
type paragraph struct {
	lines []string
	fixed bool // its line breaks and blanks are meant, as in a table or an example
}

// paragraphs splits a text. Where a line is indented, its paragraph is fixed, and
// so is what follows up to the next line that is not, blank lines included.
func paragraphs(text string) []paragraph {
	var list []paragraph
	for part := range strings.SplitSeq(strings.Trim(text, "\n"), "\n\n") {
		if part == "" {
			continue
		}
		lines := strings.Split(part, "\n")
		p := paragraph{lines: lines}
		for _, line := range lines {
			p.fixed = p.fixed || strings.HasPrefix(line, " ")
		}
		last := len(list) - 1
		if p.fixed && last >= 0 && list[last].fixed && strings.HasPrefix(lines[0], " ") {
			list[last].lines = append(append(list[last].lines, ""), lines...)
			continue
		}
		list = append(list, p)
	}
	return list
}

// long returns what a command says of itself.
func long(cmd *cobra.Command) string {
	if cmd.Long != "" {
		return cmd.Long
	}
	return cmd.Short + "."
}

// visit calls show for each flag of a set that is listed.
func visit(flags *pflag.FlagSet, show func(*pflag.Flag)) {
	flags.VisitAll(func(f *pflag.Flag) {
		if !f.Hidden && f.Deprecated == "" {
			show(f)
		}
	})
}
