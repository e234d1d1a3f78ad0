package store

import (
	"time"
)

// TakeTime lets a slow machine find out whether a write was saved and which key
// was denied.
func (s *Store) TakeTime() { s.times.settle, s.conn.Asking = time.Minute, time.Minute }

// KeepTime undoes TakeTime, for what is waited for in vain.
func (s *Store) KeepTime() { s.times, s.conn.Asking = defaultTimes(), time.Second }

// DecodeProfile is what the fuzz target needs: to read a document without etcd.
var DecodeProfile = decodeProfile

// MaxDocument is the limit that a document may have.
const MaxDocument = maxDocument

// A Contention is the waits of an edit.
type Contention struct{ contention }

// Lose takes note of a lost race.
func (c *Contention) Lose(attempt time.Duration) { c.lose(attempt) }

// Wait returns how long the edit waits now, and whether it reads the document
// anew afterwards.
func (c *Contention) Wait() (wait time.Duration, reads bool) {
	c.draw()
	return c.waited, c.reads()
}

// SetHeartbeat says how long a watch may be quiet.
func (s *Store) SetHeartbeat(d time.Duration) { s.times.heartbeat = d }

// SetMaxReads says how many revisions are read one by one before a creation.
func (s *Store) SetMaxReads(n int64) { s.maxReads = n }
