package store

import (
	"context"
	"errors"
	"slices"

	clientv3 "go.etcd.io/etcd/client/v3"

	"github.com/calicoctl/calicoctl/internal/keys"
	"github.com/calicoctl/calicoctl/internal/printable"
	"github.com/calicoctl/calicoctl/pkg/fault"
	"github.com/calicoctl/calicoctl/pkg/profile"
)

// A Migration makes a v3 profile of a v1 profile.
type Migration struct {
	From string // ID in v1
	To   string // ID in v3
	Keep bool   // whether the v1 keys stay

	// Force allows the name of a profile that Kubernetes' controllers maintain.
	Force bool

	// Reversible is that of an [Edit].
	Reversible bool

	// DryRun does everything but write. What could not be written is refused in
	// the same way.
	DryRun bool
}

// Migrate carries a migration out in one transaction, which also removes the v1
// keys unless they are to be kept. Errors are those of [Store.Update];
// ErrNotFound when there is no v1 profile, and ErrRefused when there is a v3
// one already or v3 cannot hold what v1 says.
func (s *Store) Migrate(ctx context.Context, m Migration) (Result, error) {
	return s.carryOut(ctx, Edit{DryRun: m.DryRun, Reversible: m.Reversible}, func(ctx context.Context) (*write, *profile.Profile, error) {
		return s.planMigration(ctx, m)
	})
}

// planMigration returns the profile that a migration makes, and the write that
// does it.
func (s *Store) planMigration(ctx context.Context, m Migration) (*write, *profile.Profile, error) {
	snap, err := s.Read(ctx, Query{Profiles: []string{m.To}, OnlyV1: []string{m.From}, Lock: true})
	if err != nil {
		return nil, nil, err
	}
	p, err := migrated(snap, m)
	if err == nil {
		err = snap.CheckLock()
	}
	if err != nil {
		return nil, nil, err
	}
	w, err := s.newWrite(snap, p)
	if err != nil {
		return nil, nil, err
	}
	for part := range snap.partsV1(m.From) {
		key := keys.ProfileV1(m.From, part)
		w.conditions = append(w.conditions, snap.sameRevision(key))
		if !m.Keep {
			w.ops = append(w.ops, clientv3.OpDelete(key))
		}
	}
	return w, p, nil
}

// migrated returns the v3 profile of a v1 profile.
func migrated(snap *Snapshot, m Migration) (*profile.Profile, error) {
	parts := snap.partsV1(m.From)
	switch {
	case len(parts) == 0:
		return nil, fault.Errorf(fault.ErrNotFound, "Profile %s not found in the layout of calicoctl 0.x.", printable.Text(m.From))
	case snap.found[keys.Profile(m.To)] != nil:
		return nil, fault.Refusedf("there is a v3 profile %s already", profile.ShownID(m.To))
	}
	old, err := decodeProfileV1(m.From, parts)
	if err != nil {
		return nil, err
	}
	p, err := profile.Convert(old, m.To)
	if err == nil {
		err = Edit{Force: m.Force}.allowed(p)
	}
	if err == nil {
		err = p.Check()
	}
	return p, err
}

// V1Profiles returns the IDs of all profiles in the layout v1, sorted, and why of
// some others not even the name can be read.
func (s *Store) V1Profiles(ctx context.Context) (ids []string, unreadable map[string]error, err error) {
	unreadable = map[string]error{}
	err = s.View().listV1(ctx, func(id string, _ *profile.Profile, malformed error) error {
		if errors.Is(malformed, errNameV1) {
			unreadable[id] = malformed
		} else {
			ids = append(ids, id)
		}
		return nil
	})
	slices.Sort(ids)
	return ids, unreadable, err
}
