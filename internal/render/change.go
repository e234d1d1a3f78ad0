package render

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/calicoctl/calicoctl/internal/linediff"
	"github.com/calicoctl/calicoctl/internal/names"
	"github.com/calicoctl/calicoctl/internal/printable"
	"github.com/calicoctl/calicoctl/pkg/profile"
	"github.com/calicoctl/calicoctl/pkg/rules"
)

// A Change is the difference that an edit makes to a profile.
type Change struct {
	Name          string           // of the profile
	Before, After *profile.Profile // nil where it does not exist
	Shown         names.Shown
}

// A section is one list of a profile before and after a change: lines as they
// are shown, and what tells them apart.
type section struct {
	name, heading      string
	numbered           bool
	oldText, newText   []string
	oldExact, newExact []string
}

// lines returns the difference; the text is as it is shown.
func (s section) lines() []linediff.Line {
	lines := linediff.Diff(s.oldExact, s.newExact)
	for i, l := range lines {
		if l.New > 0 {
			lines[i].Text = s.newText[l.New-1]
		} else {
			lines[i].Text = s.oldText[l.Old-1]
		}
	}
	return lines
}

func (s section) changed() bool { return !slices.Equal(s.oldExact, s.newExact) }

func (c Change) sections() []section {
	tags := section{name: "tags", heading: "Tags:"}
	tags.oldText, tags.oldExact = c.tagLines(c.Before)
	tags.newText, tags.newExact = c.tagLines(c.After)
	list := []section{tags}
	for _, d := range []rules.Direction{rules.Inbound, rules.Outbound} {
		s := section{name: string(d), heading: d.Heading(), numbered: true}
		s.oldText, s.oldExact = c.ruleLines(c.Before, d)
		s.newText, s.newExact = c.ruleLines(c.After, d)
		list = append(list, s)
	}
	return list
}

// tagLines returns the tags in the order of what is shown.
func (c Change) tagLines(p *profile.Profile) (text, exact []string) {
	if p == nil {
		return nil, nil
	}
	exact = p.Tags()
	slices.SortFunc(exact, func(a, b string) int { return cmp.Compare(c.Shown.Name(a), c.Shown.Name(b)) })
	for _, tag := range exact {
		text = append(text, printable.Text(c.Shown.Name(tag)))
	}
	return text, exact
}

// ruleLines tells rules apart by their stored bytes: two may be shown alike.
func (c Change) ruleLines(p *profile.Profile, d rules.Direction) (text, exact []string) {
	if p == nil {
		return nil, nil
	}
	for _, r := range *p.Rules(d) {
		text, exact = append(text, rules.Format(r.Rule.MapTags(c.Shown.Name))), append(exact, string(r.JSON))
	}
	return text, exact
}

// What a terminal shows in green and red.
const (
	green, red, plain = "\x1b[32m", "\x1b[31m", "\x1b[0m"
)

// Text returns the listing after the change; each added line begins with +, each
// removed one with -. Tags are shown only if they change.
func (c Change) Text(color bool) string {
	var out strings.Builder
	write := func(sign byte, line string) {
		paint := map[byte]string{'+': green, '-': red}[sign]
		if color && paint != "" {
			line = paint + line + plain
		}
		out.WriteString(line + "\n")
	}
	switch {
	case c.Before == nil:
		write('+', "+ Profile "+printable.Text(c.Name))
	case c.After == nil:
		write('-', "- Profile "+printable.Text(c.Name))
	}
	for _, s := range c.sections() {
		if !s.numbered && !s.changed() {
			continue
		}
		out.WriteString(s.heading + "\n")
		for _, l := range s.lines() {
			sign, position := signOf(l)
			if s.numbered {
				write(sign, fmt.Sprintf("%c%3d   %s", sign, position, l.Text))
			} else {
				write(sign, fmt.Sprintf("%c  %s", sign, l.Text))
			}
		}
	}
	return out.String()
}

// signOf returns the sign of a line, and its position after the change or, of a
// removed line, before it.
func signOf(l linediff.Line) (sign byte, position int) {
	switch {
	case l.Old == 0:
		return '+', l.New
	case l.New == 0:
		return '-', l.Old
	}
	return ' ', l.New
}

// A ChangeLine is an added or removed line, for -o json and -o yaml.
type ChangeLine struct {
	List     string `json:"list"` // tags, inbound or outbound
	Change   string `json:"change"`
	Position int    `json:"position,omitempty"`
	Text     string `json:"text"`
}

// Lines returns the lines that are added or removed.
func (c Change) Lines() []ChangeLine {
	lines := []ChangeLine{}
	for _, s := range c.sections() {
		for _, l := range s.lines() {
			sign, position := signOf(l)
			if sign == ' ' {
				continue
			}
			if !s.numbered {
				position = 0
			}
			lines = append(lines, ChangeLine{List: s.name, Change: string(sign), Position: position, Text: l.Text})
		}
	}
	return lines
}
