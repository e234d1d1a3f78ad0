package main

import (
	"slices"
	"strconv"
	"strings"
)

// A modelRule is a rule with all that the test must know of it: what is typed,
// what is shown, and what makes two rules the same.
type modelRule struct {
	words []string
	text  string
	same  string         // equal for equal rules
	json  map[string]any // as in a rules document
}

// rule returns a random rule out of few, so that equal ones meet.
func (m *model) rule() modelRule {
	r := modelRule{json: map[string]any{}}
	text, same := []string{}, []string{}
	say := func(canonical string, typed ...string) {
		r.words = append(r.words, typed...)
		text, same = append(text, canonical), append(same, canonical)
	}
	action := pick(m, "allow", "allow", "deny", "log", "pass")
	r.json["action"] = action
	switch {
	case action == "pass":
		r.json["action"] = "next-tier"
		say("pass", pick(m, "pass", "next-tier"))
	default:
		say(action, action)
	}
	protocol := pick(m, "", "tcp", "udp", "icmp")
	if protocol != "" {
		r.json["protocol"] = protocol
		say(protocol, pick(m, protocol, strings.ToUpper(protocol)))
	}
	if protocol == "icmp" && m.random.IntN(2) == 0 {
		r.json["icmp_type"] = 8.0
		say("type 8", "type", "8")
	}
	switch tag := pick(m, append(m.names, "to")...); m.random.IntN(5) {
	case 0:
		r.json["src_tag"] = tag
		say("from tag "+quoteReserved(tag), "from", "tag", quoteReserved(tag))
	case 1:
		r.json["!src_tag"] = tag
		say("from not tag "+quoteReserved(tag), append([]string{"from"}, pick(m, []string{"not", "tag"}, []string{"!tag"})...)...)
		r.words = append(r.words, quoteReserved(tag))
	case 2:
		r.json["src_net"] = "10.0.0.0/8"
		say("from cidr 10.0.0.0/8", append([]string{"from"},
			pick(m, []string{"10.0.0.0/8"}, []string{"cidr", "10.0.0.0/8"}, []string{"cidr", "10.1.2.3/8"})...)...)
	case 3:
		r.json["src_selector"] = "role == 'db'"
		say(`from selector "role == 'db'"`, "from", "selector", "role == 'db'")
	}
	if (protocol == "tcp" || protocol == "udp") && m.random.IntN(2) == 0 {
		ports := pick(m, []string{"80"}, []string{"80", "443"}, []string{"443", "80"}, []string{"1000:2000", "80"})
		say("to ports "+strings.Join(ports, ","), "to", "ports", strings.Replace(strings.Join(ports, ","), ":", pick(m, ":", "-"), 1))
		r.json["dst_ports"] = portValues(ports)
		sorted := slices.Sorted(slices.Values(ports))
		same[len(same)-1] = "to ports " + strings.Join(sorted, ",")
	}
	r.text, r.same = strings.Join(text, " "), strings.Join(same, " ")
	return r
}

// quoteReserved writes a tag that is a word of the language in quotes.
func quoteReserved(tag string) string {
	if tag == "to" {
		return `"to"`
	}
	return tag
}

func portValues(ports []string) []any {
	values := make([]any, len(ports))
	for i, p := range ports {
		values[i] = p
		if n, err := strconv.ParseFloat(p, 64); err == nil {
			values[i] = n
		}
	}
	return values
}

// positions returns where in a list equal rules stand, from 1.
func positionsOf(list []modelRule, r modelRule) []int {
	var found []int
	for i := range list {
		if list[i].same == r.same {
			found = append(found, i+1)
		}
	}
	return found
}

func (m *model) ruleCommand(name, verb, direction string, words ...string) []string {
	return append([]string{"profile", name, "rule", verb, direction}, words...)
}

const skipping = "Rule already present, skipping.\n"

func (m *model) addRule(name, direction string) {
	r := m.rule()
	args := m.ruleCommand(name, "add", direction, r.words...)
	p := m.profiles[name]
	switch {
	case p == nil:
		m.expect(refused, "", args...)
	case len(positionsOf(p.lists[direction], r)) > 0:
		m.expect(answer{stdout: skipping}, "", args...)
	default:
		p.lists[direction] = append(p.lists[direction], r)
		m.expect(answer{}, "", args...)
	}
}

func (m *model) insertRule(name, direction string) {
	r, p := m.rule(), m.profiles[name]
	var list []modelRule
	if p != nil {
		list = p.lists[direction]
	}
	at := m.random.IntN(len(list) + 3)
	if len(list) > 0 && m.random.IntN(6) == 0 {
		at = 1 + m.random.IntN(len(list))
		r.same, r.text, r.json, r.words = list[at-1].same, list[at-1].text, list[at-1].json, m.retype(list[at-1])
	}
	args := m.ruleCommand(name, "add", direction, append([]string{"--at=" + strconv.Itoa(at)}, r.words...)...)
	there := positionsOf(list, r)
	switch {
	case at == 0:
		m.expect(answer{code: 2}, "", args...)
	case p == nil:
		m.expect(refused, "", args...)
	case slices.Contains(there, at):
		m.expect(answer{stdout: skipping}, "", args...)
	case len(there) > 0, at > len(list)+1:
		m.expect(refused, "", args...)
	default:
		p.lists[direction] = slices.Insert(slices.Clone(list), at-1, r)
		m.expect(answer{}, "", args...)
	}
}

// retype returns the words of a rule of the model, which the default rules have
// none of.
func (m *model) retype(r modelRule) []string {
	if r.words == nil {
		return strings.Fields(r.text)
	}
	return r.words
}

func (m *model) removeRule(name, direction string) {
	r, p := m.rule(), m.profiles[name]
	if p != nil && len(p.lists[direction]) > 0 && m.random.IntN(3) > 0 {
		r = pick(m, p.lists[direction]...)
	}
	args := m.ruleCommand(name, "remove", direction, m.retype(r)...)
	if p == nil || len(positionsOf(p.lists[direction], r)) == 0 {
		m.expect(refused, "", args...)
		return
	}
	p.lists[direction] = slices.DeleteFunc(slices.Clone(p.lists[direction]), func(other modelRule) bool { return other.same == r.same })
	m.expect(answer{}, "", args...)
}

func (m *model) removeAt(name, direction string) {
	p := m.profiles[name]
	var list []modelRule
	if p != nil {
		list = p.lists[direction]
	}
	at := m.random.IntN(len(list) + 2)
	args := m.ruleCommand(name, "remove", direction, "--at="+strconv.Itoa(at))
	fits := at >= 1 && at <= len(list)
	if m.random.IntN(2) == 0 { // only if it is that rule
		only := m.rule()
		if len(list) > 0 {
			only = pick(m, list...)
		}
		args = append(args, m.retype(only)...)
		fits = fits && list[at-1].same == only.same
	}
	switch {
	case at == 0:
		m.expect(answer{code: 2}, "", args...)
	case !fits:
		m.expect(refused, "", args...)
	default:
		p.lists[direction] = slices.Delete(slices.Clone(list), at-1, at)
		m.expect(answer{}, "", args...)
	}
}
