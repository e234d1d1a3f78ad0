package torture

import "maps"

// A tell makes up a history, in which these kinds of anomalies are to be found.
type tell struct {
	tell func(*tale)
	want []Fail
}

func tales() map[string]tell {
	all := map[string]tell{}
	for _, some := range []map[string]tell{
		goodTales(), lateTales(), lostTales(), effectTales(), reportTales(), unknownTales(), deniedTales(),
		readTales(), staleTales(), refusalTales(),
	} {
		maps.Copy(all, some)
	}
	return all
}

func goodTales() map[string]tell {
	return map[string]tell{
		"nothing happened": {func(s *tale) { s.version(2, "A") }, nil},
		"one after the other": {func(s *tale) {
			s.version(2, "A|web")
			s.version(3, "A B|web")
			s.version(5, "X A B|web")
			s.version(6, "X B|web")
			s.version(7, "B X|web")
			s.version(9, "B X|")
			s.version(10, "X|red")
			s.op(0, 1, Op{Kind: Add, Rule: "B", Outcome: Done, Revision: 3}, 2)
			s.op(2, 3, Op{Kind: Read, Outcome: Done}, 4)
			s.op(4, 5, Op{Kind: Insert, At: 1, Rule: "X", Outcome: Done, Revision: 5}, 4)
			s.op(6, 7, Op{Kind: RemoveAt, At: 2, Rule: "A", Outcome: Done, Revision: 6}, 5)
			s.op(8, 9, Op{Kind: Move, At: 1, To: 2, Outcome: Done, Revision: 7}, 6)
			s.op(8, 9, Op{Kind: RemoveTag, Tag: "web", Outcome: Done, Revision: 9}, 6, 8)
			s.op(10, 11, Op{Kind: AddTag, Tag: "web", Outcome: Unreachable}, 9)
			s.Versions = s.Versions[:6]
			s.op(12, 13, Op{Kind: Remove, Rule: "A", Outcome: Refused, Refusal: Absent}, 9)
		}, nil},
	}
}

// lateTales are of operations that others came before.
func lateTales() map[string]tell {
	return map[string]tell{
		"after lost races": {func(s *tale) {
			s.version(2, "A B C")
			s.version(3, "Z A B C")
			s.version(4, "Z A new B C")
			s.version(5, "Z A new B")
			s.op(0, 9, Op{Kind: Insert, At: 1, Rule: "Z", Outcome: Done, Revision: 3}, 2)
			s.op(0, 9, Op{Kind: Insert, At: 2, Rule: "new", Outcome: Done, Revision: 4}, 2, 3)
			s.op(0, 9, Op{Kind: RemoveAt, At: 3, Outcome: Refused, Refusal: Moved}, 2, 3)
			s.op(1, 8, Op{Kind: Remove, Rule: "C", Outcome: Done, Revision: 5}, 3, 4)
			s.op(0, 9, Op{Kind: Update, Outcome: Conflict}, 2, 3)
			s.op(0, 9, Op{Kind: Add, Rule: "D", IfRevision: 2, Outcome: Conflict}, 3)
			s.op(0, 9, Op{Kind: Read, Outcome: Done}, 2)
		}, nil},
		"locked": {func(s *tale) {
			s.version(2, "A")
			s.version(5, "A B")
			s.Locks = []LockChange{{3, true}, {4, false}}
			s.op(0, 1, Op{Kind: Add, Rule: "B", Outcome: Locked}, 3)
			s.op(2, 3, Op{Kind: Add, Rule: "B", Outcome: Done, Revision: 5}, 4)
		}, nil},
	}
}

// lostTales are about changes that were written over.
func lostTales() map[string]tell {
	return map[string]tell{
		"a lost update": {func(s *tale) {
			s.version(2, "A")
			s.version(3, "A B")
			s.version(4, "A C")
			s.op(0, 9, Op{Kind: Add, Rule: "B", Outcome: Done, Revision: 3}, 2)
			s.op(0, 9, Op{Kind: Add, Rule: "C", Outcome: Done, Revision: 4}, 2)
		}, []Fail{Lost, NotLinear}},
		"an update over what it had not seen at first": {func(s *tale) {
			s.version(2, "A")
			s.version(3, "A B")
			s.version(4, "C")
			s.op(0, 9, Op{Kind: Add, Rule: "B", Outcome: Done, Revision: 3}, 2)
			s.op(0, 9, Op{Kind: Update, Lists: [2][]string{{letter("C")}}, Outcome: Done, Revision: 4}, 2, 3)
		}, []Fail{Lost}},
	}
}

