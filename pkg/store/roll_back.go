package store

import (
	"bytes"
	"context"
	"time"

	"go.etcd.io/etcd/api/v3/mvccpb"
	clientv3 "go.etcd.io/etcd/client/v3"

	"github.com/calicoctl/calicoctl/internal/keys"
	"github.com/calicoctl/calicoctl/internal/printable"
	"github.com/calicoctl/calicoctl/pkg/fault"
)

// A reversal says how an edit that was saved is taken back.
type reversal struct {
	profile  string
	revision int64 // at which it was saved
	query    Query // of its keys
	keys     []changedKey
}

// A changedKey is a key that an edit wrote or removed.
type changedKey struct {
	key     string
	was     *mvccpb.KeyValue // nil when it was not there
	removed bool
}

// reversal returns how the write is taken back that was saved at a revision.
func (w *write) reversal(saved int64) *reversal {
	if saved == 0 {
		return nil
	}
	r := &reversal{
		profile: w.profile, revision: saved,
		query: Query{Profiles: []string{w.profile}, OnlyV1: w.before.query.OnlyV1, Lock: true},
	}
	for _, op := range w.ops {
		key := string(op.KeyBytes())
		r.keys = append(r.keys, changedKey{key: key, was: w.before.found[key], removed: op.IsDelete()})
	}
	return r
}

// RollBack takes an edit back that has changed something: every key that it wrote
// or removed gets back what it held, byte for byte, or goes away, in one
// transaction, unless one of them was changed since, which is ErrConflict. It
// returns the revision of that; 0 when all is as it was before the edit already.
// It may be called again after any error; the others are those of [Store.Update].
func (s *Store) RollBack(ctx context.Context, edit Result) (revision int64, err error) {
	r := edit.reversal
	if r == nil {
		return 0, nil // nothing was saved
	}
	var races contention
	for {
		began := time.Now()
		snap, err := s.Read(ctx, r.query)
		switch {
		case err != nil:
			return 0, err
		case r.isBack(snap):
			return 0, nil
		case !r.stands(snap):
			return 0, fault.Conflictf("profile %s was changed by another client since revision %d", printable.Text(r.profile), r.revision)
		}
		if err := snap.CheckLock(); err != nil {
			return 0, err
		}
		out, err := r.write(s, snap).run(ctx)
		if err != nil || out.saved > 0 {
			return out.saved, err
		}
		races.lose(time.Since(began))
		if !races.pause(ctx) {
			return 0, ctx.Err()
		}
	}
}

// isBack reports whether all is as it was before the edit.
func (r *reversal) isBack(snap *Snapshot) bool {
	for _, k := range r.keys {
		now := snap.found[k.key]
		if (now == nil) != (k.was == nil) || now != nil && !bytes.Equal(now.Value, k.was.Value) {
			return false
		}
	}
	return true
}

// stands reports whether all is as the edit left it.
func (r *reversal) stands(snap *Snapshot) bool {
	for _, k := range r.keys {
		if now := snap.found[k.key]; k.removed != (now == nil) || !k.removed && now.ModRevision != r.revision {
			return false
		}
	}
	return true
}

// write returns the transaction that takes the edit back.
func (r *reversal) write(s *Store, snap *Snapshot) *write {
	w := &write{store: s, before: snap, profile: r.profile, conditions: []clientv3.Cmp{snap.sameRevision(keys.ClusterInformation)}}
	for _, k := range r.keys {
		w.conditions = append(w.conditions, snap.sameRevision(k.key))
		if k.was == nil {
			w.ops = append(w.ops, clientv3.OpDelete(k.key))
			continue
		}
		w.ops = append(w.ops, clientv3.OpPut(k.key, string(k.was.Value)))
		if k.key == keys.Profile(r.profile) {
			w.document = k.was.Value
		}
	}
	return w
}

// RollBackUnknown makes sure that an edit of which is not known whether it was saved is
// not there, and will not come: it takes it back, or changes the revision that it
// depends on. The edit of a profile that was not there depends on no revision: it
// is looked for once. For the results see [Store.RollBack].
func (s *Store) RollBackUnknown(ctx context.Context, edit *UnknownOutcomeError) (revision int64, err error) {
	w := *edit.write
	w.store = s
	key := keys.Profile(w.profile)
	now, err := s.Read(ctx, w.before.query)
	if err != nil {
		return 0, err
	}
	before, stands := w.before.found[key], now.found[key]
	var saved int64
	switch {
	case before == nil && stands == nil:
		return 0, nil
	case before == nil:
		saved, err = w.createdSince(ctx, now)
	case stands.GetModRevision() == before.ModRevision:
		return s.fence(ctx, now, w.profile)
	default:
		saved, err = w.firstChange(ctx)
	}
	if err != nil && ctx.Err() == nil { // compacted, among others: only what stands now can tell
		saved, err = w.standsIn(now)
	}
	if err != nil || saved == 0 {
		return 0, err
	}
	return s.RollBack(ctx, Result{reversal: w.reversal(saved)})
}

// standsIn returns the revision at which the write was saved, if the profile is as
// it left it.
func (w *write) standsIn(now *Snapshot) (saved int64, err error) {
	stands := now.found[keys.Profile(w.profile)]
	switch {
	case stands == nil && w.document == nil:
		return now.Revision, nil
	case stands != nil && w.document != nil && bytes.Equal(stands.Value, w.document):
		return stands.ModRevision, nil
	}
	return 0, fault.Conflictf("profile %s was changed by another client since", printable.Text(w.profile))
}

// fence writes a profile's document as it stands, which gives it a new revision, so
// that no write that depends on the one it had can be carried out any more.
func (s *Store) fence(ctx context.Context, now *Snapshot, profile string) (revision int64, err error) {
	if err := now.CheckLock(); err != nil {
		return 0, err
	}
	key := keys.Profile(profile)
	w := &write{
		store: s, before: now, profile: profile, document: now.found[key].Value,
		conditions: []clientv3.Cmp{now.sameRevision(key), now.sameRevision(keys.ClusterInformation)},
		ops:        []clientv3.Op{clientv3.OpPut(key, string(now.found[key].Value))},
	}
	out, err := w.run(ctx)
	if err == nil && out.saved == 0 {
		err = fault.Conflictf("profile %s was changed at the same moment", printable.Text(profile))
	}
	return out.saved, err
}
