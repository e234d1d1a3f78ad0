package torture

import (
	"fmt"
	"strings"
	"time"
)

// A Kind is what an operation does.
type Kind string

// The kinds of operations.
const (
	Read      Kind = "read"
	Add       Kind = "add"       // a rule at the end
	Insert    Kind = "insert"    // a rule at a position
	Remove    Kind = "remove"    // every rule equal to some words
	RemoveAt  Kind = "remove at" // the rule at a position
	Move      Kind = "move"      // a rule from a position to another
	AddTag    Kind = "add tag"
	RemoveTag Kind = "remove tag"
	Update    Kind = "update" // replaces both lists of rules
)

// An Outcome is what the caller of an operation was told.
type Outcome string

// The outcomes. Of all but Done and Unknown it was said that nothing was
// written.
const (
	Done        Outcome = "done"
	Nothing     Outcome = "nothing to do"
	Refused     Outcome = "refused"     // see Refusal
	Conflict    Outcome = "conflict"    // but for a Moved
	Locked      Outcome = "locked"      // the datastore, for migration
	Unreachable Outcome = "unreachable" // or the time was over
	Cancelled   Outcome = "cancelled"
	Unknown     Outcome = "unknown"
	Unexpected  Outcome = "unexpected" // an error that nothing explains
)

// A Refusal says why an operation changed nothing.
type Refusal string

// The refusals.
const (
	NoRefusal  Refusal = ""
	Present    Refusal = "present"     // an equal rule is there
	NoPosition Refusal = "no position" // the list has no such position
	Absent     Refusal = "absent"      // no equal rule, or no such tag, is there
	OtherRule  Refusal = "other rule"  // another rule than the expected one stands at the position
	Moved      Refusal = "moved"       // the list was changed so that the position means something else
)

// A Sight is what an operation saw of the profile, and when.
type Sight struct {
	Revision int64 // of etcd
	Modified int64 // the revision of the profile's last change
	State    *State
}

// An Op is the record of one operation: what was asked for, and what became of
// it as far as the one who asked could see.
type Op struct {
	Number, Client int

	Kind       Kind
	List       int    // 0 inbound, 1 outbound
	At, To     int    // positions, from 1
	Rule       string // as it is stored; of RemoveAt the only rule that may go, if any
	Tag        string
	Lists      [2][]string // of Update
	IfRevision int64       // the revision that the profile must be at, if not 0
	Unique     bool        // no other operation can do the same

	Timeout      time.Duration
	Call, Return time.Duration // since the start of the run

	Looks       int // how often it saw the profile: once, and once more for each lost race
	First, Last Sight

	Outcome  Outcome
	Refusal  Refusal
	Position int    // where an equal rule is said to stand
	Revision int64  // at which it is said to be done
	After    *State // what it is said to have made
	Error    string
}

// saw adds a sight.
func (o *Op) saw(s Sight) {
	if o.Looks == 0 {
		o.First = s
	}
	o.Last = s
	o.Looks++
}

func (o *Op) String() string {
	var b strings.Builder
	fmt.Fprintf(&b, "#%d by client %d, %.3f-%.3f s: %s", o.Number, o.Client, o.Call.Seconds(), o.Return.Seconds(), o.Kind)
	switch o.Kind {
	case Add, Insert, Remove, RemoveAt, Move:
		fmt.Fprintf(&b, " %s", [...]string{"inbound", "outbound"}[o.List])
	case AddTag, RemoveTag:
		fmt.Fprintf(&b, " %s", o.Tag)
	case Update:
		fmt.Fprintf(&b, " %d and %d rules", len(o.Lists[0]), len(o.Lists[1]))
	}
	if o.At != 0 || o.Kind == Insert {
		fmt.Fprintf(&b, " at %d", o.At)
	}
	if o.To != 0 {
		fmt.Fprintf(&b, " to %d", o.To)
	}
	if o.Rule != "" {
		fmt.Fprintf(&b, " %s", o.Rule)
	}
	if o.IfRevision != 0 {
		fmt.Fprintf(&b, " if at %d", o.IfRevision)
	}
	fmt.Fprintf(&b, "; saw it %d times", o.Looks)
	if o.Looks > 0 {
		fmt.Fprintf(&b, " from revision %d to %d (changed at %d)", o.First.Revision, o.Last.Revision, o.Last.Modified)
	}
	fmt.Fprintf(&b, "; %s", o.Outcome)
	if o.Refusal != NoRefusal {
		fmt.Fprintf(&b, ": %s", o.Refusal)
	}
	if o.Revision != 0 {
		fmt.Fprintf(&b, " at revision %d", o.Revision)
	}
	if o.Error != "" {
		fmt.Fprintf(&b, " (%s)", o.Error)
	}
	return b.String()
}
