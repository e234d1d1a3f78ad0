package store

import (
	"context"
	"errors"
	"slices"
	"strings"

	"go.etcd.io/etcd/api/v3/mvccpb"
	clientv3 "go.etcd.io/etcd/client/v3"

	"github.com/calicoctl/calicoctl/internal/etcd"
	"github.com/calicoctl/calicoctl/internal/keys"
	"github.com/calicoctl/calicoctl/internal/printable"
	"github.com/calicoctl/calicoctl/pkg/fault"
	"github.com/calicoctl/calicoctl/pkg/profile"
	"github.com/calicoctl/calicoctl/pkg/resource"
)

// A Query says what to read.
type Query struct {
	Profiles  []string // IDs of profiles to read
	Prefixes  []string // beginnings of IDs, followed by a hexadecimal digit: see Prefixed
	Presence  []string // IDs of which only is asked whether there is such a profile
	Unguarded []string // like Presence, but an edit does not depend on the answer
	Same      []string // Profiles on whose every word the edit depends, not only on their existence
	Lock      bool     // whether the datastore is locked; needed for an edit
	Cluster   bool     // the cluster's ID; left out where the user may not read it
	V1        bool     // Profiles also in the layout v1; left out where the user may not read it
	OnlyV1    []string // IDs of profiles to read in the layout v1 alone
	Policies  bool     // whether there are policies; left out where the user may not read them
}

// inV1 returns the IDs of the profiles that are read in the layout v1.
func (q Query) inV1() []string {
	if q.V1 {
		return slices.Concat(q.Profiles, q.OnlyV1)
	}
	return q.OnlyV1
}

// A Snapshot is what one transaction read, all of it at one revision.
type Snapshot struct {
	Revision int64 // of etcd

	query Query
	found map[string]*mvccpb.KeyValue // by key
}

// Read reads what the query names in one request, or, past 100 keys, in more
// requests at the same revision.
func (s *Store) Read(ctx context.Context, q Query) (snap *Snapshot, err error) {
	for _, q = range q.lesser() {
		if snap, err = s.read(ctx, q); !errors.Is(err, fault.ErrDenied) {
			break
		}
	}
	if err != nil {
		return nil, s.conn.Denied(ctx, err, etcd.AccessOf(nil, q.gets(0)...))
	}
	return snap, nil
}

// lesser returns the query and, in the order in which they are tried, those
// without what the user may not be permitted to read.
func (q Query) lesser() []Query {
	all := []Query{q}
	if q.Policies {
		without := q
		without.Policies = false
		all = append(all, without)
	}
	if len(q.Prefixes) > 0 {
		for _, other := range slices.Clone(all) {
			other.Prefixes = nil
			all = append(all, other)
		}
	}
	if q.V1 {
		for _, other := range slices.Clone(all) {
			other.V1 = false
			all = append(all, other)
		}
	}
	if q.Cluster && !q.Lock {
		for _, other := range slices.Clone(all) {
			other.Cluster = false
			all = append(all, other)
		}
	}
	return all
}

func (s *Store) read(ctx context.Context, q Query) (*Snapshot, error) {
	snap := newSnapshot(q)
	all := q.gets(0)
	for from := 0; from < len(all); from += etcd.MaxOperations {
		ops := slices.Clone(all[from:min(from+etcd.MaxOperations, len(all))])
		for i := range ops {
			clientv3.WithRev(snap.Revision)(&ops[i])
		}
		err := s.conn.Retry(ctx, func(ctx context.Context) error {
			answer, err := s.conn.Client.Txn(ctx).Then(ops...).Commit()
			if err == nil {
				snap.add(answer)
			}
			return err
		})
		if err != nil {
			return nil, err
		}
	}
	return snap, nil
}

func newSnapshot(q Query) *Snapshot {
	return &Snapshot{query: q, found: map[string]*mvccpb.KeyValue{}}
}

// size returns the number of operations that gets returns.
func (q Query) size() int {
	n := len(q.Profiles) + len(q.Presence) + len(q.Unguarded)
	if q.Lock || q.Cluster {
		n++
	}
	if q.Policies {
		n += 2
	}
	return n + len(q.Prefixes) + keys.PartCountV1*len(q.inV1())
}

// gets returns the reading operations of a query, at a revision if it is not 0.
func (q Query) gets(revision int64) []clientv3.Op {
	ops := make([]clientv3.Op, 0, q.size())
	for _, id := range q.Profiles {
		ops = append(ops, clientv3.OpGet(keys.Profile(id), clientv3.WithRev(revision)))
	}
	for _, prefix := range q.Prefixes {
		key := keys.Profile(prefix)
		ops = append(ops, clientv3.OpGet(key+"0", clientv3.WithRange(key+"g"), clientv3.WithLimit(maxPrefixed), clientv3.WithRev(revision)))
	}
	if q.Lock || q.Cluster {
		ops = append(ops, clientv3.OpGet(keys.ClusterInformation, clientv3.WithRev(revision)))
	}
	for _, id := range slices.Concat(q.Presence, q.Unguarded) {
		ops = append(ops, clientv3.OpGet(keys.Profile(id), clientv3.WithRev(revision), clientv3.WithKeysOnly()))
	}
	for _, id := range q.inV1() {
		for _, part := range keys.PartsV1() {
			ops = append(ops, clientv3.OpGet(keys.ProfileV1(id, part), clientv3.WithRev(revision)))
		}
	}
	if q.Policies {
		ops = append(ops, policyGets(revision)...)
	}
	return ops
}

