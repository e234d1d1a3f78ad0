package main

import (
	"fmt"
	"slices"
	"strings"

	"github.com/calicoctl/calicoctl/internal/brief"
	"github.com/calicoctl/calicoctl/internal/printable"
	"github.com/calicoctl/calicoctl/pkg/resolve"
	"github.com/calicoctl/calicoctl/pkg/rules"
	"github.com/calicoctl/calicoctl/pkg/store"
)

func (l *linter) add(f lintFinding) { l.found = append(l.found, f) }

func (l *linter) addDamaged(id string, why *store.DamagedError) {
	if !l.asked(id) {
		return
	}
	l.add(lintFinding{ID: id}.damaged("damaged-profile", why))
}

// judgeProfile finds what is wrong in a profile by itself.
func (l *linter) judgeProfile(p *store.Profile) {
	for _, why := range p.NameTrouble() {
		l.add(lintFinding{ID: p.ID}.say(levelError, "refused-name", why, "correct the document with the tool that wrote it, or with etcdctl"))
	}
	for _, d := range []rules.Direction{rules.Inbound, rules.Outbound} {
		l.judgeRules(p, d)
	}
	if p.Layout == store.V1 {
		l.add(lintFinding{ID: p.ID}.say(levelWarning, "not-enforced",
			"it is in the layout of calicoctl 0.x, which no Felix reads", store.MigrateCommand(p.ID)))
		return
	}
	l.judgeExposed(p)
	if l.session.networks != nil && resolve.IsID(p.ID) && l.session.networkName(p.ID) == "" {
		l.add(lintFinding{ID: p.ID}.tell(levelWarning, "unknown-network",
			sayText("Docker on this host has no network with this ID"),
			command(p.ID, "if it is no network of another host, where alone its local networks are known: calicoctl profile remove %s")))
	}
}

func sayText(text string) func(shownNames) string { return func(shownNames) string { return text } }

// command returns advice with the name of a profile put in.
func command(id, form string) func(shownNames) string {
	return func(names shownNames) string { return fmt.Sprintf(form, printable.Text(names.name(id))) }
}

// at returns advice to do something with a rule.
func (l *linter) at(f lintFinding, why, verb, more string) func(shownNames) string {
	edit := command(f.ID, fmt.Sprintf("%scalicoctl profile %%s rule %s %s %s", why, verb, f.Direction, more))
	return func(names shownNames) string {
		switch {
		case store.IsMaintained(f.ID):
			return "Kubernetes' controllers maintain this profile; change it there"
		case !l.v3[f.ID]:
			return "once it is migrated, " + edit(names)
		}
		return edit(names)
	}
}

func (l *linter) judgeRules(p *store.Profile, d rules.Direction) {
	list := *p.Rules(d)
	for i, r := range list {
		f := place(p.ID, d, i, r.Rule)
		for _, why := range r.Trouble() {
			l.add(f.tell(levelError, "refused-rule", sayText("Felix refuses it, and drops all traffic of the profile: "+why),
				l.at(f, "remove it, or say it otherwise with rule replace: ", "remove", fmt.Sprintf("--at=%d", i+1))))
		}
		if p.Layout == store.V3 {
			l.noteTags(f)
		}
	}
	dead, unknown := rules.FindDead(list)
	for _, x := range dead {
		l.addDead(place(p.ID, d, x.Index, list[x.Index].Rule), x, list)
	}
	if len(unknown) > 0 {
		first, which := unknown[0], "this rule"
		if more := len(unknown) - 1; more > 0 {
			which = fmt.Sprintf("this rule or one of %d behind it", more)
		}
		l.add(place(p.ID, d, first, list[first].Rule).say(levelInfo, "unchecked",
			"it would take too long to find out whether "+which+" can ever decide", "a shorter list can be checked"))
	}
}

// addDead says why a rule never decides.
func (l *linter) addDead(f lintFinding, x rules.Dead, list []rules.Stored) {
	remove := fmt.Sprintf("--at=%d", f.Position)
	never := map[rules.Action]string{rules.Allow: "allows", rules.Deny: "denies", rules.Log: "logs", rules.Pass: "passes"}[f.stored.Action]
	switch {
	case len(x.By) == 0:
		l.add(f.tell(levelWarning, "fits-nothing", sayText("no packet can fit all of its criteria, so it never "+never+" anything"),
			l.at(f, "remove it, or say what was meant with rule replace: ", "remove", remove)))
		return
	case x.Same:
		l.add(f.tell(levelWarning, "duplicate", sayText(fmt.Sprintf("it is the same as rule %d", x.By[0]+1)), l.at(f, "", "remove", remove)))
		return
	}
	behind := func(names shownNames) string {
		return fmt.Sprintf("it never %s anything, because %s in front decide%s all that it fits", never, named(list, x.By, names), plural(x.By))
	}
	defeats := slices.IndexFunc(x.By, func(i int) bool { return list[i].Rule.Action == rules.Allow })
	otherwise := slices.ContainsFunc(x.By, func(i int) bool { return list[i].Rule.Action != f.stored.Action })
	switch {
	case f.stored.Action == rules.Deny && defeats >= 0:
		to := x.By[defeats] + 1
		l.add(f.tell(levelError, "deny-defeated", behind, l.at(f, "move it in front: ", "move", fmt.Sprintf("--from=%d --to=%d", f.Position, to))))
	case otherwise:
		l.add(f.tell(levelWarning, "shadowed", behind, l.at(f, fmt.Sprintf("move it in front of rule %d, or remove it: ", x.By[0]+1), "remove", remove)))
	default:
		l.add(f.tell(levelWarning, "shadowed", behind, l.at(f, "", "remove", remove)))
	}
}

func plural(list []int) string {
	if len(list) == 1 {
		return "s"
	}
	return ""
}

// named lists rules by position and text.
func named(list []rules.Stored, indexes []int, names shownNames) string {
	const most = 4
	var parts []string
	for _, i := range indexes[:min(most, len(indexes))] {
		parts = append(parts, fmt.Sprintf("rule %d (%s)", i+1, brief.Cell(rules.Format(list[i].Rule.MapTags(names.name)))))
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
