package lint

import (
	"fmt"

	"github.com/calicoctl/calicoctl/internal/printable"
	"github.com/calicoctl/calicoctl/pkg/profile"
	"github.com/calicoctl/calicoctl/pkg/rules"
)

// A Level is how bad a finding is.
type Level string

// The levels.
const (
	Error   Level = "error"   // it is invalid for Felix, or has not the effect that it was written for
	Warning Level = "warning" // it is probably not meant
	Info    Level = "info"
)

// A Finding is something wrong in a profile or an endpoint. docs/review.md lists the
// codes; programs rely on them.
type Finding struct {
	Level     Level           `json:"level"`
	Code      string          `json:"code"`
	Profile   string          `json:"profile,omitempty"` // by the name that leads to it
	ID        string          `json:"id,omitempty"`
	Direction rules.Direction `json:"direction,omitempty"` // empty when it is about no rule
	Position  int             `json:"position,omitempty"`  // from 1
	Rule      string          `json:"rule,omitempty"`
	Literal   string          `json:"literal,omitempty"` // the rule with IDs
	Endpoint  string          `json:"endpoint,omitempty"`
	Reason    string          `json:"reason"`
	Advice    string          `json:"advice"`
}

// AboutEndpoint reports whether the finding is about an endpoint and no profile.
func (f Finding) AboutEndpoint() bool { return f.Endpoint != "" && f.ID == "" }

func (f Finding) rank() int {
	if f.AboutEndpoint() {
		return 1
	}
	return 0
}

// A draft is a finding before names are known: these depend on which profiles there
// are, and so are known when all have been read.
type draft struct {
	place          place
	level          Level
	code           string
	reason, advice text
}

// A place is what a finding is about: a rule, a whole profile if there is no direction,
// or an endpoint if there is no ID either.
type place struct {
	id        string
	direction rules.Direction
	position  int // from 1
	rule      rules.Rule
	endpoint  string
}

// A text is made when names are known.
type text func(Names) string

// plain returns a text without names.
func plain(s string) text { return func(Names) string { return s } }

// command returns a text in whose form %s is the shell's word for a profile.
func command(id, form string) text {
	return func(n Names) string { return fmt.Sprintf(form, printable.Text(n.Name(id))) }
}

func (l *Linter) add(at place, level Level, code string, reason, advice text) {
	l.drafts = append(l.drafts, draft{at, level, code, reason, advice})
}

// addMalformed says that a document cannot be read.
func (l *Linter) addMalformed(at place, code string, why *profile.MalformedError) {
	l.add(at, Error, code, plain(fmt.Sprintf("it is malformed: %v", why.Cause)),
		plain("etcdctl can show, repair or delete the key "+why.Key))
}

// edit returns the advice to change the rule of a place: why, and a command with verb
// and arguments.
func (l *Linter) edit(at place, why, verb, args string) text {
	form := fmt.Sprintf("calicoctl profile %%s rule %s %s %s", verb, at.direction, args)
	switch {
	case profile.IsMaintained(at.id):
		return plain("Kubernetes' controllers maintain this profile; change it there")
	case !l.enforced[at.id]:
		return command(at.id, "after its migration, "+why+form)
	}
	return command(at.id, why+form)
}

func (d draft) finding(names Names) Finding {
	f := Finding{
		Level: d.level, Code: d.code, ID: d.place.id, Direction: d.place.direction, Position: d.place.position,
		Endpoint: d.place.endpoint, Reason: d.reason(names), Advice: d.advice(names),
	}
	if !f.AboutEndpoint() {
		f.Profile = names.Name(f.ID)
	}
	if f.Direction != "" {
		f.Rule, f.Literal = rules.Format(d.place.rule.MapTags(names.Name)), rules.Format(d.place.rule)
	}
	return f
}
