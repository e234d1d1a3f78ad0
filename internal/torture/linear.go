package torture

import (
	"math"
	"slices"
	"time"

	"github.com/anishathalye/porcupine"
)

const (
	// maxWindow is how many operations are checked for linearizability at once.
	maxWindow = 200
	// linearTimeout is how long that may take. It takes milliseconds.
	linearTimeout = 30 * time.Second
)

// checkLinear cuts the history into windows by the revisions at which the
// operations took effect. Each window by itself must be linearizable, from the
// state that the one before leaves to the one that stands at its end; and no
// operation of a later window may have ended before one of an earlier window
// began. That is as much as for the whole: the linearizations of the windows,
// one behind the other, are one.
func (c *checker) checkLinear() {
	ops := slices.DeleteFunc(slices.Clone(c.Ops), func(o *Op) bool { return !c.tells(o) })
	position := map[*Op]int64{} // the write of a revision comes before all that saw it
	for _, o := range ops {
		position[o] = 2 * c.effective(o)
		if o.Kind == Read || c.twins[o] || o.Outcome == Nothing || o.Outcome == Refused {
			position[o]++
		}
	}
	sortBy(ops, func(o *Op) int64 { return position[o] })
	if len(c.Versions) == 0 {
		return
	}
	state := c.Versions[0].State
	var latest *Op // the one that began last in all windows before
	for window := range slices.Chunk(ops, maxWindow-1) {
		last := window[len(window)-1]
		end := c.Versions[max(c.version(c.effective(last)), 0)].State
		c.checkWindow(window, state, end)
		c.checkSeam(latest, window)
		for _, o := range window {
			if latest == nil || o.Call > latest.Call {
				latest = o
			}
		}
		state = end
		c.Windows++
	}
}

// tells reports whether an operation says anything about the profile.
func (c *checker) tells(o *Op) bool { return o.Outcome != Locked && c.effective(o) > 0 }

// checkSeam compares a window with those before.
func (c *checker) checkSeam(latest *Op, window []*Op) {
	for _, o := range window {
		if latest != nil && o.Outcome != Unknown && o.Return < latest.Call {
			c.found(NotLinear, o, c.effective(o), "it ended before %s began, which took effect earlier", latest)
		}
	}
}

func (c *checker) checkWindow(window []*Op, start, end *State) {
	model := porcupine.Model{
		Init: func() any { return start },
		Step: func(state, input, _ any) (bool, any) { return c.step(state.(*State), input.(*Op)) },
	}
	switch porcupine.CheckOperationsTimeout(model, operations(window, end), c.patience) {
	case porcupine.Illegal:
		c.found(NotLinear, nil, c.effective(window[0]), "the %d operations up to revision %d, from:\n%s\nto:\n%s",
			len(window), c.effective(window[len(window)-1]), start, end)
	case porcupine.Unknown:
		c.found(Undecided, nil, c.effective(window[0]), "the %d operations up to revision %d",
			len(window), c.effective(window[len(window)-1]))
	}
}

// operations are those of a window as porcupine wants them, and at the end one
// more that reads the state. When an unknown outcome came about is not certain:
// at any time up to the end of the window.
func operations(window []*Op, end *State) []porcupine.Operation {
	last := int64(math.MinInt64)
	for _, o := range window {
		last = max(last, int64(o.Call))
		if o.Outcome != Unknown {
			last = max(last, int64(o.Return))
		}
	}
	list := make([]porcupine.Operation, 0, len(window)+1)
	for _, o := range window {
		returned := int64(o.Return)
		if o.Outcome == Unknown {
			returned = last
		}
		list = append(list, porcupine.Operation{ClientId: o.Client, Input: o, Call: int64(o.Call), Return: returned})
	}
	final := &Op{Kind: Read, Outcome: Done, Last: Sight{State: end}}
	return append(list, porcupine.Operation{Input: final, Call: last + 1, Return: last + 1})
}

// step is porcupine's model: whether an operation can have had this outcome when
// the profile said this, and what the profile says then.
func (c *checker) step(now *State, o *Op) (bool, *State) {
	if c.twins[o] {
		return o.After == now, now
	}
	if o.Last.State != now {
		return false, now
	}
	after, refusal := c.book.next(o, now)
	switch {
	case refusal != o.Refusal, o.Outcome == Done && o.Kind != Read && after != o.After:
		return false, now
	case (o.Outcome == Nothing || o.Outcome == Refused) && after != now:
		return false, now
	}
	return true, after
}
