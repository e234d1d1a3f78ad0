package main

import (
	"fmt"
	"strings"

	"github.com/calicoctl/calicoctl/internal/brief"
	"github.com/calicoctl/calicoctl/internal/printable"
	"github.com/calicoctl/calicoctl/pkg/rules"
	"github.com/calicoctl/calicoctl/pkg/store"
)

// A level is how bad a finding is.
type level string

const (
	levelError   level = "error"   // Felix refuses it, or it does not do what it is for
	levelWarning level = "warning" // probably not meant
	levelInfo    level = "info"
)

// A lintFinding is something that lint has to say. docs/commands.md lists the codes;
// they are for programs, and do not change.
type lintFinding struct {
	Level     level           `json:"level"`
	Code      string          `json:"code"`
	Profile   string          `json:"profile,omitempty"` // by the name that leads to it
	ID        string          `json:"id,omitempty"`
	Direction rules.Direction `json:"direction,omitempty"`
	Position  int             `json:"position,omitempty"`
	Rule      string          `json:"rule,omitempty"`
	Literal   string          `json:"literal,omitempty"` // the rule with IDs
	Endpoint  string          `json:"endpoint,omitempty"`
	Reason    string          `json:"reason"`
	Advice    string          `json:"advice"`

	stored rules.Rule
	reason func(shownNames) string
	advice func(shownNames) string
}

// place returns a finding about a rule, or about the whole profile when there is
// no direction.
func place(id string, d rules.Direction, index int, r rules.Rule) lintFinding {
	return lintFinding{ID: id, Direction: d, Position: index + 1, stored: r}
}

// say fills in what does not depend on names.
func (f lintFinding) say(l level, code, reason, advice string) lintFinding {
	return f.tell(l, code, func(shownNames) string { return reason }, func(shownNames) string { return advice })
}

// damaged says that a document cannot be read.
func (f lintFinding) damaged(code string, why *store.DamagedError) lintFinding {
	return f.say(levelError, code, fmt.Sprintf("it cannot be read: %v", why.Cause), "etcdctl can show, repair or delete the key "+why.Key)
}

// tell fills in what needs names, which are known when all profiles are.
func (f lintFinding) tell(l level, code string, reason, advice func(shownNames) string) lintFinding {
	f.Level, f.Code, f.reason, f.advice = l, code, reason, advice
	return f
}

// show writes the names in.
func (f *lintFinding) show(names shownNames) {
	if f.Endpoint == "" || f.ID != "" {
		f.Profile = names.name(f.ID)
	}
	if f.Direction != "" {
		f.Rule, f.Literal = rules.Format(f.stored.MapTags(names.name)), rules.Format(f.stored)
	}
	f.Reason, f.Advice = f.reason(names), f.advice(names)
}

// rank puts what is about no profile last.
func (f *lintFinding) rank() int {
	if f.Endpoint != "" && f.ID == "" {
		return 1
	}
	return 0
}

// printFindings prints them; the error is errFindings if one is an error.
func (a *app) printFindings(list []lintFinding) error {
	if list == nil {
		list = []lintFinding{}
	}
	text := "No findings.\n"
	if len(list) > 0 {
		text = findingsText(list)
	}
	err := a.print(text, list)
	for _, f := range list {
		if err == nil && f.Level == levelError {
			return errFindings
		}
	}
	return err
}

// findingsText lists the findings of each profile below its name, and counts them.
func findingsText(list []lintFinding) string {
	var out strings.Builder
	heading := ""
	for _, f := range list {
		if h := f.heading(); h != heading {
			heading = h
			out.WriteString(h + "\n")
		}
		reason := line(f.Reason)
		if f.Direction != "" {
			fmt.Fprintf(&out, "  %s: %s rule %d: %s [%s]\n    %s\n", f.Level, f.Direction, f.Position, line(f.Rule), f.Code, reason)
		} else {
			fmt.Fprintf(&out, "  %s: %s [%s]\n", f.Level, reason, f.Code)
		}
		fmt.Fprintf(&out, "    %s\n", line(f.Advice))
	}
	fmt.Fprintf(&out, "%s.\n", counts(list))
	return out.String()
}

func (f *lintFinding) heading() string {
	if f.rank() > 0 {
		return "Endpoint " + printable.Text(f.Endpoint) + ":"
	}
	return "Profile " + brief.Name(f.Profile) + ":"
}

// line makes a text of one line that somebody can read.
func line(text string) string {
	return brief.Message(printable.Text(strings.ReplaceAll(text, "\n", " ")))
}

// counts returns such as "1 error, 2 warnings".
func counts(list []lintFinding) string {
	number := map[level]int{}
	for _, f := range list {
		number[f.Level]++
	}
	var parts []string
	for _, l := range []level{levelError, levelWarning, levelInfo} {
		switch n := number[l]; {
		case n == 0:
		case n == 1 || l == levelInfo:
			parts = append(parts, fmt.Sprintf("%d %s", n, l))
		default:
			parts = append(parts, fmt.Sprintf("%d %ss", n, l))
		}
	}
	return strings.Join(parts, ", ")
}
