package past

import (
	"errors"
	"fmt"

	"github.com/calicoctl/calicoctl/internal/printable"
	"github.com/calicoctl/calicoctl/pkg/fault"
	"github.com/calicoctl/calicoctl/pkg/profile"
	"github.com/calicoctl/calicoctl/pkg/store"
)

// An Undo is what undo was asked for.
type Undo struct {
	Name       string // of the profile as it was typed
	To         int64  // the revision to restore; 0 is that before the newest
	IfRevision int64  // the newest revision must be this one; 0 is any
}

// Check returns a conflict if the newest revision is not the one that is meant; removed
// says that it is the removal of the profile.
func (u Undo) Check(id string, newest int64, removed bool) error {
	if u.IfRevision == 0 || u.IfRevision == newest {
		return nil
	}
	verb := "is"
	if removed {
		verb = "was removed"
	}
	return fault.Conflictf("profile %s %s at revision %d, not %d; look at it again", printable.Text(id), verb, newest, u.IfRevision)
}

// Revision returns the revision of etcd at which to read what is restored.
func (u Undo) Revision(newest int64) int64 {
	if u.To != 0 {
		return u.To
	}
	return newest - 1
}

// Earlier returns the profile to restore: nil if the newest revision is the creation of
// the profile, which undo removes. v and err are what store.VersionAt returned for
// Revision.
func (u Undo) Earlier(id string, v store.Version, err error) (*profile.Profile, error) {
	list := fmt.Sprintf("\"calicoctl profile %s history\" lists its revisions", printable.Text(u.Name))
	switch {
	case errors.Is(err, fault.ErrNotFound) && u.To == 0:
		return nil, nil
	case errors.Is(err, fault.ErrNotFound):
		return nil, &fault.Error{Kind: fault.ErrNotFound, Text: err.Error() + "; " + list}
	case errors.Is(err, fault.ErrRefused):
		return nil, fault.Refusedf("%v; %s", err, list)
	case err != nil:
		return nil, err
	case u.To != 0 && v.Revision != u.To:
		return nil, fault.Refusedf("revision %d is not one of profile %s, which was then at revision %d; %s",
			u.To, printable.Text(id), v.Revision, list)
	}
	return v.Profile, nil
}

// Restore gives a profile the rules and tags of an earlier version. It is an error if
// that changes nothing.
func (u Undo) Restore(p, earlier *profile.Profile) error {
	newest := p.Revision
	if err := profile.Restore(p, earlier); err != nil || p.Changed() {
		return err
	}
	if u.To == 0 {
		return fault.Refusedf("revision %d of profile %s changed neither rules nor tags; "+
			"--to-revision restores an older one", newest, printable.Text(p.ID))
	}
	return fault.Refusedf("profile %s already has the rules and tags of revision %d", printable.Text(p.ID), earlier.Revision)
}

// An Outcome is what an undo did or, in a dry run, would do.
type Outcome struct {
	Name     string // of the profile as it was typed
	Undone   int64  // the revision that was the newest
	Restored int64  // the one that the profile is as now; 0 is none, because it is removed
	Revision int64  // of the profile now
	DryRun   bool
}

// Text returns the outcome in a line.
func (o Outcome) Text() string {
	name := printable.Text(o.Name)
	switch {
	case o.Restored == 0 && o.DryRun:
		return fmt.Sprintf("Profile %s would be removed, as it was not there before revision %d:\n", name, o.Undone)
	case o.Restored == 0:
		return fmt.Sprintf("Profile %s is removed at revision %d, as it was not there before revision %d:\n", name, o.Revision, o.Undone)
	case o.DryRun:
		return fmt.Sprintf("Profile %s would be as it was at revision %d:\n", name, o.Restored)
	}
	return fmt.Sprintf("Profile %s is at revision %d as it was at revision %d:\n", name, o.Revision, o.Restored)
}