// effectTales are about effects that are not the operation's.
func effectTales() map[string]tell {
	return map[string]tell{
		"an insert at its old position": {func(s *tale) {
			s.version(2, "A B")
			s.version(3, "Z A B")
			s.version(4, "Z new A B")
			s.op(0, 9, Op{Kind: Insert, At: 1, Rule: "Z", Outcome: Done, Revision: 3}, 2)
			s.op(0, 9, Op{Kind: Insert, At: 2, Rule: "new", Outcome: Done, Revision: 4}, 2, 3)
		}, []Fail{WrongEffect, NotLinear}},
		"another rule removed": {func(s *tale) {
			s.version(2, "A B")
			s.version(3, "Z A B")
			s.version(4, "A B")
			s.op(0, 9, Op{Kind: Insert, At: 1, Rule: "Z", Outcome: Done, Revision: 3}, 2)
			s.op(0, 9, Op{Kind: RemoveAt, At: 1, Outcome: Done, Revision: 4}, 2, 3)
		}, []Fail{WrongEffect, NotLinear}},
		"a tag vanishes with a rule": {func(s *tale) {
			s.version(2, "A B|web")
			s.version(3, "A")
			s.op(0, 1, Op{Kind: Remove, Rule: "B", Outcome: Done, Revision: 3}, 2)
		}, []Fail{WrongEffect, NotLinear}},
		"a rule is added twice": {func(s *tale) {
			s.version(2, "A")
			s.version(3, "A A")
			s.op(0, 1, Op{Kind: Add, Rule: "A", Outcome: Done, Revision: 3}, 2)
		}, []Fail{WrongEffect, NotLinear}},
		"not all equal rules removed": {func(s *tale) {
			s.version(2, "A B A")
			s.version(3, "B A")
			s.op(0, 1, Op{Kind: Remove, Rule: "A", Outcome: Done, Revision: 3}, 2)
		}, []Fail{WrongEffect, NotLinear}},
		"at another revision than was asked for": {func(s *tale) {
			s.version(2, "A")
			s.version(3, "A B")
			s.op(0, 1, Op{Kind: Add, Rule: "B", IfRevision: 1, Outcome: Done, Revision: 3}, 2)
		}, []Fail{WrongEffect}},
	}
}

// reportTales are about what was reported.
func reportTales() map[string]tell {
	return map[string]tell{
		"something else is reported": {func(s *tale) {
			s.version(2, "A")
			s.version(3, "A B")
			s.op(0, 1, Op{Kind: Add, Rule: "B", Outcome: Done, Revision: 3, After: s.state("A B C")}, 2)
		}, []Fail{WrongReport, NotLinear}},
		"done and not there": {func(s *tale) {
			s.version(2, "A")
			s.op(0, 1, Op{Kind: Add, Rule: "B", Outcome: Done, Revision: 3, After: s.state("A B")}, 2)
		}, []Fail{NotThere, NotLinear}},
		"done by two": {func(s *tale) {
			s.version(2, "A")
			s.version(3, "A B")
			s.op(0, 1, Op{Kind: Add, Rule: "B", Unique: true, Outcome: Done, Revision: 3}, 2)
			s.op(0, 1, Op{Kind: Add, Rule: "B", Unique: true, Outcome: Done, Revision: 3}, 2)
		}, []Fail{TwoClaims, NotLinear}},
		"done twice": {func(s *tale) {
			s.version(2, "A")
			s.version(3, "A B")
			s.version(4, "A")
			s.version(5, "A B")
			s.op(0, 1, Op{Kind: Add, Rule: "B", Unique: true, Outcome: Done, Revision: 3}, 2)
			s.op(0, 1, Op{Kind: RemoveAt, At: 2, Outcome: Done, Revision: 4}, 3)
			s.op(2, 3, Op{Kind: Read, Outcome: Done}, 5)
		}, []Fail{Twice, NotLinear}},
		"nobody's": {func(s *tale) {
			s.version(2, "A")
			s.version(3, "A B")
			s.op(0, 1, Op{Kind: Add, Rule: "C", Outcome: Unreachable}, 2)
		}, []Fail{Nobodys}},
		"while the datastore was locked": {func(s *tale) {
			s.version(2, "A")
			s.version(4, "A B")
			s.Locks = []LockChange{{3, true}}
			s.op(0, 1, Op{Kind: Add, Rule: "B", Outcome: Done, Revision: 4}, 2)
		}, []Fail{WhileLocked}},
	}
}

