package torture

import (
	"fmt"
	"strings"
	"time"
)

// maxShown is how many anomalies are printed.
const maxShown = 5

// Report says in words what happened.
func (r *Result) Report() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%d operations by %d writers and %d readers in %s (%s with the checks), seed %d\n",
		len(r.Ops), r.Writers, r.Readers, r.Duration, r.Took.Round(time.Second/10), r.Seed)
	table := map[Kind]map[string]int{}
	outcomes := map[string]int{}
	races := 0
	var latest *Op
	for _, o := range r.Ops {
		name := o.outcome()
		if table[o.Kind] == nil {
			table[o.Kind] = map[string]int{}
		}
		table[o.Kind][name]++
		outcomes[name]++
		races += max(o.Looks-1, 0)
		if latest == nil || o.overdue() > latest.overdue() {
			latest = o
		}
	}
	for _, kind := range []Kind{Read, Add, Insert, Remove, RemoveAt, Move, AddTag, RemoveTag, Update} {
		fmt.Fprintf(&b, "  %-10s %s\n", kind, list(table[kind]))
	}
	fmt.Fprintf(&b, "  %-10s %s\n", "all", list(outcomes))
	fmt.Fprintf(&b, "versions of the profile: %d; lost races: %d; locks: %d\n", len(r.Versions), races, len(r.Locks)/2)
	fmt.Fprintf(&b, "unknown outcomes: %d, of which the history tells that %d were saved\n", outcomes[string(Unknown)], len(r.Saved))
	fmt.Fprintf(&b, "done by another that did the same from the same version: %d\n", r.Twins)
	if latest != nil {
		fmt.Fprintf(&b, "latest, by %s behind its timeout of %s: %s\n",
			latest.overdue().Round(time.Millisecond), latest.Timeout.Round(time.Millisecond), latest)
	}
	fmt.Fprintf(&b, "longest time for which the machine let this process wait: %s\n", r.Stall.Round(time.Millisecond))
	fmt.Fprintf(&b, "changes of leader: %d; faults:\n", r.Leaders)
	for _, f := range sorted(r.Faults) {
		fmt.Fprintf(&b, "  %6d %s\n", r.Faults[f], f)
	}
	fmt.Fprintf(&b, "windows found linearizable: %d\n", r.Windows)
	return b.String() + r.anomalies()
}

// overdue returns how long an operation took beyond its timeout.
func (o *Op) overdue() time.Duration { return o.Return - o.Call - o.Timeout }

// outcome returns the outcome of an operation and why it was that one.
func (o *Op) outcome() string {
	name := string(o.Outcome)
	switch {
	case o.Refusal != NoRefusal:
		return name + ", " + string(o.Refusal)
	case o.Outcome != Conflict:
		return name
	case o.IfRevision != 0 && o.IfRevision != o.Last.Modified:
		return name + ", other revision"
	case o.Kind == Update:
		return name + ", lost the race"
	}
	return name + ", lost all races"
}

func (r *Result) anomalies() string {
	if len(r.Anomalies) == 0 {
		return "anomalies: none\n"
	}
	count := map[Fail]int{}
	for _, a := range r.Anomalies {
		count[a.Fail]++
	}
	var b strings.Builder
	fmt.Fprintf(&b, "anomalies: %s\n", list(count))
	for _, a := range r.Anomalies[:min(maxShown, len(r.Anomalies))] {
		fmt.Fprintf(&b, "- %s\n", strings.ReplaceAll(a.String(), "\n", "\n  "))
	}
	return b.String()
}

// list prints counts, in the order of their names.
func list[K ~string](count map[K]int) string {
	var parts []string
	for _, name := range sorted(count) {
		parts = append(parts, fmt.Sprintf("%d %s", count[name], name))
	}
	return strings.Join(parts, "; ")
}
