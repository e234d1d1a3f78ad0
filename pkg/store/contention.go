package store

import (
	"context"
	"errors"
	"math/rand/v2"
	"time"

	"github.com/calicoctl/calicoctl/internal/etcd"
	"github.com/calicoctl/calicoctl/pkg/profile"
)

// A contention is what one edit has seen of concurrent writers. It decides how
// long the edit waits after a lost race. The zero value has seen nothing.
//
// A lost race returns the new document, so a retry costs one round trip, and is
// lost only if another write lands within that. Many writers are slow because of
// the requests that lose. So the first retry is sent at once. Then the edit
// waits, first for a few attempts' time, then twice as long each time, until few of
// the writers are between their read and their write at any moment. After some lost
// races the waits get shorter again, so that no edit starves while others begin.
type contention struct {
	attempt time.Duration // the shortest seen, from having the document to the answer
	lost    int           // races
	waited  time.Duration // after the last one
}

const (
	firstSpan  = 8                      // attempts
	maxDouble  = 4                      // times
	maxPatient = 8                      // lost races, after which the span halves each time
	maxSpan    = 160 * time.Millisecond // however long an attempt is
)

// lose takes note of a lost race, and of how long the attempt took.
func (c *contention) lose(attempt time.Duration) {
	c.lost++
	if c.attempt == 0 || attempt < c.attempt {
		c.attempt = attempt
	}
}

// pause waits after a lost race. It reports false when the context ended
// meanwhile.
func (c *contention) pause(ctx context.Context) bool {
	c.draw()
	return etcd.Sleep(ctx, c.waited)
}

// draw chooses the length of the next wait.
func (c *contention) draw() {
	c.waited = 0
	if span := c.span(); span > 0 {
		c.waited = span/2 + rand.N(span/2+1)
	}
}

// span returns the limit of the next wait, which is half of it at least.
func (c *contention) span() time.Duration {
	if c.lost < 2 {
		return 0
	}
	span := min(c.attempt*firstSpan<<min(c.lost-2, maxDouble), maxSpan)
	return span >> min(max(c.lost-maxPatient, 0), 32)
}

// newer returns what an edit goes on from after a lost race and the pause: what
// the race returned or, after a long pause, what is there now. That costs a round
// trip, but an attempt from the old document would most likely be lost.
func (s *Store) newer(ctx context.Context, returned *Snapshot, races *contention, p *profile.Profile) (*Snapshot, error) {
	if !races.reads() {
		return returned, nil
	}
	now, err := s.Read(ctx, returned.query)
	return now, races.explain(err, p)
}

// reads reports whether the document of the lost race is probably not the newest
// any more after the wait.
func (c *contention) reads() bool { return c.waited > c.attempt }

// explain makes a conflict of the error of a request for which the races have
// left no time.
func (c *contention) explain(err error, p *profile.Profile) error {
	var unanswered *etcd.UnreachableError
	if c.lost > 0 && (errors.Is(err, context.DeadlineExceeded) || errors.As(err, &unanswered)) &&
		(unanswered == nil || unanswered.Waited < time.Second) {
		return overtaken(p)
	}
	return err
}
