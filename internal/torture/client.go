package torture

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"
	"time"

	"github.com/calicoctl/calicoctl/internal/etcd"
	"github.com/calicoctl/calicoctl/pkg/fault"
	"github.com/calicoctl/calicoctl/pkg/profile"
	"github.com/calicoctl/calicoctl/pkg/rules"
	"github.com/calicoctl/calicoctl/pkg/store"
)

// profile is the ID of the profile that all work on.
const profileName = "web"

// maxUses is how many operations a connection is used for at most. A command
// uses it for one.
const maxUses = 12

const (
	// pause is how long a client rests at most, unless it is quiet.
	pause = 25 * time.Millisecond
	// restless is how many writers go on when it is quiet.
	restless = 3
)

// A client is a writer or a reader. It keeps its records itself.
type client struct {
	chooser
	number  int
	reads   bool
	began   time.Time
	direct  []string // the members
	through []string // the same, through this client's proxies
	insert  InsertFunc

	quiet  *atomic.Bool                       // most writers rest
	cancel atomic.Pointer[context.CancelFunc] // of what it is at

	known Sight // what it saw last
	ops   []*Op
}

// work carries out operations until stop ends; those under way are carried to
// their end within hard.
func (c *client) work(stop, hard context.Context) error {
	for stop.Err() == nil {
		endpoints := c.through
		if c.random.IntN(10) == 0 {
			endpoints = c.direct
		}
		s, err := store.Open(hard, etcd.Config{Endpoints: endpoints})
		if err != nil {
			return err
		}
		uses := 1
		if c.random.IntN(3) > 0 {
			uses += c.random.IntN(maxUses)
		}
		for ; uses > 0 && stop.Err() == nil; uses-- {
			c.one(hard, s)
			c.rest(stop)
		}
		if err := s.Close(); err != nil {
			return err
		}
	}
	return nil
}

// rest waits between two operations.
func (c *client) rest(stop context.Context) {
	slow := 1
	for c.quiet.Load() && !c.reads && c.number >= restless && pace(stop, pause) {
	}
	if c.quiet.Load() && !c.reads {
		slow = 10
	}
	pace(stop, time.Duration(slow*c.random.IntN(int(pause))))
}

// one carries out one operation and records it.
func (c *client) one(ctx context.Context, s *store.Store) {
	o := &Op{Kind: Read, Timeout: c.timeout()}
	if !c.reads {
		o = c.next(c.known)
	}
	o.Client = c.number
	ctx, cancel := context.WithTimeout(ctx, o.Timeout)
	defer cancel()
	c.cancel.Store(&cancel)
	if c.random.IntN(50) == 0 { // Ctrl-C
		defer time.AfterFunc(time.Duration(c.random.Int64N(int64(60*time.Millisecond))), cancel).Stop()
	}
	o.Call = time.Since(c.began)
	var err error
	if o.Kind == Read {
		err = c.read(ctx, s, o)
	} else {
		err = c.edit(ctx, s, o)
	}
	o.Return = time.Since(c.began)
	if err != nil {
		o.fail(err)
	}
	if o.Looks > 0 {
		c.known = o.Last
	}
	if o.Outcome == Done && o.After != nil {
		c.known = Sight{Revision: o.Revision, Modified: o.Revision, State: o.After}
	}
	c.ops = append(c.ops, o)
}

// giveUp is Ctrl-C.
func (c *client) giveUp() {
	if cancel := c.cancel.Load(); cancel != nil {
		(*cancel)()
	}
}

func (c *client) read(ctx context.Context, s *store.Store, o *Op) error {
	snap, err := s.Read(ctx, c.query())
	if err != nil {
		return err
	}
	p, err := snap.Profile(profileName)
	if err != nil {
		return err
	}
	o.Outcome, o.Revision = Done, snap.Revision
	return c.look(o, snap, p)
}

// query reads the profile as commands do.
func (c *client) query() store.Query {
	return store.Query{Profiles: []string{profileName}, Lock: true, V1: c.random.IntN(2) == 0}
}

// look records what the store shows of the profile.
func (c *client) look(o *Op, snap *store.Snapshot, p *profile.Profile) error {
	state, err := c.state(p)
	o.saw(Sight{Revision: snap.Revision, Modified: p.Revision, State: state})
	return err
}

func (c *client) state(p *profile.Profile) (*State, error) {
	document, err := p.MarshalJSON()
	if err != nil {
		return nil, err
	}
	return c.book.Decode(document)
}

