package store

import (
	"context"
	"errors"
	"time"

	"github.com/calicoctl/calicoctl/internal/keys"
	"github.com/calicoctl/calicoctl/internal/printable"
	"github.com/calicoctl/calicoctl/pkg/fault"
	"github.com/calicoctl/calicoctl/pkg/profile"
)

// An Edit says what to read, which profile of that to change, and how. Its
// functions run again, on newer data, each time another writer was faster;
// they must not do anything but look at and change what they are given.
type Edit struct {
	Query Query

	// Pick chooses the profile, which may be a new one from [profile.New].
	Pick func(*Snapshot) (*profile.Profile, error)

	// Change changes it. An error ends the edit, and nothing is written.
	Change func(*Snapshot, *profile.Profile) error

	// Create is for an edit that only makes sure that there is the profile: one
	// that is there is left alone, whoever maintains it.
	Create bool

	// IfRevision, if not 0, refuses the edit unless the profile is still at
	// this revision.
	IfRevision int64

	// Once makes a lost race a conflict. It is for edits that replace a whole
	// document without regard to what stands there.
	Once bool

	// IfNeeded refuses a profile that may not be edited only if the edit would
	// change it.
	IfNeeded bool

	// Force allows to edit profiles that Kubernetes' controllers maintain.
	Force bool

	// Reversible refuses an edit that could not be rolled back, as far as that is
	// known before it: see [IrreversibleError].
	Reversible bool

	// DryRun does everything but write. What could not be written is refused in
	// the same way.
	DryRun bool

	// Compare makes a dry run one that only shows a difference: it is not refused
	// for a profile that may not be edited, nor for the lock.
	Compare bool
}

// A Result is what became of an edit.
type Result struct {
	Profile  *profile.Profile // as it is now; its Revision is that of the last change
	Before   *profile.Profile // as it was before the change; nil when it was not there
	Changed  bool             // false when there was nothing to change, and nothing was written
	Attempts int              // 1, and one more for each lost race

	// Irreversible is why the document of a removed profile could not be written
	// again; nil when it could. It is looked for only if the document is long.
	Irreversible *IrreversibleError

	reversal *reversal // of what was saved; see RollBack
}

// Edit changes one profile by its ID. See [Store.Update] for what is promised.
func (s *Store) Edit(ctx context.Context, id string, change func(*profile.Profile) error) (Result, error) {
	return s.Update(ctx, nil, Edit{
		Query:  Query{Profiles: []string{id}, Lock: true},
		Pick:   func(snap *Snapshot) (*profile.Profile, error) { return snap.Profile(id) },
		Change: func(_ *Snapshot, p *profile.Profile) error { return change(p) },
	})
}

// Update carries out an edit as one atomic compare-and-swap, starting from a
// snapshot of the edit's query, or reading one if it is nil. It writes only if
// the profile, the lock, and the presence of all other profiles of the query
// are as they were read; otherwise it starts again from what is there now,
// until the context ends.
//
// Errors: ErrConflict, ErrLocked, ErrRefused, ErrUnreachable,
// ErrUnknownOutcome, ErrDenied, and whatever Pick and Change return. In each
// but ErrUnknownOutcome nothing was written.
func (s *Store) Update(ctx context.Context, snap *Snapshot, e Edit) (Result, error) {
	var err error
	e.Query.Lock = true
	if snap == nil || !snap.query.Lock {
		if snap, err = s.Read(ctx, e.Query); err != nil {
			return Result{}, err
		}
	}
	var races contention
	for attempt := 1; ; attempt++ {
		began := time.Now()
		p, err := e.prepare(snap)
		if err != nil || !p.Changed() {
			return Result{Profile: p, Before: p, Attempts: attempt}, err
		}
		before := p.Before()
		if e.compares() && p.Layout == profile.V1 { // there is no document to write
			return Result{Profile: p, Before: before, Changed: true, Attempts: attempt}, nil
		}
		if e.DryRun {
			w, err := s.newWrite(snap, p)
			if err == nil {
				err = w.fits()
			}
			return Result{Profile: p, Before: before, Changed: true, Attempts: attempt}, err
		}
		out, err := s.commit(ctx, snap, p, e.Reversible)
		if err != nil {
			return Result{}, races.explain(err, p)
		}
		if out.saved > 0 {
			return Result{Profile: p, Before: before, Changed: true, Attempts: attempt, reversal: out.reversal}, nil
		}
		justLock := out.now.lockRevision() != snap.lockRevision() && out.now.revision(p.ID) == snap.revision(p.ID)
		races.lose(time.Since(began))
		if err := e.again(ctx, p, &races, justLock); err != nil {
			return Result{}, err
		}
		if snap, err = s.newer(ctx, out.now, &races, p); err != nil {
			return Result{}, err
		}
	}
}

// prepare applies the edit to what was read and checks the result.
func (e Edit) prepare(snap *Snapshot) (*profile.Profile, error) {
	p, err := e.Pick(snap)
	if err != nil {
		return nil, err
	}
	if e.Create && (p.Revision != 0 || p.BuiltIn) && p.Layout == profile.V3 {
		return p, nil // it is there, which is what was asked for
	}
	refusal := e.allowed(p)
	if e.compares() && p.Revision != 0 && !errors.Is(refusal, fault.ErrConflict) {
		refusal = nil
	}
	if refusal != nil && (!e.IfNeeded || errors.Is(refusal, fault.ErrConflict)) {
		return nil, refusal
	}
	if p.Revision == 0 && snap.found[keys.Profile(p.ID)] != nil {
		return nil, fault.Refusedf("Profile %s already exists.", printable.Text(p.ID))
	}
	err = e.Change(snap, p)
	switch {
	case refusal != nil && (err != nil || p.Changed()):
		return nil, refusal
	case err != nil || !p.Changed():
		return p, err
	}
	if err := snap.CheckLock(); err != nil && !e.compares() {
		return nil, err
	}
	return p, p.Check()
}

func (e Edit) compares() bool { return e.DryRun && e.Compare }

func (e Edit) allowed(p *profile.Profile) error {
	if err := p.Editable(e.Force); err != nil {
		return err
	}
	if e.IfRevision != 0 && p.Revision != e.IfRevision {
		return fault.Conflictf("profile %s is at revision %d, not %d; look at it again", printable.Text(p.ID), p.Revision, e.IfRevision)
	}
	return nil
}

// again decides after a lost race whether to start over, and waits a little.
// With justLock it was not another writer but the lock that came between, about
// which starting over tells more.
func (e Edit) again(ctx context.Context, p *profile.Profile, races *contention, justLock bool) error {
	if e.Once && !justLock {
		return fault.Conflictf("profile %s was changed by another client at the same moment; look at it again", printable.Text(p.ID))
	}
	if races.pause(ctx) {
		return nil
	}
	if errors.Is(ctx.Err(), context.Canceled) {
		return ctx.Err()
	}
	return overtaken(p)
}

func overtaken(p *profile.Profile) error {
	return fault.Conflictf("other writers kept changing profile %s until the time was over; nothing was changed", printable.Text(p.ID))
}
