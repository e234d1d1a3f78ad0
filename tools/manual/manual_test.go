package manual_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/spf13/cobra"

	"github.com/calicoctl/calicoctl/tools/manual"
)

// tree has what a manual must get right: a command whose usage is not cobra's,
// hidden ones, examples, tables, and characters that mean something to troff and
// to Markdown.
func tree() manual.Manual {
	run := func(*cobra.Command, []string) {}
	root := &cobra.Command{Use: "prog", Short: "Do it", Long: "Does it.\n\n.Dots and 'quotes' begin no macro.\n\nWORDS:\n  a-b   \\ one\n\n  c     two\n\nThe end of *all* _this_."}
	root.PersistentFlags().String("config", "/etc/prog", "configuration `FILE`")
	root.PersistentFlags().String("secret", "", "")
	_ = root.PersistentFlags().MarkHidden("secret")
	add := &cobra.Command{
		Use: "add", Short: "Add a <thing>", Run: run, Example: "  prog NAME add x\n    | more",
		Annotations: map[string]string{"usage": "prog NAME add [-n] THING"},
	}
	add.Flags().BoolP("dry-run", "n", false, "only show")
	group := &cobra.Command{Use: "thing", Short: "Things"}
	group.AddCommand(add, &cobra.Command{Use: "gone", Short: "Hidden", Hidden: true, Run: run})
	root.AddCommand(group)
	return manual.Manual{
		Root: root,
		Usage: func(c *cobra.Command) string {
			if usage := c.Annotations["usage"]; usage != "" {
				return usage
			}
			return c.UseLine()
		},
		Name: func(c *cobra.Command) string { return c.CommandPath() },
	}
}