// edit carries out an edit as a command does: what is remembered from the first
// sight lives as long as the edit.
func (c *client) edit(ctx context.Context, s *store.Store, o *Op) error {
	change := c.change(o)
	e := store.Edit{
		Query: c.query(),
		Pick: func(snap *store.Snapshot) (*profile.Profile, error) {
			p, err := snap.Profile(profileName)
			if err != nil {
				return nil, err
			}
			return p, c.look(o, snap, p)
		},
		Change:     func(_ *store.Snapshot, p *profile.Profile) error { return change(p) },
		IfRevision: o.IfRevision,
		Once:       o.Kind == Update,
	}
	var snap *store.Snapshot
	if c.random.IntN(2) == 0 { // read it beforehand
		var err error
		if snap, err = s.Read(ctx, e.Query); err != nil {
			return err
		}
	}
	result, err := s.Update(ctx, snap, e)
	if err != nil {
		return err
	}
	o.Outcome = Nothing
	if result.Changed {
		o.Outcome, o.Revision = Done, result.Profile.Revision
	}
	if result.Attempts != o.Looks {
		return fmt.Errorf("%d attempts are reported, and there were %d", result.Attempts, o.Looks)
	}
	o.After, err = c.state(result.Profile)
	return err
}

// errAbsent is how a command refuses to remove what is not there.
var errAbsent = errors.New("not there")

// change returns what the edit does to the profile.
func (c *client) change(o *Op) func(*profile.Profile) error {
	d := [...]rules.Direction{rules.Inbound, rules.Outbound}[o.List]
	r := spoken(o.Rule)
	switch o.Kind {
	case Add:
		return func(p *profile.Profile) error { return profile.AppendRule(p, d, r) }
	case Insert:
		return c.insert(d, o.At, r)
	case RemoveAt:
		removal := &profile.Removal{Direction: d, At: o.At}
		if o.Rule != "" {
			removal.Only = &r
		}
		return removal.Apply
	case Move:
		return (&profile.Move{Direction: d, From: o.At, To: o.To}).Apply
	case Remove:
		return func(p *profile.Profile) error { return unless(profile.RemoveRule(p, d, r) > 0) }
	case RemoveTag:
		return func(p *profile.Profile) error { return unless(profile.RemoveTag(p, o.Tag)) }
	case AddTag:
		return func(p *profile.Profile) error {
			_, err := profile.AddTag(p, o.Tag)
			return err
		}
	}
	return func(p *profile.Profile) error { return setLists(p, o.Lists) }
}

func unless(found bool) error {
	if found {
		return nil
	}
	return errAbsent
}

func setLists(p *profile.Profile, lists [2][]string) error {
	for i, d := range []rules.Direction{rules.Inbound, rules.Outbound} {
		now := make([]rules.Rule, len(lists[i]))
		for j, rule := range lists[i] {
			now[j] = spoken(rule)
		}
		if err := profile.SetRules(p, d, now); err != nil {
			return err
		}
	}
	return nil
}

// spoken returns the rule that the words of a stored one are read as.
func spoken(stored string) rules.Rule { return rules.DecodeV3([]byte(stored)).Rule }

// An InsertFunc returns the change that inserts a rule at a position. It lives
// as long as the edit and is called again after each lost race.
type InsertFunc func(d rules.Direction, at int, r rules.Rule) func(*profile.Profile) error

// insertion is the store's own.
func insertion(d rules.Direction, at int, r rules.Rule) func(*profile.Profile) error {
	i := &profile.Insertion{Direction: d, At: at}
	return func(p *profile.Profile) error { return i.Apply(p, r) }
}

// fail records an error.
func (o *Op) fail(err error) {
	var present *profile.PresentError
	var position *profile.PositionError
	var moved *profile.MovedError
	var other *profile.OtherRuleError
	o.Outcome, o.Error = Refused, err.Error()
	switch {
	case errors.Is(err, fault.ErrUnknownOutcome):
		o.Outcome = Unknown
	case errors.As(err, &present):
		o.Refusal, o.Position = Present, present.At
	case errors.As(err, &position):
		o.Refusal = NoPosition
	case errors.As(err, &moved):
		o.Refusal = Moved
	case errors.As(err, &other):
		o.Refusal = OtherRule
	case errors.Is(err, errAbsent):
		o.Refusal = Absent
	case errors.Is(err, fault.ErrConflict):
		o.Outcome = Conflict
	case errors.Is(err, fault.ErrLocked):
		o.Outcome = Locked
	case errors.Is(err, fault.ErrUnreachable), errors.Is(err, context.DeadlineExceeded):
		o.Outcome = Unreachable
	case errors.Is(err, context.Canceled):
		o.Outcome = Cancelled
	default:
		o.Outcome = Unexpected
	}
}

// pace waits, unless the context ends.
func pace(ctx context.Context, d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return false
	case <-timer.C:
		return true
	}
}
