// Package plan is what the benchmark and its stopwatch tell each other.
package plan

import "time"

// A Plan says what to run, in rounds.
type Plan struct {
	Warmup int // rounds before those that count
	Rounds int

	// Groups are run in a new random order in each round, and so are the steps
	// of each group, so that whatever else the machine does hits all of them
	// alike, and most of all those that are compared.
	Groups [][]Step
}

// A Step is commands that follow each other, as the second undoes what the
// first did.
type Step []Command

// A Command is a program to run. It must end with exit code 0 and print
// nothing on standard error.
type Command struct {
	Name    string // of its own in the plan
	Args    []string
	Env     []string
	AtLeast int // how many bytes it has to print
}

// Samples are what the runs of each command took, by the command's name and in
// the order of the rounds.
type Samples map[string][]Sample

// A Sample is what one run took.
type Sample struct {
	Wall     time.Duration // from its start until it has ended and all it printed was read
	CPU      time.Duration // of user and system
	Memory   int64         // bytes, the most that it had at a time
	Faults   int64         // of pages
	Switches int64         // of context
}