func TestPages(t *testing.T) {
	t.Parallel()
	pages := tree().Pages("2026-01-02", "prog 1.0-rc1")
	var names []string
	for _, page := range pages {
		names = append(names, page.Name)
	}
	if diff := cmp.Diff([]string{"prog.1", "prog-thing.1", "prog-thing-add.1"}, names); diff != "" {
		t.Fatalf("pages (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff(wantRoot, pages[0].Text); diff != "" {
		t.Errorf("%s (-want +got):\n%s", names[0], diff)
	}
	if diff := cmp.Diff(wantAdd, pages[2].Text); diff != "" {
		t.Errorf("%s (-want +got):\n%s", names[2], diff)
	}
}

const wantRoot = `.TH "PROG" 1 "2026-01-02" "prog 1.0\-rc1" "prog"
.SH NAME
prog \- Do it
.SH SYNOPSIS
.nf
\fBprog [flags]\fR
.fi
.SH DESCRIPTION
Does it.
.PP
\&.Dots and \(aqquotes\(aq begin no macro.
.PP
.RS 2
.EX
WORDS:
  a\-b   \e one

  c     two
.EE
.RE
.PP
The end of *all* _this_.
.SH COMMANDS
.TP
\fBprog\-thing\-add\fR(1)
Add a <thing>
.SH OPTIONS
.TP
\fB\-\-config\fR \fIFILE\fR
configuration FILE (default /etc/prog)
.TP
\fB\-h\fR, \fB\-\-help\fR
help for prog
`

const wantAdd = `.TH "PROG\-THING\-ADD" 1 "2026-01-02" "prog 1.0\-rc1" "prog"
.SH NAME
prog\-thing\-add \- Add a <thing>
.SH SYNOPSIS
.nf
\fBprog NAME add [\-n] THING\fR
.fi
.SH DESCRIPTION
Add a <thing>.
.SH OPTIONS
.TP
\fB\-n\fR, \fB\-\-dry\-run\fR
only show
.TP
\fB\-h\fR, \fB\-\-help\fR
help for add
.SH GLOBAL OPTIONS
.TP
\fB\-\-config\fR \fIFILE\fR
configuration FILE (default /etc/prog)
.SH EXAMPLES
.RS 2
.EX
prog NAME add x
  | more
.EE
.RE
.SH SEE ALSO
\fBprog\-thing\fR(1)
`

func TestReference(t *testing.T) {
	t.Parallel()
	page := tree().Reference()
	_, got, _ := strings.Cut(page, "(editing.md).\n\n")
	if diff := cmp.Diff(wantReference, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if tree().Reference() != page {
		t.Error("it is another one each time")
	}
}

const fence = "```"

const wantReference = `- [prog thing add](#prog-thing-add): Add a \<thing>

## prog

` + fence + `text
prog [flags]
` + fence + `

Does it.

.Dots and 'quotes' begin no macro.

` + fence + `text
WORDS:
  a-b   \ one

  c     two
` + fence + `

The end of \*all\* \_this\_.

Flags:

` + fence + `text
    --config FILE   configuration FILE (default "/etc/prog")
-h, --help          help for prog
` + fence + `

## prog thing

` + fence + `text
prog thing [flags]
` + fence + `

Things.

## prog thing add

` + fence + `text
prog NAME add [-n] THING
` + fence + `

Add a \<thing>.

For example:

` + fence + `sh
prog NAME add x
  | more
` + fence + `

Flags:

` + fence + `text
-n, --dry-run   only show
` + fence + `
`

// A flag that many commands have stands once, and each of them names it.
func TestReferenceCommonFlags(t *testing.T) {
	t.Parallel()
	root := &cobra.Command{Use: "prog"}
	for _, name := range []string{"a", "b", "c", "d", "e"} {
		c := &cobra.Command{Use: name, Run: func(*cobra.Command, []string) {}}
		c.Flags().Bool("dry-run", false, "only show")
		c.Flags().Bool("own-"+name, false, "of "+name)
		root.AddCommand(c)
	}
	other := &cobra.Command{Use: "f", Run: func(*cobra.Command, []string) {}}
	other.Flags().Bool("dry-run", false, "another one")
	root.AddCommand(other)
	page := manual.Manual{Root: root, Usage: (*cobra.Command).UseLine, Name: (*cobra.Command).CommandPath}.Reference()
	for text, want := range map[string]int{
		"--dry-run   only show":                      1,
		"--dry-run   another one":                    1,
		"[Common flags](#common-flags): `--dry-run`": 5,
		"--own-a   of a":                             1,
		"## Common flags":                            1,
	} {
		if got := strings.Count(page, text); got != want {
			t.Errorf("%q stands %d times, want %d, in\n%s", text, got, want, page)
		}
	}
}

const table = "# Page\n\nText.\n\n## Codes\n\n| code | more | meaning |\n| --- | --- | --- |\n| 0 | x | Done, see [the page](page.md#x). |\n" +
	"| | x | nothing |\n| `NAME`, `B` | | .dots \\ and - |\n\n| another | table |\n"

// The tables of the documents stand in the pages.
func TestItems(t *testing.T) {
	t.Parallel()
	items, err := manual.Items(table, "## Codes", "code", "meaning")
	want := []manual.Item{{Term: "0", Text: "Done, see [the page](page.md#x)."}, {Term: "`NAME`, `B`", Text: `.dots \ and -`}}
	if diff := cmp.Diff(want, items); err != nil || diff != "" {
		t.Fatalf("error %v (-want +got):\n%s", err, diff)
	}
	for _, wrong := range [][3]string{{"## Code", "code", "meaning"}, {"## Codes", "kode", "meaning"}} {
		if items, err := manual.Items(table, wrong[0], wrong[1], wrong[2]); err == nil {
			t.Errorf("%v: %v", wrong, items)
		}
	}
	m := tree()
	m.Section, m.Status, m.Environment, m.Files = 8, items[:1], items[1:], []manual.Item{{Term: "/etc/x", Text: strings.Repeat("long ", 20)}}
	m.See = []string{"other(7)"}
	pages := m.Pages("2026-01-02", "prog 1")
	if pages[2].Name != "prog-thing-add.8" {
		t.Errorf("name %q", pages[2].Name)
	}
	root := ".SH EXIT STATUS\n.TP\n0\nDone, see the page.\n.SH ENVIRONMENT\n.TP\n\\fBNAME\\fR, \\fBB\\fR\n\\&.dots \\e and \\-\n.SH FILES\n.TP\n/etc/x\n" +
		strings.TrimSpace(strings.Repeat("long ", 15)) + "\n" + strings.TrimSpace(strings.Repeat("long ", 5)) + "\n.SH SEE ALSO\n\\fBother\\fR(7)\n"
	if !strings.HasSuffix(pages[0].Text, root) {
		t.Errorf("want at the end\n%s\ngot\n%s", root, pages[0].Text)
	}
	below := ".SH SEE ALSO\n\\fBprog\\-thing\\fR(8),\n\\fBprog\\fR(8),\n\\fBother\\fR(7)\n"
	if !strings.HasSuffix(pages[2].Text, below) || strings.Contains(pages[2].Text, "ENVIRONMENT") {
		t.Errorf("want at the end\n%s\ngot\n%s", below, pages[2].Text)
	}
}
