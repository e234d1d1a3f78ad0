package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/calicoctl/calicoctl/internal/printable"
	"github.com/calicoctl/calicoctl/pkg/rules"
	"github.com/calicoctl/calicoctl/pkg/store"
)

// A tagUse is a tag in a rule of which it is not known yet whether a profile
// carries it.
type tagUse struct {
	place   lintFinding
	tag     rules.Tag
	negated bool
}

// carry notes the labels of a profile. A tag is matched by a label of any value,
// but in the older form by the empty one only.
func (l *linter) carry(p *store.Profile) {
	for _, label := range p.Labels {
		l.carried["has "+label.Name] = true
		if label.Value == "" {
			l.carried["is "+label.Name] = true
		}
	}
}

func (l *linter) isCarried(t rules.Tag) bool {
	if t.EmptyValue {
		return l.carried["is "+rules.TagLabel(t.Name)]
	}
	return l.carried["has "+rules.TagLabel(t.Name)]
}

func (l *linter) noteTags(f lintFinding) {
	r := f.stored
	for i, t := range []rules.Tag{r.From.Tag, r.To.Tag, r.From.NotTag, r.To.NotTag} {
		if !t.IsZero() && !l.isCarried(t) {
			l.tags = append(l.tags, tagUse{place: f, tag: t, negated: i >= 2})
		}
	}
}

// A use is which endpoints of each layout have a profile.
type use struct{ v3, v1 crowd }

// A crowd is how many there are, and the names of some.
type crowd struct {
	count int
	some  []string
}

func (c *crowd) add(e store.Endpoint, name bool) {
	const most = 3
	c.count++
	if name && len(c.some) < most {
		c.some = append(c.some, e.String())
	}
}

func (c *crowd) String() string {
	some := slices.Clone(c.some)
	if more := c.count - len(some); more > 0 {
		some = append(some, fmt.Sprintf("%d more", more))
	}
	return strings.Join(some, ", ")
}

// readEndpoints notes which profiles are used.
func (l *linter) readEndpoints(ctx context.Context, view *store.View) error {
	seen := l.session.app.progress("endpoints")
	defer seen.end()
	return view.EachEndpoint(ctx, func(e store.Endpoint, damaged error) error {
		seen.add()
		if why := (*store.DamagedError)(nil); errors.As(damaged, &why) {
			l.lost = true
			if l.only == nil {
				l.add(lintFinding{Endpoint: e.String()}.damaged("damaged-endpoint", why))
			}
			return nil
		}
		for _, id := range distinct(e.Profiles) {
			u := l.used[id]
			if u == nil {
				u = &use{}
				l.used[strings.Clone(id)] = u
			}
			if e.Layout == store.V3 {
				u.v3.add(e, !l.v3[id])
			} else {
				u.v1.add(e, !l.v3[id])
			}
		}
		return nil
	})
}

// judgeWorld finds what can be said when all profiles and endpoints are known.
func (l *linter) judgeWorld() {
	for _, t := range l.tags {
		if !l.unread && !l.isCarried(t.tag) {
			l.addUnknownTag(t)
		}
	}
	for _, p := range l.lists {
		if p.layout == store.V3 && l.used[p.id] == nil && !l.lost && !store.IsMaintained(p.id) {
			l.add(lintFinding{ID: p.id}.tell(levelWarning, "unused-profile", sayText("no endpoint has this profile"),
				command(p.id, "if none is going to have it: calicoctl profile remove %s")))
		}
	}
	for id, u := range l.used {
		if !l.v3[id] && (l.only == nil || l.only[id]) {
			l.addMissing(id, u)
		}
	}
}

func (l *linter) addUnknownTag(t tagUse) {
	tag, f := t.tag.Name, t.place
	reason := "no profile carries the tag %s, so it fits only endpoints that have such a label of their own"
	if t.negated {
		reason = "no profile carries the tag %s, so \"not tag\" excludes only endpoints that have such a label of their own"
	}
	advice := l.at(f, "is the tag spelled right? Say it otherwise: ", "replace", fmt.Sprintf("--at=%d RULE", f.Position))
	same := l.at(f, "the Docker network of that name has another tag; the same words mean that one: ", "replace", fmt.Sprintf("--at=%d RULE", f.Position))
	l.add(f.tell(levelWarning, "unknown-tag", func(names shownNames) string { return fmt.Sprintf(reason, printable.Text(names.name(tag))) },
		func(names shownNames) string {
			if names.misleads(tag) {
				return same(names)
			}
			return advice(names)
		}))
}

// addMissing says that endpoints have a profile that no Felix can read.
func (l *linter) addMissing(id string, u *use) {
	f, v3, v1 := lintFinding{ID: id}, u.v3.String(), u.v1.String()
	add := command(id, "calicoctl profile add %s, or give them another profile")
	switch {
	case l.ids[id] && u.v3.count > 0:
		l.add(f.say(levelError, "missing-profile", "no Felix reads this profile, which is in the layout of calicoctl 0.x alone, "+
			"so all traffic is dropped of "+v3, store.MigrateCommand(id)))
	case u.v3.count > 0:
		l.add(f.tell(levelError, "missing-profile", sayText("there is no such profile, so all traffic is dropped of "+v3), add))
	case !l.ids[id]: // no Felix reads the endpoints either
		l.add(f.tell(levelWarning, "missing-profile", sayText("there is no such profile, although it is that of "+v1), add))
	}
}
