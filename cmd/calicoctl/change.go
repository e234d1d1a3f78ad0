package main

import (
	"cmp"
	"context"
	"fmt"
	"os"
	"slices"
	"strings"

	"golang.org/x/term"

	"github.com/calicoctl/calicoctl/internal/linediff"
	"github.com/calicoctl/calicoctl/internal/names"
	"github.com/calicoctl/calicoctl/internal/printable"
	"github.com/calicoctl/calicoctl/pkg/rules"
	"github.com/calicoctl/calicoctl/pkg/store"
)

// A change is what an edit makes of a profile, as people read it.
type change struct {
	name          string         // of the profile
	before, after *store.Profile // nil where it is not there
	names         names.Shown
}

// change returns what an edit would make of a profile.
func (s *session) change(ctx context.Context, name string, before, after *store.Profile) (change, error) {
	c := change{name: name, before: before, after: after}
	var tags []string
	for _, p := range []*store.Profile{before, after} {
		if p != nil {
			tags = append(tags, names.TagsIn(p)...)
		}
	}
	shown, err := s.names.ShownOf(ctx, s.store, tags)
	if err != nil {
		return c, err
	}
	c.names = shown
	if after != nil {
		c.names = c.names.With(names.IDs{after.ID: true})
	}
	return c, nil
}

// saved is change for an edit that is done, about which an error must not say
// otherwise: when names cannot be looked up any more, IDs are shown.
func (s *session) saved(ctx context.Context, name string, before, after *store.Profile) change {
	c, err := s.change(ctx, name, before, after)
	if err != nil {
		s.app.warn("the change was saved; it is shown with IDs, because names could not be looked up any more")
	}
	return c
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

func (c change) sections() []section {
	tags := section{name: "tags", heading: "Tags:"}
	tags.oldText, tags.oldExact = c.tagLines(c.before)
	tags.newText, tags.newExact = c.tagLines(c.after)
	list := []section{tags}
	for _, d := range []rules.Direction{rules.Inbound, rules.Outbound} {
		s := section{name: string(d), heading: d.Heading(), numbered: true}
		s.oldText, s.oldExact = c.ruleLines(c.before, d)
		s.newText, s.newExact = c.ruleLines(c.after, d)
		list = append(list, s)
	}
	return list
}

// tagLines returns the tags in the order of what is shown.
func (c change) tagLines(p *store.Profile) (text, exact []string) {
	if p == nil {
		return nil, nil
	}
	exact = p.Tags()
	slices.SortFunc(exact, func(a, b string) int { return cmp.Compare(c.names.Name(a), c.names.Name(b)) })
	for _, tag := range exact {
		text = append(text, printable.Text(c.names.Name(tag)))
	}
	return text, exact
}

// ruleLines tells rules apart by their stored bytes: two may be shown alike.
func (c change) ruleLines(p *store.Profile, d rules.Direction) (text, exact []string) {
	if p == nil {
		return nil, nil
	}
	for _, r := range *p.Rules(d) {
		text, exact = append(text, rules.Format(r.Rule.MapTags(c.names.Name))), append(exact, string(r.JSON))
	}
	return text, exact
}

// What a terminal shows in green and red.
const (
	green, red, plain = "\x1b[32m", "\x1b[31m", "\x1b[0m"
)

// text returns the listing after the change, each line that it adds or takes out
// with + or - in front. Tags are shown only if they change.
func (c change) text(color bool) string {
	var out strings.Builder
	write := func(sign byte, line string) {
		paint := map[byte]string{'+': green, '-': red}[sign]
		if color && paint != "" {
			line = paint + line + plain
		}
		out.WriteString(line + "\n")
	}
	switch {
	case c.before == nil:
		write('+', "+ Profile "+printable.Text(c.name))
	case c.after == nil:
		write('-', "- Profile "+printable.Text(c.name))
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
// line that is taken out, before it.
func signOf(l linediff.Line) (sign byte, position int) {
	switch {
	case l.Old == 0:
		return '+', l.New
	case l.New == 0:
		return '-', l.Old
	}
	return ' ', l.New
}

// A changeLine is a line that is added or taken out, for -o json and -o yaml.
type changeLine struct {
	List     string `json:"list"` // tags, inbound or outbound
	Change   string `json:"change"`
	Position int    `json:"position,omitempty"`
	Text     string `json:"text"`
}

func (c change) view() []changeLine {
	lines := []changeLine{}
	for _, s := range c.sections() {
		for _, l := range s.lines() {
			sign, position := signOf(l)
			if sign == ' ' {
				continue
			}
			if !s.numbered {
				position = 0
			}
			lines = append(lines, changeLine{List: s.name, Change: string(sign), Position: position, Text: l.Text})
		}
	}
	return lines
}

// color reports whether standard output is a terminal whose user has not asked
// for plain text (see no-color.org).
func (a *app) color() bool {
	f, ok := a.stdout.(*os.File)
	return ok && a.getenv("NO_COLOR") == "" && a.getenv("TERM") != "dumb" && term.IsTerminal(int(f.Fd()))
}
