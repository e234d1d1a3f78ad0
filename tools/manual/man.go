package manual

import (
	"fmt"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// A Page is a manual page of section 1.
type Page struct {
	Name string // of the file, such as "git-add.1"
	Text string // in troff's language, for the macros man
}

// Pages returns a page for each command. Date, as 2026-01-02 or empty, stands at
// the bottom, and so does source, which says of which version they are.
func (m Manual) Pages(date, source string) []Page {
	var pages []Page
	for _, c := range m.commands() {
		pages = append(pages, Page{Name: pageName(c) + ".1", Text: m.page(c, date, source)})
	}
	return pages
}

// pageName returns the words that lead to a command, joined.
func pageName(c *cobra.Command) string { return strings.ReplaceAll(c.CommandPath(), " ", "-") }

func (m Manual) page(c *cobra.Command, date, source string) string {
	var out strings.Builder
	fmt.Fprintf(&out, ".TH %s 1 \"%s\" %s %s\n", quoted(strings.ToUpper(pageName(c))), date, quoted(source), quoted(m.Root.Name()))
	out.WriteString(".SH NAME\n" + escape(pageName(c)) + ` \- ` + escape(c.Short) + "\n")
	out.WriteString(".SH SYNOPSIS\n.nf\n\\fB" + escape(m.Usage(c)) + "\\fR\n.fi\n")
	out.WriteString(".SH DESCRIPTION\n")
	for i, p := range paragraphs(long(c)) {
		if i > 0 {
			out.WriteString(".PP\n")
		}
		writeParagraph(&out, p)
	}
	m.writeCommands(&out, c)
	writeFlags(&out, "OPTIONS", c.LocalFlags())
	writeFlags(&out, "GLOBAL OPTIONS", c.InheritedFlags())
	if c.Example != "" {
		out.WriteString(".SH EXAMPLES\n")
		writeParagraph(&out, paragraph{lines: strings.Split(undent(c.Example), "\n"), fixed: true})
	}
	if c.HasParent() {
		out.WriteString(".SH SEE ALSO\n" + reference(c.Parent()) + "\n")
	}
	return out.String()
}

func writeParagraph(out *strings.Builder, p paragraph) {
	if p.fixed {
		out.WriteString(".RS 2\n.EX\n")
	}
	for _, line := range p.lines {
		out.WriteString(escape(line) + "\n")
	}
	if p.fixed {
		out.WriteString(".EE\n.RE\n")
	}
}

// writeCommands lists the commands below one that have none below them.
func (m Manual) writeCommands(out *strings.Builder, above *cobra.Command) {
	heading := ".SH COMMANDS\n"
	for _, c := range m.commands() {
		if c != above && !c.HasAvailableSubCommands() && strings.HasPrefix(c.CommandPath(), above.CommandPath()+" ") {
			fmt.Fprintf(out, "%s.TP\n%s\n%s\n", heading, reference(c), escape(c.Short))
			heading = ""
		}
	}
}

func writeFlags(out *strings.Builder, heading string, flags *pflag.FlagSet) {
	if !flags.HasAvailableFlags() {
		return
	}
	out.WriteString(".SH " + heading + "\n")
	visit(flags, func(f *pflag.Flag) {
		value, usage := pflag.UnquoteUsage(f)
		line := "\\fB" + escape("--"+f.Name) + "\\fR"
		if f.Shorthand != "" {
			line = "\\fB" + escape("-"+f.Shorthand) + "\\fR, " + line
		}
		if value != "" {
			line += " \\fI" + escape(value) + "\\fR"
		}
		if f.NoOptDefVal == "" && f.DefValue != "" && f.DefValue != "[]" {
			usage += " (default " + f.DefValue + ")"
		}
		out.WriteString(".TP\n" + line + "\n" + escape(usage) + "\n")
	})
}

func reference(c *cobra.Command) string { return "\\fB" + escape(pageName(c)) + "\\fR(1)" }

// escape returns a line that troff prints as it is: a hyphen stays one that can
// be copied into a shell, and a dot or a quote at the beginning is no command.
func escape(line string) string {
	line = strings.NewReplacer(`\`, `\e`, "-", `\-`, "'", `\(aq`, "^", `\(ha`, "~", `\(ti`, "`", `\(ga`).Replace(line)
	if strings.HasPrefix(line, ".") {
		line = `\&` + line
	}
	return line
}

// quoted returns an argument of a macro.
func quoted(text string) string { return `"` + strings.ReplaceAll(escape(text), `"`, `\(dq`) + `"` }
