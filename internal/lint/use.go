package lint

import (
	"fmt"
	"slices"
	"strings"

	"github.com/calicoctl/calicoctl/internal/advice"
	"github.com/calicoctl/calicoctl/internal/printable"
	"github.com/calicoctl/calicoctl/pkg/profile"
	"github.com/calicoctl/calicoctl/pkg/resource"
	"github.com/calicoctl/calicoctl/pkg/rules"
)

// A labelSet holds the labels that profiles give their endpoints: "has name" for each
// name, and "is name" for a name that some profile gives the empty value.
type labelSet map[string]bool

func (s labelSet) add(labels []profile.Label) {
	for _, label := range labels {
		s["has "+label.Name] = true
		if label.Value == "" {
			s["is "+label.Name] = true
		}
	}
}

// carries reports whether a profile carries a tag. A tag matches a label of any value,
// but in its older form only the empty value.
func (s labelSet) carries(t rules.Tag) bool {
	if t.EmptyValue {
		return s["is "+rules.TagLabel(t.Name)]
	}
	return s["has "+rules.TagLabel(t.Name)]
}

// A tagUse is a tag in a rule that no profile has carried so far.
type tagUse struct {
	place   place
	tag     rules.Tag
	negated bool
}

func (l *Linter) noteTags(at place) {
	r := at.rule
	for i, t := range []rules.Tag{r.From.Tag, r.To.Tag, r.From.NotTag, r.To.NotTag} {
		if !t.IsZero() && !l.labels.carries(t) {
			l.tags = append(l.tags, tagUse{place: at, tag: t, negated: i >= 2})
		}
	}
}

// checkTags finds the tags that no profile carries.
func (l *Linter) checkTags() {
	for _, t := range l.tags {
		if !l.malformedProfile && !l.labels.carries(t.tag) {
			l.addUnknownTag(t)
		}
	}
}

func (l *Linter) addUnknownTag(t tagUse) {
	tag, replace := t.tag.Name, position(t.place.position-1)+" RULE"
	effect := "it matches"
	if t.negated {
		effect = "\"not tag\" excludes"
	}
	reason := func(n Names) string {
		return fmt.Sprintf("no profile carries the tag %s, so %s only endpoints that have such a label of their own", printable.Text(n.Name(tag)), effect)
	}
	spelling := l.edit(t.place, "check the spelling of the tag; to correct it: ", "replace", replace)
	other := l.edit(t.place, "the Docker network of that name has another tag; to use that one, enter the same rule again: ", "replace", replace)
	l.add(t.place, Warning, "unknown-tag", reason, func(n Names) string {
		if n.Misleads(tag) {
			return other(n)
		}
		return spelling(n)
	})
}

// used counts the endpoints of each layout that have a profile.
type used struct{ v3, v1 users }

// users are a number of endpoints, and the names of some.
type users struct {
	count int
	names []string
}

func (u *users) add(e resource.Endpoint, name bool) {
	const most = 3
	u.count++
	if name && len(u.names) < most {
		u.names = append(u.names, e.String())
	}
}

func (u *users) String() string {
	list := slices.Clone(u.names)
	if more := u.count - len(list); more > 0 {
		list = append(list, fmt.Sprintf("%d more", more))
	}
	return strings.Join(list, ", ")
}

// AddEndpoint notes which profiles an endpoint has. All profiles are added before.
func (l *Linter) AddEndpoint(e resource.Endpoint) {
	if e.Layout == profile.V3 {
		l.checkPasses(e)
	}
	for i, id := range e.Profiles {
		if slices.Contains(e.Profiles[:i], id) {
			continue
		}
		u := l.used[id]
		if u == nil {
			u = &used{}
			l.used[strings.Clone(id)] = u // without the document of the endpoint
		}
		if e.Layout == profile.V3 {
			u.v3.add(e, !l.enforced[id])
		} else {
			u.v1.add(e, !l.enforced[id])
		}
	}
}

// AddMalformedEndpoint notes an endpoint whose document cannot be read.
func (l *Linter) AddMalformedEndpoint(e resource.Endpoint, why *profile.MalformedError) {
	l.malformedEndpoint = true
	if l.selected == nil {
		l.addMalformed(place{endpoint: e.String()}, "damaged-endpoint", why)
	}
}

// checkUse finds profiles without endpoints, and endpoints without their profile.
func (l *Linter) checkUse() {
	for _, p := range l.checked {
		if p.layout == profile.V3 && l.used[p.id] == nil && !l.malformedEndpoint && !profile.IsMaintained(p.id) {
			l.add(place{id: p.id}, Warning, "unused-profile", plain("no endpoint has this profile"),
				command(p.id, "if no endpoint is to get it: calicoctl profile remove %s"))
		}
	}
	for id, u := range l.used {
		if !l.enforced[id] && l.isSelected(id) {
			l.addMissing(id, u)
		}
	}
}

// addMissing says that endpoints have a profile that no Felix can read.
func (l *Linter) addMissing(id string, u *used) {
	at, v3, v1 := place{id: id}, u.v3.String(), u.v1.String()
	create := command(id, "calicoctl profile add %s, or give the endpoints another profile")
	switch {
	case l.known[id] && u.v3.count > 0:
		l.add(at, Error, "missing-profile", plain("it is only in the layout of calicoctl 0.x, which no Felix reads, "+
			"so Felix drops all traffic of "+v3), plain(advice.Migrate(id)))
	case u.v3.count > 0:
		l.add(at, Error, "missing-profile", plain("it does not exist, so Felix drops all traffic of "+v3), create)
	case !l.known[id]: // no Felix reads the endpoints either
		l.add(at, Warning, "missing-profile", plain("it does not exist, but these endpoints have it: "+v1), create)
	}
}