// add takes over the answers of a transaction. A key that was asked for in
// full and for its presence keeps its value.
func (snap *Snapshot) add(answer *clientv3.TxnResponse) {
	if snap.Revision == 0 {
		snap.Revision = answer.Header.Revision
	}
	for _, r := range answer.Responses {
		for _, kv := range r.GetResponseRange().GetKvs() {
			if old := snap.found[string(kv.Key)]; old == nil || len(old.Value) == 0 {
				snap.found[string(kv.Key)] = kv
			}
		}
	}
}

// Has reports whether there is a profile of that ID, in whichever layout, which
// the query must have asked for.
func (snap *Snapshot) Has(id string) bool {
	return id == profile.DefaultAllow || snap.found[keys.Profile(id)] != nil || len(snap.partsV1(id)) > 0
}

// maxPrefixed is how many profiles are read of a beginning of their IDs. Two show
// that it is ambiguous; the others make room for names that look like IDs.
const maxPrefixed = 8

// Prefixed returns the IDs, in order, of the profiles in v3 whose IDs begin with one
// of the query's Prefixes and go on with a hexadecimal digit: the first 8 of them.
func (snap *Snapshot) Prefixed(prefix string) []string {
	var ids []string
	if !slices.Contains(snap.query.Prefixes, prefix) {
		return nil
	}
	from, end := keys.Profile(prefix)+"0", keys.Profile(prefix)+"g"
	for key := range snap.found {
		if from <= key && key < end {
			ids = append(ids, strings.TrimPrefix(key, keys.Profiles))
		}
	}
	slices.Sort(ids)
	return ids
}

// partsV1 returns what there is of a v1 profile.
func (snap *Snapshot) partsV1(id string) map[string]*mvccpb.KeyValue {
	if !slices.Contains(snap.query.inV1(), id) {
		return nil
	}
	parts := map[string]*mvccpb.KeyValue{}
	for _, part := range keys.PartsV1() {
		if kv := snap.found[keys.ProfileV1(id, part)]; kv != nil {
			parts[part] = kv
		}
	}
	return parts
}

// Profile returns a profile that the query asked for; where it is in both
// layouts, the one of v3, which counts. The error is ErrNotFound or ErrMalformed.
func (snap *Snapshot) Profile(id string) (*profile.Profile, error) {
	kv := snap.found[keys.Profile(id)]
	switch {
	case kv != nil:
		return decodeProfile(id, kv.ModRevision, kv.Value)
	case id == profile.DefaultAllow:
		return profile.BuiltIn(), nil
	}
	if parts := snap.partsV1(id); len(parts) > 0 {
		return decodeProfileV1(id, parts)
	}
	return nil, fault.Errorf(fault.ErrNotFound, "Profile %s not found.", printable.Text(id))
}

// CheckLock returns an error of the kind ErrLocked when the datastore is locked
// for migration, or when that cannot be told. Without the key it is not locked.
func (snap *Snapshot) CheckLock() error {
	kv := snap.found[keys.ClusterInformation]
	if kv == nil {
		return nil
	}
	ready, err := resource.DatastoreReady(kv.Value)
	switch {
	case err != nil:
		return fault.Errorf(fault.ErrLocked, "it cannot be told whether the datastore is locked for migration: the key %s cannot be read: %v",
			keys.ClusterInformation, err)
	case !ready:
		return fault.Errorf(fault.ErrLocked, "the datastore is locked for migration (datastoreReady is false in %s); "+
			"nothing may be written until it is unlocked", keys.ClusterInformation)
	}
	return nil
}

// ClusterGUID returns the ID that Calico has given the cluster; empty when there is
// none, or when neither Lock nor Cluster was asked for.
func (snap *Snapshot) ClusterGUID() string {
	kv := snap.found[keys.ClusterInformation]
	if kv == nil {
		return ""
	}
	return resource.ClusterGUID(kv.Value)
}

// revision returns the revision of a v3 profile that was read; 0 is none.
func (snap *Snapshot) revision(id string) int64 { return snap.found[keys.Profile(id)].GetModRevision() }

func (snap *Snapshot) lockRevision() int64 {
	return snap.found[keys.ClusterInformation].GetModRevision()
}

// unchanged returns the conditions under which what was read still holds: the
// edited profile at its revision, the lock as it was, and every other profile
// there or not, as it was, whatever it says.
func (snap *Snapshot) unchanged(edited string) []clientv3.Cmp {
	conditions := []clientv3.Cmp{snap.sameRevision(keys.Profile(edited))}
	if snap.query.Lock {
		conditions = append(conditions, snap.sameRevision(keys.ClusterInformation))
	}
	seen := map[string]bool{edited: true}
	for _, id := range snap.query.Same {
		if !seen[id] {
			seen[id] = true
			conditions = append(conditions, snap.sameRevision(keys.Profile(id)))
		}
	}
	for _, prefix := range snap.query.Prefixes {
		for _, id := range snap.Prefixed(prefix) {
			if !seen[id] {
				seen[id] = true
				conditions = append(conditions, snap.sameRevision(keys.Profile(id)))
			}
		}
	}
	for _, id := range slices.Concat(snap.query.Profiles, snap.query.Presence) {
		if seen[id] {
			continue
		}
		seen[id] = true
		conditions = append(conditions, snap.samePresence(keys.Profile(id)))
	}
	for _, id := range snap.query.inV1() {
		for _, part := range keys.PartsV1() {
			conditions = append(conditions, snap.samePresence(keys.ProfileV1(id, part)))
		}
	}
	return conditions
}

func (snap *Snapshot) samePresence(key string) clientv3.Cmp {
	return clientv3.Compare(clientv3.CreateRevision(key), "=", snap.found[key].GetCreateRevision())
}

func (snap *Snapshot) sameRevision(key string) clientv3.Cmp {
	kv := snap.found[key]
	if kv == nil {
		return snap.samePresence(key)
	}
	return clientv3.Compare(clientv3.ModRevision(key), "=", kv.ModRevision)
}