// unknownTales are about what was perhaps saved.
func unknownTales() map[string]tell {
	return map[string]tell{
		"unknown and saved twice": {func(s *tale) {
			s.version(2, "A")
			s.version(3, "A B")
			s.version(4, "A")
			s.version(5, "A B")
			s.op(0, 9, Op{Kind: Add, Rule: "B", Unique: true, Outcome: Unknown}, 2)
			s.op(0, 9, Op{Kind: RemoveAt, At: 2, Outcome: Done, Revision: 4}, 3)
		}, []Fail{Twice}},
		"unknown, and saved over what it had not seen": {func(s *tale) {
			s.version(2, "A")
			s.version(3, "A B")
			s.version(4, "A C")
			s.op(0, 9, Op{Kind: Add, Rule: "B", Outcome: Done, Revision: 3}, 2)
			s.op(0, 9, Op{Kind: Add, Rule: "C", Outcome: Unknown}, 2)
		}, []Fail{Nobodys}},
		"unknown, and seen before it was called": {func(s *tale) {
			s.version(2, "A")
			s.version(3, "A B")
			s.op(0, 1, Op{Kind: Read, Outcome: Done}, 3)
			s.op(2, 9, Op{Kind: Add, Rule: "B", Outcome: Unknown}, 2)
		}, []Fail{Stale, NotLinear}},
	}
}

// deniedTales are about what was said not to be saved.
func deniedTales() map[string]tell {
	return map[string]tell{
		"unreachable, and saved": {func(s *tale) {
			s.version(2, "A")
			s.version(3, "A B")
			s.op(0, 9, Op{Kind: Add, Rule: "B", Unique: true, Outcome: Unreachable}, 2)
		}, []Fail{Denied}},
		"cancelled, and saved": {func(s *tale) {
			s.version(2, "A")
			s.version(3, "")
			s.op(0, 9, Op{Kind: Remove, Rule: "A", Outcome: Cancelled}, 2)
		}, []Fail{Denied}},
		"a conflict, and saved": {func(s *tale) {
			s.version(2, "A")
			s.version(3, "B")
			s.op(0, 9, Op{Kind: Update, Lists: [2][]string{{letter("B")}}, Outcome: Conflict}, 2)
		}, []Fail{Denied}},
	}
}

// staleTales are about when something was seen.
func staleTales() map[string]tell {
	return map[string]tell{
		"a stale read": {func(s *tale) {
			s.version(2, "A")
			s.version(3, "A B")
			s.op(0, 1, Op{Kind: Add, Rule: "B", Outcome: Done, Revision: 3}, 2)
			s.op(2, 3, Op{Kind: Read, Outcome: Done}, 2)
		}, []Fail{Stale, NotLinear}},
		"a read that is older than another": {func(s *tale) {
			s.version(2, "A")
			s.version(3, "A B")
			s.op(0, 9, Op{Kind: Add, Rule: "B", Outcome: Done, Revision: 3}, 2)
			s.op(1, 2, Op{Kind: Read, Outcome: Done}, 3)
			s.op(3, 4, Op{Kind: Read, Outcome: Done}, 2)
		}, []Fail{Stale, NotLinear}},
		"an edit begins with a stale read": {func(s *tale) {
			s.version(2, "A")
			s.version(3, "A B")
			s.op(0, 1, Op{Kind: Add, Rule: "B", Outcome: Done, Revision: 3}, 2)
			s.op(2, 3, Op{Kind: Add, Rule: "C", Outcome: Unreachable}, 2)
		}, []Fail{Stale}},
		"an edit goes back in time": {func(s *tale) {
			s.version(2, "A")
			s.version(3, "A B")
			s.op(0, 9, Op{Kind: Add, Rule: "B", Outcome: Done, Revision: 3}, 2)
			s.op(0, 9, Op{Kind: Add, Rule: "C", Outcome: Unreachable}, 3, 2)
		}, []Fail{Stale}},
		"a refusal by what is long gone": {func(s *tale) {
			s.version(2, "A B")
			s.version(3, "A")
			s.op(0, 1, Op{Kind: Remove, Rule: "B", Outcome: Done, Revision: 3}, 2)
			s.op(2, 3, Op{Kind: Add, Rule: "B", Outcome: Refused, Refusal: Present, Position: 2}, 2)
		}, []Fail{Stale, NotLinear}},
	}
}

