package lint

import (
	"fmt"
	"slices"
	"strings"

	"github.com/calicoctl/calicoctl/internal/brief"
	"github.com/calicoctl/calicoctl/pkg/profile"
	"github.com/calicoctl/calicoctl/pkg/rules"
	"github.com/calicoctl/calicoctl/pkg/verdict"
)

// checkRules finds the invalid and the unreachable rules of one direction, and notes
// the tags in all of them.
func (l *Linter) checkRules(p *profile.Profile, d rules.Direction) {
	list := *p.Rules(d)
	at := func(i int) place { return place{id: p.ID, direction: d, position: i + 1, rule: list[i].Rule} }
	for i, r := range list {
		drops := r.Drops()
		for _, why := range r.Invalid() {
			reason := "another program stored it, and no edit adds such a rule: " + why
			if slices.Contains(drops, why) {
				reason = "it is invalid for Felix, which drops all traffic of the profile: " + why
			}
			l.add(at(i), Error, "refused-rule", plain(reason),
				l.edit(at(i), "remove it, or correct it with rule replace: ", "remove", position(i)))
		}
		if p.Layout == profile.V3 {
			l.noteTags(at(i))
		}
	}
	unreachable, unknown := verdict.FindUnreachable(list)
	for _, u := range unreachable {
		l.addUnreachable(at(u.Index), u, list)
	}
	if len(unknown) > 0 {
		which := "this rule is"
		if more := len(unknown) - 1; more > 0 {
			which = fmt.Sprintf("this rule or one of %d after it is", more)
		}
		l.add(at(unknown[0]), Info, "unchecked", plain("it would take too long to find out whether "+which+" unreachable"),
			plain("a shorter list can be checked"))
	}
}

// position returns the flag that names a rule by its index.
func position(index int) string { return fmt.Sprintf("--at=%d", index+1) }

// addUnreachable says why a rule never decides.
func (l *Linter) addUnreachable(at place, u verdict.Unreachable, list []rules.Stored) {
	never := map[rules.Action]string{rules.Allow: "allows", rules.Deny: "denies", rules.Log: "logs", rules.Pass: "passes"}[at.rule.Action]
	remove := position(u.Index)
	switch {
	case len(u.By) == 0:
		l.add(at, Warning, "fits-nothing", plain("no packet can match all of its criteria, so it never "+never+" anything"),
			l.edit(at, "remove it, or correct it with rule replace: ", "remove", remove))
		return
	case u.Same:
		l.add(at, Warning, "duplicate", plain(fmt.Sprintf("it is the same as rule %d", u.By[0]+1)), l.edit(at, "", "remove", remove))
		return
	}
	reason := func(n Names) string {
		return fmt.Sprintf("it never %s anything, because %s before it match%s all that it matches", never, quoted(list, u.By, n), verbEnd(u.By))
	}
	allow := slices.IndexFunc(u.By, func(i int) bool { return list[i].Rule.Action == rules.Allow })
	other := slices.ContainsFunc(u.By, func(i int) bool { return list[i].Rule.Action != at.rule.Action })
	switch {
	case at.rule.Action == rules.Deny && allow >= 0:
		to := u.By[allow] + 1
		l.add(at, Error, "deny-defeated", reason,
			l.edit(at, fmt.Sprintf("move it before rule %d: ", to), "move", fmt.Sprintf("--from=%d --to=%d", at.position, to)))
	case other:
		l.add(at, Warning, "shadowed", reason, l.edit(at, fmt.Sprintf("move it before rule %d, or remove it: ", u.By[0]+1), "remove", remove))
	default:
		l.add(at, Warning, "shadowed", reason, l.edit(at, "", "remove", remove))
	}
}

// verbEnd returns the ending of a verb whose subject is a list of rules.
func verbEnd(list []int) string {
	if len(list) == 1 {
		return "es"
	}
	return ""
}

// quoted lists rules by position and text.
func quoted(list []rules.Stored, indexes []int, names Names) string {
	const most = 4
	var parts []string
	for _, i := range indexes[:min(most, len(indexes))] {
		parts = append(parts, fmt.Sprintf("rule %d (%s)", i+1, brief.Cell(rules.Format(list[i].Rule.MapTags(names.Name)))))
	}
	if more := len(indexes) - most; more > 0 {
		parts = append(parts, fmt.Sprintf("%d more", more))
	}
	last := len(parts) - 1
	if last == 0 {
		return parts[0]
	}
	return strings.Join(parts[:last], ", ") + " and " + parts[last]
}
