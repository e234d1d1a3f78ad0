package endpoint

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"

	"go.etcd.io/etcd/api/v3/mvccpb"
	clientv3 "go.etcd.io/etcd/client/v3"

	"github.com/calicoctl/calicoctl/internal/kv"
)

const (
	profilePrefix = "/calico/resources/v3/projectcalico.org/profiles/"
	lockKey       = "/calico/resources/v3/projectcalico.org/clusterinformations/default"
)

// What an error of this package is about, for errors.Is.
var (
	// ErrNoProfile: the endpoint's profile is not there, so Felix would drop all
	// its packets.
	ErrNoProfile = errors.New("no profile")
	// ErrLocked: the datastore is locked for migration.
	ErrLocked = errors.New("datastore locked")
	// ErrTaken: there is another endpoint under the same ID.
	ErrTaken = errors.New("endpoint is there")
	// ErrMalformed: a stored document cannot be read.
	ErrMalformed = errors.New("malformed document")
)

// A Store keeps endpoints in etcd.
type Store struct {
	Now func() time.Time // time.Now, but for tests

	kv *kv.Store
}

// New returns a Store.
func New(store *kv.Store) *Store { return &Store{Now: time.Now, kv: store} }

// Put stores an endpoint if its profile is there and check, which gets the values
// of the keys also, nil for one that is missing, allows it. An equal endpoint may be
// there already, from an earlier attempt.
func (s *Store) Put(ctx context.Context, e Endpoint, also []string, check func(values [][]byte) error) error {
	document, err := e.encode(s.Now())
	if err != nil {
		return err
	}
	return kv.Repeat(ctx, func() (bool, error) { return s.put(ctx, e, document, also, check) })
}

// put is one attempt. done is false after a lost race.
func (s *Store) put(ctx context.Context, e Endpoint, document []byte, also []string, check func([][]byte) error) (done bool, err error) {
	gets := []clientv3.Op{clientv3.OpGet(e.Key()), clientv3.OpGet(profilePrefix+e.Profile, clientv3.WithKeysOnly()), clientv3.OpGet(lockKey)}
	for _, key := range also {
		gets = append(gets, clientv3.OpGet(key))
	}
	answer, err := s.kv.Get(ctx, gets...)
	if err != nil {
		return false, err
	}
	values := make([][]byte, len(also))
	for i := range also {
		if found := kv.Value(answer, 3+i); found != nil {
			values[i] = found.Value
		}
	}
	profile, lock := kv.Value(answer, 1), kv.Value(answer, 2)
	if profile == nil {
		return false, fmt.Errorf(`%w: there is no profile %s; bring it back with "calicoctl profile %s undo", or make it with "calicoctl profile add %s"`,
			ErrNoProfile, e.Profile, e.Profile, e.Profile)
	}
	if lock != nil && !ready(lock.Value) {
		return false, fmt.Errorf("%w: the datastore is locked for migration (datastoreReady is false in %s)", ErrLocked, lockKey)
	}
	if err := check(values); err != nil {
		return false, err
	}
	if there := kv.Value(answer, 0); there != nil {
		return true, e.same(there)
	}
	done2, err := s.kv.Commit(ctx, []clientv3.Cmp{
		kv.Unchanged(e.Key(), nil),
		clientv3.Compare(clientv3.CreateRevision(profilePrefix+e.Profile), "=", profile.CreateRevision),
		kv.Unchanged(lockKey, lock),
	}, []clientv3.Op{clientv3.OpPut(e.Key(), string(document))}, nil)
	return err == nil && done2.Succeeded, err
}

// ready reports whether ClusterInformation allows to write. What does not say is
// ready, as Calico has it.
func ready(document []byte) bool {
	var d struct {
		Spec struct {
			Ready *bool `json:"datastoreReady"`
		} `json:"spec"`
	}
	return json.Unmarshal(document, &d) == nil && (d.Spec.Ready == nil || *d.Spec.Ready)
}

// same returns an error unless a stored endpoint is e as far as traffic goes.
func (e Endpoint) same(found *mvccpb.KeyValue) error {
	stored, err := decode(found.Value)
	if err != nil {
		return malformed(found, err)
	}
	if stored.Profile != e.Profile || stored.Interface != e.Interface || !slices.Equal(stored.Addresses, e.Addresses) {
		return fmt.Errorf("%w: endpoint %s is there with other addresses or another profile (key %s)", ErrTaken, e.ID, e.Key())
	}
	return nil
}

func malformed(found *mvccpb.KeyValue, cause error) error {
	return fmt.Errorf("%w: key %s: %w", ErrMalformed, found.Key, cause)
}

// Get returns the endpoint of a node with an ID; ok is false if there is none.
func (s *Store) Get(ctx context.Context, node, id string) (e Endpoint, ok bool, err error) {
	answer, err := s.kv.Get(ctx, clientv3.OpGet(Endpoint{Node: node, ID: id}.Key()))
	if err != nil {
		return Endpoint{}, false, err
	}
	found := kv.Value(answer, 0)
	if found == nil {
		return Endpoint{}, false, nil
	}
	if e, err = decode(found.Value); err != nil {
		return Endpoint{}, false, malformed(found, err)
	}
	return e, true, nil
}

// SetNames adds the names of container and network to a stored endpoint. It is no
// error that there is none.
func (s *Store) SetNames(ctx context.Context, e Endpoint) error {
	return kv.Repeat(ctx, func() (bool, error) { return s.setNames(ctx, e) })
}

// setNames is one attempt. done is false after a lost race.
func (s *Store) setNames(ctx context.Context, e Endpoint) (done bool, err error) {
	answer, err := s.kv.Get(ctx, clientv3.OpGet(e.Key()))
	if err != nil {
		return false, err
	}
	found := kv.Value(answer, 0)
	if found == nil {
		return true, nil
	}
	document, err := e.named(found.Value)
	if err != nil {
		return false, malformed(found, err)
	}
	if bytes.Equal(document, found.Value) {
		return true, nil
	}
	answer, err = s.kv.Commit(ctx, []clientv3.Cmp{kv.Unchanged(e.Key(), found)}, []clientv3.Op{clientv3.OpPut(e.Key(), string(document))}, nil)
	return err == nil && answer.Succeeded, err
}

// Delete removes the endpoint of a node with an ID. It is no error that there is
// none.
func (s *Store) Delete(ctx context.Context, node, id string) error {
	return kv.Repeat(ctx, func() (bool, error) {
		_, err := s.kv.Commit(ctx, nil, []clientv3.Op{clientv3.OpDelete(Endpoint{Node: node, ID: id}.Key())}, nil)
		return true, err
	})
}

// page is how many endpoints are read in one request.
const page = 500

// OfNode returns the endpoints of a node, and those that cannot be read, all at
// one revision.
func (s *Store) OfNode(ctx context.Context, node string) (all []Endpoint, bad []error, err error) {
	from, end, revision := prefixOf(node), clientv3.GetPrefixRangeEnd(prefixOf(node)), int64(0)
	for {
		answer, err := s.kv.Get(ctx, clientv3.OpGet(from, clientv3.WithRange(end), clientv3.WithLimit(page), clientv3.WithRev(revision)))
		if err != nil {
			return nil, nil, err
		}
		if revision == 0 {
			revision = answer.Header.Revision
		}
		found := kv.Values(answer, 0)
		for _, each := range found {
			e, err := decode(each.Value)
			if err != nil {
				bad = append(bad, malformed(each, err))
				continue
			}
			all = append(all, e)
		}
		if len(found) < page {
			return all, bad, nil
		}
		from = string(found[len(found)-1].Key) + "\x00"
	}
}
