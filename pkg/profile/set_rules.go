package profile

import (
	"github.com/calicoctl/calicoctl/internal/linediff"
	"github.com/calicoctl/calicoctl/pkg/rules"
)

// SetRules replaces a list of rules. A rule that has the same text as
// one of the list as it was keeps the stored bytes of that one: of the one that
// stands at its place among its neighbours, or else of an equal one. The error
// is a *rules.UnsupportedError for a rule with unsupported fields, unless it
// was in the list.
func SetRules(p *Profile, d rules.Direction, now []rules.Rule) error {
	old := *p.Rules(d)
	m := newMatching(old, now)
	list := make([]rules.Stored, len(now))
	for i, r := range now {
		if from := m.from[i]; from >= 0 {
			list[i] = old[from]
			continue
		}
		var err error
		if list[i], err = rules.EncodeV3(r); err != nil {
			return err
		}
	}
	*p.Rules(d) = list
	return nil
}

// A matching says which stored rule each rule of a new list is.
type matching struct {
	old, now []identity
	from     []int // for each new rule, the index of the stored one, or -1
	used     []bool
}

// An identity is what tells rules apart: a number that equal ones have, and one
// that those have which are shown alike. A rule that is said with "x == ”" is
// that one alone; one that is said with a tag may be stored in either form.
type identity struct {
	exact, shown int
	emptyValue   bool
}

func newMatching(old []rules.Stored, now []rules.Rule) *matching {
	m := &matching{from: make([]int, len(now)), used: make([]bool, len(old))}
	numbers := map[string]int{}
	for _, s := range old {
		m.old = append(m.old, identify(s.Rule, numbers))
	}
	for i, r := range now {
		m.now = append(m.now, identify(r, numbers))
		m.from[i] = -1
	}
	m.inPlace()
	m.elsewhere(func(id identity) int { return id.exact })
	m.elsewhere(func(id identity) int { return id.shown })
	return m
}

// identify gives each new text the next number.
func identify(r rules.Rule, numbers map[string]int) identity {
	number := func() int {
		key := rules.Key(r)
		if _, known := numbers[key]; !known {
			numbers[key] = len(numbers)
		}
		return numbers[key]
	}
	id := identity{exact: number()}
	for _, t := range []*rules.Tag{&r.From.Tag, &r.From.NotTag, &r.To.Tag, &r.To.NotTag} {
		id.emptyValue = id.emptyValue || t.EmptyValue
		t.EmptyValue = false
	}
	id.shown = number()
	return id
}

// may reports whether a stored rule may be what was said.
func (m *matching) may(old, now int) bool {
	return m.old[old].shown == m.now[now].shown && (!m.now[now].emptyValue || m.old[old].exact == m.now[now].exact)
}

// inPlace matches as many rules as it can in the order in which they stand. Where
// several may be meant, the equal one is.
func (m *matching) inPlace() {
	const shown, equal = 1 << 12, 1<<12 + 1 // as many as can be aligned stay below one more
	for _, l := range linediff.Align(len(m.old), len(m.now), equal, func(i, j int) int32 {
		switch {
		case !m.may(i, j):
			return 0
		case m.old[i].exact == m.now[j].exact:
			return equal
		}
		return shown
	}) {
		if l.Old > 0 && l.New > 0 {
			m.keep(l.Old-1, l.New-1)
		}
	}
}

// elsewhere matches the rest with what is left, wherever it stands.
func (m *matching) elsewhere(key func(identity) int) {
	left := map[int][]int{}
	for i, id := range m.old {
		if !m.used[i] {
			left[key(id)] = append(left[key(id)], i)
		}
	}
	for j, id := range m.now {
		alike := left[key(id)]
		if m.from[j] < 0 && len(alike) > 0 && m.may(alike[0], j) {
			m.keep(alike[0], j)
			left[key(id)] = alike[1:]
		}
	}
}

func (m *matching) keep(old, now int) { m.from[now], m.used[old] = old, true }