// readTales are about what was seen.
func readTales() map[string]tell {
	return map[string]tell{
		"a wrong read": {func(s *tale) {
			s.version(2, "A")
			s.version(3, "A B")
			s.op(0, 9, Op{Kind: Add, Rule: "B", Outcome: Done, Revision: 3}, 2)
			o := s.op(0, 9, Op{Kind: Read, Outcome: Done}, 3)
			o.First.State, o.Last.State = s.state("B A"), s.state("B A")
		}, []Fail{WrongRead, NotLinear}},
		"a wrong revision of the profile": {func(s *tale) {
			s.version(2, "A")
			o := s.op(0, 9, Op{Kind: Read, Outcome: Done}, 3)
			o.First.Modified, o.Last.Modified = 3, 3
		}, []Fail{WrongRead}},
		"a read of what was not there yet": {func(s *tale) {
			s.version(2, "A")
			o := s.op(0, 9, Op{Kind: Read, Outcome: Done}, 2)
			o.First.Revision, o.Last.Revision, o.Revision = 1, 1, 1
		}, []Fail{WrongRead}},
	}
}

// refusalTales are about refusals without a cause.
func refusalTales() map[string]tell {
	refused := func(list string, o Op) tell {
		return tell{func(s *tale) {
			s.version(2, list)
			s.op(0, 1, o, 2)
		}, []Fail{FalseNo, NotLinear}}
	}
	silent := func(list string, o Op) tell { // and nothing is said of the profile
		t := refused(list, o)
		t.want = []Fail{FalseNo}
		return t
	}
	return map[string]tell{
		"not present":             refused("A", Op{Kind: Add, Rule: "B", Outcome: Refused, Refusal: Present, Position: 1}),
		"present elsewhere":       silent("A B", Op{Kind: Add, Rule: "B", Outcome: Refused, Refusal: Present, Position: 1}),
		"not absent":              refused("A", Op{Kind: Remove, Rule: "A", Outcome: Refused, Refusal: Absent}),
		"the tag is there":        refused("A|red", Op{Kind: RemoveTag, Tag: "red", Outcome: Refused, Refusal: Absent}),
		"there is the position":   refused("A", Op{Kind: Insert, At: 2, Rule: "B", Outcome: Refused, Refusal: NoPosition}),
		"it is no other rule":     refused("A", Op{Kind: RemoveAt, At: 1, Rule: "A", Outcome: Refused, Refusal: OtherRule}),
		"nothing has moved":       refused("A", Op{Kind: RemoveAt, At: 1, Outcome: Refused, Refusal: Moved}),
		"the list is as it was":   refused("A B", Op{Kind: Move, At: 1, To: 2, Outcome: Refused, Refusal: Moved}),
		"there is something todo": refused("A", Op{Kind: AddTag, Tag: "red", Outcome: Nothing}),
		"another refusal":         refused("A", Op{Kind: Insert, At: 9, Rule: "A", Outcome: Refused, Refusal: NoPosition}),
		"not locked":              silent("A", Op{Kind: Add, Rule: "B", Outcome: Locked}),
		"no conflict":             silent("A", Op{Kind: Add, Rule: "B", Outcome: Conflict}),
		"no other revision":       silent("A", Op{Kind: Add, Rule: "B", IfRevision: 2, Outcome: Conflict}),
		"no reason": {func(s *tale) {
			s.version(2, "A")
			s.op(0, 1, Op{Kind: Add, Rule: "B", Outcome: Unexpected, Error: "boo"}, 2)
		}, []Fail{Mystery}},
		"the pair is still there": {func(s *tale) {
			s.version(2, "A B")
			s.version(3, "Z A B")
			s.op(0, 9, Op{Kind: Insert, At: 1, Rule: "Z", Outcome: Done, Revision: 3}, 2)
			s.op(0, 9, Op{Kind: Insert, At: 2, Rule: "new", Outcome: Refused, Refusal: Moved}, 2, 3)
		}, []Fail{FalseNo, NotLinear}},
	}
}
