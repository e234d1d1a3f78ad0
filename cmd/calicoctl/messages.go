package main

import (
	"fmt"
	"io"
	"strings"

	"github.com/calicoctl/calicoctl/internal/brief"
	"github.com/calicoctl/calicoctl/internal/names"
	"github.com/calicoctl/calicoctl/internal/printable"
	"github.com/calicoctl/calicoctl/pkg/profile"
	"github.com/calicoctl/calicoctl/pkg/rules"
)

// messages are the lines that a command prints on stderr.
type messages struct {
	out    io.Writer
	warned bool // of the configuration
}

// warn prints a line to standard error that does not end the command.
func (m *messages) warn(format string, args ...any) {
	text := strings.ReplaceAll(fmt.Sprintf(format, args...), "\n", " ")
	fmt.Fprintln(m.out, "calicoctl: warning: "+brief.Message(printable.Text(text)))
}

// maxWarnings is how many warnings of a kind are printed.
const maxWarnings = 50

// warnEach warns of each text, but tells only the number of those after the
// first.
func (m *messages) warnEach(about string, texts []string) {
	for i, text := range texts {
		if i == maxWarnings {
			m.warn("%s: and %d more", about, len(texts)-i)
			return
		}
		m.warn("%s: %s", about, text)
	}
}

// warnInvalid reports what Felix refuses in a stored profile.
func (m *messages) warnInvalid(p *profile.Profile) {
	m.warnEach("profile "+printable.Text(p.ID), p.Invalid())
}

// warnMisleading reports tags that are shown by a word which means something
// else to a command.
func (m *messages) warnMisleading(p *profile.Profile, names names.Shown) {
	for _, d := range []rules.Direction{rules.Inbound, rules.Outbound} {
		for i, r := range *p.Rules(d) {
			for _, tag := range r.Rule.Tags() {
				if names.Misleads(tag) {
					m.warn("%s rule %d: the tag %s is not that of the Docker network %s; --literal means it as shown",
						d, i+1, printable.Text(tag), printable.Text(tag))
				}
			}
		}
	}
}

// warnOnce prints warnings about the configuration, unless that was done before.
func (m *messages) warnOnce(warnings []string) {
	if m.warned {
		return
	}
	for _, w := range warnings {
		m.warn("%s", w)
	}
	m.warned = true
}
