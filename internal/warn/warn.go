// Package warn prints warnings on stderr.
package warn

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

// A Warner prints warnings. Each is one line.
type Warner struct {
	Out  io.Writer // stderr
	once bool      // Once has printed its warnings
}

// Printf prints a warning.
func (w *Warner) Printf(format string, args ...any) {
	text := strings.ReplaceAll(fmt.Sprintf(format, args...), "\n", " ")
	fmt.Fprintln(w.Out, "calicoctl: warning: "+brief.Message(printable.Text(text)))
}

// most is how many warnings of a kind are printed.
const most = 50

// Each prints each text as a warning, and of a long list the number of the others.
func (w *Warner) Each(about string, texts []string) {
	for i, text := range texts {
		if i == most {
			w.Printf("%s: and %d more", about, len(texts)-i)
			return
		}
		w.Printf("%s: %s", about, text)
	}
}

// Invalid warns of what is invalid for Felix in a stored profile.
func (w *Warner) Invalid(p *profile.Profile) {
	w.Each("profile "+printable.Text(p.ID), p.Invalid())
}

// Misleading warns of tags in rules that a command would take for another tag.
func (w *Warner) Misleading(p *profile.Profile, shown names.Shown) {
	for _, d := range []rules.Direction{rules.Inbound, rules.Outbound} {
		for i, r := range *p.Rules(d) {
			for _, tag := range r.Rule.Tags() {
				if shown.Misleads(tag) {
					w.Printf("%s rule %d: the tag %s is not that of the Docker network %s; --literal means it as shown",
						d, i+1, printable.Text(tag), printable.Text(tag))
				}
			}
		}
	}
}

// Pair warns that a network has another profile than the one of its name, which is used.
// Without a pair it does nothing.
func (w *Warner) Pair(pair *names.PairError, used string) {
	if pair != nil {
		w.Printf("there is also a profile of the Docker network %s, %s; %s is the profile of that name",
			printable.Text(pair.Name), pair.ID, used)
	}
}

// Once prints the warnings of the first call, and none of later ones.
func (w *Warner) Once(texts []string) {
	if w.once {
		return
	}
	for _, text := range texts {
		w.Printf("%s", text)
	}
	w.once = true
}
