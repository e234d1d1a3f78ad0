package main

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// These are the commands of a model that work on whole listings, or move and
// replace what stands in them.

func (m *model) moveRule(name, direction string) {
	p := m.profiles[name]
	var list []modelRule
	if p != nil {
		list = p.lists[direction]
	}
	from, to := 1+m.random.IntN(len(list)+1), 1+m.random.IntN(len(list)+1)
	args := m.ruleCommand(name, "move", direction, fmt.Sprintf("--from=%d", from), fmt.Sprintf("--to=%d", to))
	if p == nil || from > len(list) || to > len(list) {
		m.expect(refused, "", args...)
		return
	}
	moved := list[from-1]
	p.lists[direction] = slices.Insert(slices.Delete(slices.Clone(list), from-1, from), to-1, moved)
	m.expect(answer{}, "", args...)
}

func (m *model) replaceRule(name, direction string) {
	r, p := m.rule(), m.profiles[name]
	var list []modelRule
	if p != nil {
		list = p.lists[direction]
	}
	at := 1 + m.random.IntN(len(list)+1)
	if len(list) > 0 && m.random.IntN(4) == 0 {
		r = pick(m, list...)
		r.words = m.retype(r)
	}
	args := m.ruleCommand(name, "replace", direction, append([]string{"--at=" + strconv.Itoa(at)}, r.words...)...)
	there := positionsOf(list, r)
	switch {
	case p == nil, at > len(list):
		m.expect(refused, "", args...)
	case slices.Contains(there, at):
		m.expect(answer{stdout: skipping}, "", args...)
	case len(there) > 0:
		m.expect(refused, "", args...)
	default:
		list = slices.Clone(list)
		list[at-1] = r
		p.lists[direction] = list
		m.expect(answer{}, "", args...)
	}
}

// apply makes the rules those of a listing: some of those that are there, in any
// order, and others. The difference that it prints is checked elsewhere.
func (m *model) apply(name string) {
	p := m.profiles[name]
	now := map[string][]modelRule{}
	for _, direction := range []string{"inbound", "outbound"} {
		for range m.random.IntN(3) {
			now[direction] = append(now[direction], m.rule())
		}
		if p == nil {
			continue
		}
		for _, r := range p.lists[direction] {
			if m.random.IntN(3) > 0 {
				now[direction] = slices.Insert(now[direction], m.random.IntN(len(now[direction])+1), r)
			}
		}
	}
	for direction, list := range now {
		alike(p, direction, list)
	}
	text := listingOf(now)
	args := []string{"profile", name, "rule", "apply", "--force", "-f", "-"}
	if p == nil {
		m.expect(refused, text, args...)
		return
	}
	for _, direction := range []string{"inbound", "outbound"} {
		p.lists[direction] = keepStored(p.lists[direction], now[direction])
	}
	m.expect(answer{anything: true}, text, args...)
}

// alike gives equal rules of a list, of which there are several, the same text, so
// that it does not matter which of them is which.
func alike(p *modelProfile, direction string, list []modelRule) {
	for i, r := range list {
		at := positionsOf(list, r)
		if len(at) < 2 {
			continue
		}
		one := list[at[0]-1]
		if p != nil {
			if stored := positionsOf(p.lists[direction], r); len(stored) > 0 {
				one = p.lists[direction][stored[0]-1]
			}
		}
		list[i].text, list[i].json = one.text, one.json
	}
}

// listingOf returns rules as a listing, without numbers.
func listingOf(lists map[string][]modelRule) string {
	var text strings.Builder
	for _, direction := range []string{"inbound", "outbound"} {
		text.WriteString(strings.ToUpper(direction[:1]) + direction[1:] + " rules:\n")
		for _, r := range lists[direction] {
			text.WriteString(r.text + "\n")
		}
	}
	return text.String()
}

// dryRun does what changes nothing: an edit that is only shown, and a profile that
// is exported and applied.
func (m *model) dryRun(name string) {
	if m.profiles[name] == nil {
		m.expect(refused, "", "profile", "export", name)
		m.expect(refused, "", "profile", "remove", name, "--dry-run")
		return
	}
	m.expect(answer{anything: true}, "", "profile", "remove", name, "--dry-run")
	m.expect(answer{anything: true}, listingOf(nil), "profile", name, "rule", "apply", "--force", "--dry-run", "-f", "-")
	m.expect(answer{anything: true}, "", "profile", "export", name)
	m.expect(answer{stdout: "Nothing to do.\n"}, m.printed, "profile", "apply", "-f", "-")
}
