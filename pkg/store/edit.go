package store

import (
	"context"
	"errors"
	"strings"
	"time"

	"github.com/calicoctl/calicoctl/internal/printable"
	"github.com/calicoctl/calicoctl/pkg/fault"
)

// An Edit says what to read, which profile of that to change, and how. Its
// functions run again, on newer data, each time another writer was faster;
// they must not do anything but look at and change what they are given.
type Edit struct {
	Query Query

	// Pick chooses the profile, which may be a new one from NewProfile.
	Pick func(*Snapshot) (*Profile, error)

	// Change changes it. An error ends the edit, and nothing is written.
	Change func(*Snapshot, *Profile) error

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

	// DryRun does everything but write. What could not be written is refused in
	// the same way.
	DryRun bool

	// Compare makes a dry run one that only shows a difference: it is not refused
	// for a profile that may not be edited, nor for the lock.
	Compare bool
}

// A Result is what became of an edit.
type Result struct {
	Profile  *Profile // as it is now; its Revision is that of the last change
	Before   *Profile // as it was before the change; nil when it was not there
	Changed  bool     // false when there was nothing to change, and nothing was written
	Attempts int      // 1, and one more for each lost race

	reversal *reversal // of what was saved; see TakeBack
}

// Edit changes one profile by its ID. See [Store.Update] for what is promised.
func (s *Store) Edit(ctx context.Context, id string, change func(*Profile) error) (Result, error) {
	return s.Update(ctx, nil, Edit{
		Query:  Query{Profiles: []string{id}, Lock: true},
		Pick:   func(snap *Snapshot) (*Profile, error) { return snap.Profile(id) },
		Change: func(_ *Snapshot, p *Profile) error { return change(p) },
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
		if err != nil || !p.changed() {
			return Result{Profile: p, Before: p, Attempts: attempt}, err
		}
		before := p.before()
		if e.compares() && p.Layout == V1 { // there is no document to write
			return Result{Profile: p, Before: before, Changed: true, Attempts: attempt}, nil
		}
		if e.DryRun {
			w, err := s.newWrite(snap, p)
			if err == nil {
				err = w.fits()
			}
			return Result{Profile: p, Before: before, Changed: true, Attempts: attempt}, err
		}
		out, err := s.commit(ctx, snap, p)
		if err != nil {
			return Result{}, races.explain(err, p)
		}
		if out.saved > 0 {
			p.Revision = out.saved
			p.remember()
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
func (e Edit) prepare(snap *Snapshot) (*Profile, error) {
	p, err := e.Pick(snap)
	if err != nil {
		return nil, err
	}
	if e.Create && (p.Revision != 0 || p.BuiltIn) && p.Layout == V3 {
		return p, nil // it is there, which is what was asked for
	}
	refusal := e.allowed(p)
	if e.compares() && p.Revision != 0 && !errors.Is(refusal, fault.ErrConflict) {
		refusal = nil
	}
	if refusal != nil && (!e.IfNeeded || errors.Is(refusal, fault.ErrConflict)) {
		return nil, refusal
	}
	if p.Revision == 0 && snap.found[profileKey(p.ID)] != nil {
		return nil, fault.Refusedf("Profile %s already exists.", printable.Text(p.ID))
	}
	err = e.Change(snap, p)
	switch {
	case refusal != nil && (err != nil || p.changed()):
		return nil, refusal
	case err != nil || !p.changed():
		return p, err
	}
	if err := snap.CheckLock(); err != nil && !e.compares() {
		return nil, err
	}
	return p, p.check()
}

func (e Edit) compares() bool { return e.DryRun && e.Compare }

func (e Edit) allowed(p *Profile) error {
	if err := p.Editable(e.Force); err != nil {
		return err
	}
	if e.IfRevision != 0 && p.Revision != e.IfRevision {
		return fault.Conflictf("profile %s is at revision %d, not %d; look at it again", printable.Text(p.ID), p.Revision, e.IfRevision)
	}
	return nil
}

// Editable returns why a profile may not be edited, as an error of the kind
// ErrRefused. Those that Kubernetes' controllers maintain may be with force.
func (p *Profile) Editable(force bool) error {
	switch {
	case p.ID == DefaultAllow:
		return fault.Refusedf("profile %s is built into Calico and cannot be edited", p.ID)
	case p.Layout == V1:
		return fault.Refusedf("profile %s is in the layout of calicoctl 0.x, where no Felix sees an edit; "+
			"\"%s\" makes a v3 profile of it", printable.Text(p.ID), MigrateCommand(p.ID))
	case !force && IsMaintained(p.ID):
		return fault.Refusedf("profile %s is kept in step with Kubernetes by its controllers, which would undo the edit; "+
			"--force edits it all the same", printable.Text(p.ID))
	}
	return nil
}

// MigrateCommand returns the words that migrate a v1 profile.
func MigrateCommand(id string) string {
	command := "calicoctl profile migrate " + printable.Text(id)
	if lower := strings.ToLower(id); lower != id && CheckName(lower) == "" {
		command += " " + lower
	}
	return command
}

// IsMaintained reports whether Kubernetes' controllers keep the profile of that ID
// in step with Kubernetes, so that an edit would not last.
func IsMaintained(id string) bool {
	return strings.HasPrefix(id, "kns.") || strings.HasPrefix(id, "ksa.")
}

// again decides after a lost race whether to start over, and waits a little.
// With justLock it was not another writer but the lock that came between, about
// which starting over tells more.
func (e Edit) again(ctx context.Context, p *Profile, races *contention, justLock bool) error {
	if e.Once && !justLock {
		return fault.Conflictf("profile %s was changed by somebody else at the same moment; look at it again", printable.Text(p.ID))
	}
	if races.pause(ctx) {
		return nil
	}
	if errors.Is(ctx.Err(), context.Canceled) {
		return ctx.Err()
	}
	return overtaken(p)
}

func overtaken(p *Profile) error {
	return fault.Conflictf("other writers kept changing profile %s until the time was over; nothing was changed", printable.Text(p.ID))
}
