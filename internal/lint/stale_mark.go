package lint

import (
	"fmt"
	"slices"

	"github.com/calicoctl/calicoctl/internal/printable"
	"github.com/calicoctl/calicoctl/pkg/profile"
	"github.com/calicoctl/calicoctl/pkg/resource"
	"github.com/calicoctl/calicoctl/pkg/rules"
)

// A passRule is the first pass rule of a profile in one direction.
type passRule struct {
	place    place
	last     bool // no rule is after it
	reported bool
}

func directions() [2]rules.Direction { return [2]rules.Direction{rules.Inbound, rules.Outbound} }

// notePasses remembers the pass rules of a profile that Felix reads.
func (l *Linter) notePasses(p *profile.Profile) {
	for i, d := range directions() {
		list := *p.Rules(d)
		at := slices.IndexFunc(list, func(s rules.Stored) bool { return s.Rule.Action == rules.Pass })
		if at >= 0 {
			first := &passRule{place: place{id: p.ID, direction: d, position: at + 1, rule: list[at].Rule}, last: at == len(list)-1}
			l.passes[i][p.ID] = first
		}
	}
}

// checkPasses finds the rules at which packets leave a profile of an endpoint without a
// match: Felix marks a packet that passes and does not remove the mark, so that it leaves
// each later profile at its first pass rule.
func (l *Linter) checkPasses(e resource.Endpoint) {
	for i := range l.passes {
		passing := "" // the first profile that has a pass rule
		for _, id := range e.Profiles {
			rule := l.passes[i][id]
			if rule == nil || passing == id {
				continue
			}
			if passing != "" && !rule.last && !rule.reported && l.isSelected(id) {
				rule.reported = true
				l.addStalePass(rule.place, passing, e)
			}
			if passing == "" {
				passing = id
			}
		}
	}
}

func (l *Linter) addStalePass(at place, earlier string, e resource.Endpoint) {
	l.add(at, Warning, "stale-pass", func(n Names) string {
		return fmt.Sprintf("%s has the profile %s before this one: what a rule of that one passes leaves this profile here, "+
			"whether this rule matches or not, because Felix keeps its mark", e, printable.Text(n.Name(earlier)))
	}, plain("give the endpoint at most one profile with pass rules, or move this rule to the end"))
}
