package torture

import "slices"

// next is the plain model: it returns what a profile says after an operation,
// or why the operation changes nothing. What a position means is decided by
// what the operation saw at first.
func (b *Book) next(o *Op, now *State) (*State, Refusal) {
	switch o.Kind {
	case AddTag, RemoveTag:
		return b.nextTags(o, now)
	case Update:
		return b.withLists(now, [2][]string{b.keepForms(now.Lists[0], o.Lists[0]), b.keepForms(now.Lists[1], o.Lists[1])}), NoRefusal
	case Read:
		return now, NoRefusal
	}
	list, refusal := b.nextList(o, now.Lists[o.List])
	if refusal != NoRefusal {
		return now, refusal
	}
	lists := now.Lists
	lists[o.List] = list
	return b.withLists(now, lists), NoRefusal
}

func (b *Book) withLists(now *State, lists [2][]string) *State {
	return b.state(State{Lists: lists, Tags: now.Tags, Frame: now.Frame})
}

func (b *Book) nextTags(o *Op, now *State) (*State, Refusal) {
	tags := slices.DeleteFunc(slices.Clone(now.Tags), func(tag string) bool { return tag == o.Tag })
	switch {
	case o.Kind == AddTag:
		tags = append(tags, o.Tag)
	case len(tags) == len(now.Tags):
		return now, Absent
	}
	return b.state(State{Lists: now.Lists, Tags: tags, Frame: now.Frame}), NoRefusal
}

func (b *Book) nextList(o *Op, now []string) ([]string, Refusal) {
	equal := func(rule string) bool { return b.equal(rule, o.Rule) }
	switch o.Kind {
	case Add:
		if slices.ContainsFunc(now, equal) {
			return nil, Present
		}
		return append(slices.Clip(now), o.Rule), NoRefusal
	case Remove:
		rest := slices.DeleteFunc(slices.Clone(now), equal)
		if len(rest) == len(now) {
			return nil, Absent
		}
		return rest, NoRefusal
	case Insert:
		if slices.ContainsFunc(now, equal) {
			return nil, Present
		}
		at, refusal := place(o.seen(), now, o.At)
		if refusal != NoRefusal {
			return nil, refusal
		}
		return slices.Insert(slices.Clone(now), at, o.Rule), NoRefusal
	case RemoveAt:
		return b.removeAt(o, now)
	}
	return move(o, now)
}

// seen returns the list as the operation saw it at first.
func (o *Op) seen() []string {
	if o.First.State == nil {
		return nil
	}
	return o.First.State.Lists[o.List]
}

// place returns where, in what is there now, a rule stands that is inserted at
// a position of what was seen: between the same two rules. Where there are
// several such pairs, only what stands before tells which one is meant.
func place(seen, now []string, position int) (at int, refusal Refusal) {
	if position < 1 || position > len(seen)+1 {
		return 0, NoPosition
	}
	var places []int
	for i := range len(now) + 1 {
		if ruleAt(now, i) == ruleAt(seen, position-1) && ruleAt(now, i+1) == ruleAt(seen, position) {
			places = append(places, i)
		}
	}
	before := seen[:position-1]
	switch {
	case slices.Contains(places, len(before)) && slices.Equal(now[:len(before)], before):
		return len(before), NoRefusal
	case len(places) == 1:
		return places[0], NoRefusal
	}
	return 0, Moved
}

// ruleAt returns the rule at a position, from 1, or what stands for the two
// ends of the list.
func ruleAt(list []string, position int) string {
	switch {
	case position < 1:
		return "the beginning"
	case position > len(list):
		return "the end"
	}
	return list[position-1]
}

// removeAt removes the very rule that was seen. Rules with the same bytes cannot
// be told from each other, so all of them must be where they were.
func (b *Book) removeAt(o *Op, now []string) ([]string, Refusal) {
	seen := o.seen()
	if o.At < 1 || o.At > len(seen) {
		return nil, NoPosition
	}
	rule := seen[o.At-1]
	if o.Rule != "" && !b.equal(rule, o.Rule) {
		return nil, OtherRule
	}
	if !slices.Equal(positions(now, rule), positions(seen, rule)) {
		return nil, Moved
	}
	return slices.Delete(slices.Clone(now), o.At-1, o.At), NoRefusal
}

func positions(list []string, rule string) []int {
	var found []int
	for i, other := range list {
		if other == rule {
			found = append(found, i)
		}
	}
	return found
}

// move moves a rule only in the very list that was seen.
func move(o *Op, now []string) ([]string, Refusal) {
	seen := o.seen()
	switch {
	case min(o.At, o.To) < 1 || max(o.At, o.To) > len(seen):
		return nil, NoPosition
	case !slices.Equal(now, seen):
		return nil, Moved
	}
	rest := slices.Delete(slices.Clone(now), o.At-1, o.At)
	return slices.Insert(rest, o.To-1, now[o.At-1]), NoRefusal
}

// keepForms returns a list of rules in which each that equals one of the list
// before it has the bytes of that one.
func (b *Book) keepForms(before, list []string) []string {
	left := map[string][]string{}
	for _, rule := range before {
		left[b.form(rule)] = append(left[b.form(rule)], rule)
	}
	out := slices.Clone(list)
	for i, rule := range list {
		if stored := left[b.form(rule)]; len(stored) > 0 {
			out[i], left[b.form(rule)] = stored[0], stored[1:]
		}
	}
	return out
}
