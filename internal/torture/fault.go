package torture

import (
	"maps"
	"math/rand/v2"
	"slices"
	"sync"
	"time"
)

// A Fault is something that befalls a connection or a member.
type Fault string

// The faults. Those of connections befall requests, and the connection with
// them; each is counted when it has really happened.
const (
	CutBefore   Fault = "cut before the request"
	CutWithin   Fault = "cut within the request"
	CutAfter    Fault = "cut after the request and before its answer"
	Ghost       Fault = "cut, and the request arrives later"
	SlowRequest Fault = "slow request"
	SlowAnswer  Fault = "slow answer"
	DeafServer  Fault = "half-open: requests vanish"
	DeafClient  Fault = "half-open: answers vanish"
	DeafBoth    Fault = "half-open: all vanishes"
	NoConnects  Fault = "connections refused for a while"
	CutMember   Fault = "all connections to a member cut"
	StopLeader  Fault = "leader stopped"
	StopOther   Fault = "follower stopped"
	StopTwo     Fault = "two members stopped: no majority"
	StopAll     Fault = "all members stopped"
)

const outOf = 10_000

// A chance is how often a fault befalls a request, or NoConnects a connection,
// in outOf.
type chance struct {
	fault Fault
	odds  int
}

func chances() []chance {
	return []chance{
		{CutBefore, 60},
		{CutWithin, 40},
		{CutAfter, 200},
		{Ghost, 100},
		{SlowRequest, 80},
		{SlowAnswer, 80},
		{DeafServer, 10},
		{DeafClient, 30},
		{DeafBoth, 10},
		{NoConnects, 150},
	}
}

// faults are the dice of all proxies, and count what befell.
type faults struct {
	chances []chance

	mu     sync.Mutex
	random *rand.Rand
	off    bool
	factor int // how much more often all happens
	count  map[Fault]int
}

func newFaults(random *rand.Rand, chances []chance) *faults {
	return &faults{chances: chances, random: random, off: len(chances) == 0, factor: 1, count: map[Fault]int{}}
}

// forRequest returns what is to befall a request, or nothing.
func (f *faults) forRequest() Fault {
	f.mu.Lock()
	defer f.mu.Unlock()
	n := f.random.IntN(outOf)
	for _, c := range f.chances {
		if c.fault == NoConnects || f.off {
			continue
		}
		if n -= c.odds * f.factor; n < 0 {
			return c.fault
		}
	}
	return ""
}

// refuse reports whether a proxy begins to refuse connections.
func (f *faults) refuse() bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	n := f.random.IntN(outOf)
	return !f.off && slices.ContainsFunc(f.chances, func(c chance) bool { return c.fault == NoConnects && n < c.odds })
}

// times makes all faults of requests more frequent, until it is called again.
func (f *faults) times(factor int) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.factor = factor
}

// between returns a random time.
func (f *faults) between(low, high time.Duration) time.Duration {
	f.mu.Lock()
	defer f.mu.Unlock()
	return low + time.Duration(f.random.Int64N(int64(high-low)))
}

// below returns a random number from 0 to n-1.
func (f *faults) below(n int) int {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.random.IntN(n)
}

// happened counts.
func (f *faults) happened(fault Fault) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.count[fault]++
}

// end ends all faults that are to come.
func (f *faults) end() {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.off = true
}

func (f *faults) ended() bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.off
}

func (f *faults) counts() map[Fault]int {
	f.mu.Lock()
	defer f.mu.Unlock()
	return maps.Clone(f.count)
}

// sorted returns the keys of a count, in order.
func sorted[K ~string](count map[K]int) []K { return slices.Sorted(maps.Keys(count)) }
