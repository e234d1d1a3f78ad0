package manual

import (
	"fmt"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// A Page is a manual page.
type Page struct {
	Name string // of the file, such as "git-add.1"
	Text string // in troff's language, for the macros man
}

// Pages returns a page for each command. Date, as 2026-01-02 or empty, stands at
// the bottom, and so does source, which says of which version they are.
func (m Manual) Pages(date, source string) []Page {
	var pages []Page
	for _, c := range m.commands() {
		pages = append(pages, Page{Name: fmt.Sprintf("%s.%d", pageName(c), m.pageSection()), Text: m.page(c, date, source)})
	}
	return pages
}

// pageName returns the words that lead to a command, joined.
func pageName(c *cobra.Command) string { return strings.ReplaceAll(c.CommandPath(), " ", "-") }

func (m Manual) pageSection() int { return max(m.Section, 1) }

func (m Manual) page(c *cobra.Command, date, source string) string {
	var out strings.Builder
	fmt.Fprintf(&out, ".TH %s %d \"%s\" %s %s\n", quoted(strings.ToUpper(pageName(c))), m.pageSection(), date, quoted(source), quoted(m.Root.Name()))
	out.WriteString(".SH NAME\n" + wrapped(escape(pageName(c))+` \- `+escape(c.Short)) + "\n")
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
	writeItems(&out, "EXIT STATUS", m.Status)
	if c == m.Root {
		writeItems(&out, "ENVIRONMENT", m.Environment)
		writeItems(&out, "FILES", m.Files)
	}
	if c.Example != "" {
		out.WriteString(".SH EXAMPLES\n")
		writeParagraph(&out, paragraph{lines: strings.Split(undent(c.Example), "\n"), fixed: true})
	}
	m.writeSee(&out, c)
	return out.String()
}

// writeSee names the page of the command above, where environment and files are,
// and the further pages.
func (m Manual) writeSee(out *strings.Builder, c *cobra.Command) {
	var list []string
	if c.HasParent() {
		list = append(list, m.reference(c.Parent()))
	}
	if c.HasParent() && c.Parent() != m.Root && len(m.Environment) > 0 {
		list = append(list, m.reference(m.Root))
	}
	for _, page := range m.See {
		name, section, _ := strings.Cut(page, "(")
		list = append(list, "\\fB"+escape(name)+"\\fR("+section)
	}
	if len(list) > 0 {
		out.WriteString(".SH SEE ALSO\n" + strings.Join(list, ",\n") + "\n")
	}
}

func writeItems(out *strings.Builder, heading string, items []Item) {
	if len(items) == 0 {
		return
	}
	out.WriteString(".SH " + heading + "\n")
	for _, item := range items {
		out.WriteString(".TP\n" + wrapped(markup(item.Term)) + "\n" + wrapped(markup(item.Text)) + "\n")
	}
}

func writeParagraph(out *strings.Builder, p paragraph) {
	if !p.fixed {
		out.WriteString(wrapped(escape(strings.Join(p.lines, " "))) + "\n")
		return
	}
	out.WriteString(".RS 2\n.EX\n")
	for _, line := range p.lines {
		out.WriteString(escape(line) + "\n")
	}
	out.WriteString(".EE\n.RE\n")
}

// writeCommands lists the commands below one that have none below them.
func (m Manual) writeCommands(out *strings.Builder, above *cobra.Command) {
	heading := ".SH COMMANDS\n"
	for _, c := range m.commands() {
		if c != above && !c.HasAvailableSubCommands() && strings.HasPrefix(c.CommandPath(), above.CommandPath()+" ") {
			fmt.Fprintf(out, "%s.TP\n%s\n%s\n", heading, m.reference(c), escape(c.Short))
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
		out.WriteString(".TP\n" + line + "\n" + wrapped(escape(usage)) + "\n")
	})
}

func (m Manual) reference(c *cobra.Command) string {
	return fmt.Sprintf("\\fB%s\\fR(%d)", escape(pageName(c)), m.pageSection())
}

// markup returns a text in Markdown for troff: what stands in backquotes is bold,
// and of a link the words are left.
func markup(text string) string {
	var out strings.Builder
	for i, part := range strings.Split(words(text), "`") {
		if i%2 == 1 {
			part = "\\fB" + escape(part) + "\\fR"
		} else {
			part = escape(part)
		}
		out.WriteString(part)
	}
	return out.String()
}

// width is how long a line of a page's source may be.
const width = 78

// wrapped breaks an escaped text into lines that are not too long, none of which
// begins a macro.
func wrapped(text string) string {
	var lines []string
	for _, word := range strings.Fields(text) {
		last := len(lines) - 1
		if last < 0 || len(lines[last])+1+len(word) > width {
			if word[0] == '.' {
				word = `\&` + word
			}
			lines = append(lines, word)
			continue
		}
		lines[last] += " " + word
	}
	return strings.Join(lines, "\n")
}

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
