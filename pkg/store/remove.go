package store

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	clientv3 "go.etcd.io/etcd/client/v3"

	"github.com/calicoctl/calicoctl/internal/keys"
	"github.com/calicoctl/calicoctl/internal/printable"
	"github.com/calicoctl/calicoctl/pkg/fault"
	"github.com/calicoctl/calicoctl/pkg/profile"
	"github.com/calicoctl/calicoctl/pkg/resource"
)

// An InUseError says that endpoints have the profile that was to be removed. It
// is ErrRefused.
type InUseError struct {
	Endpoints []resource.Endpoint // the first ten
	Total     int
}

// A UseUnknownError says that an endpoint is malformed, so that it may have the
// profile that was to be removed. It is ErrRefused.
type UseUnknownError struct {
	Profile string // its ID
	Cause   error
}

// Error names the endpoint and the profile.
func (e *UseUnknownError) Error() string {
	return e.Cause.Error() + ", so it cannot be told whether it has profile " + printable.Text(e.Profile)
}

// Unwrap returns ErrRefused and the cause.
func (e *UseUnknownError) Unwrap() []error { return []error{fault.ErrRefused, e.Cause} }

// maxNamed is how many endpoints an error names.
const maxNamed = 10

// Error names some of the endpoints.
func (e *InUseError) Error() string {
	names := make([]string, len(e.Endpoints))
	for i, endpoint := range e.Endpoints {
		names[i] = endpoint.String()
	}
	text := strings.Join(names, ", ")
	if more := e.Total - len(names); more > 0 {
		text += fmt.Sprintf(" and %d more", more)
	}
	return text
}

// Unwrap returns ErrRefused.
func (e *InUseError) Unwrap() error { return fault.ErrRefused }

// Remove removes the profile that the edit picks; the edit's Change is not
// used. Unless noCheck is set it is refused with an *InUseError while an
// endpoint has the profile, and it happens only if no endpoint was made or
// changed since they were looked through. For what else is promised, and for
// the errors, see [Store.Update].
func (s *Store) Remove(ctx context.Context, e Edit, noCheck bool) (Result, error) {
	return s.carryOut(ctx, e, func(ctx context.Context) (*write, *profile.Profile, error) {
		snap, err := s.Read(ctx, e.Query)
		if err != nil {
			return nil, nil, err
		}
		p, err := e.Pick(snap)
		if err == nil {
			err = e.allowed(p)
		}
		if err == nil {
			err = snap.CheckLock()
		}
		if err != nil {
			return nil, nil, err
		}
		w := &write{
			store: s, before: snap, profile: p.ID,
			conditions: snap.unchanged(p.ID), ops: []clientv3.Op{clientv3.OpDelete(keys.Profile(p.ID))},
		}
		if !noCheck {
			conditions, err := s.unused(ctx, p.ID)
			if err != nil {
				return nil, nil, err
			}
			w.conditions = append(w.conditions, conditions...)
		}
		return w, p, nil
	})
}

// carryOut does what a plan says, which is made again, from what is there then,
// after each lost race. Of the edit it looks at DryRun and Once.
func (s *Store) carryOut(ctx context.Context, e Edit, plan func(context.Context) (*write, *profile.Profile, error)) (Result, error) {
	var races contention
	for attempt := 1; ; attempt++ {
		began := time.Now()
		w, p, err := plan(ctx)
		if err != nil {
			return Result{}, err
		}
		result := Result{Profile: p, Before: p.Before(), Changed: true, Attempts: attempt}
		if result.Irreversible, err = s.irreversible(ctx, e, w); err != nil {
			return Result{}, err
		}
		if e.DryRun {
			return result, w.fits()
		}
		out, err := w.run(ctx)
		if err != nil {
			return Result{}, err
		}
		if out.saved > 0 {
			p.Revision, result.reversal = out.saved, out.reversal
			return result, nil
		}
		races.lose(time.Since(began))
		if err := e.again(ctx, p, &races, false); err != nil {
			return Result{}, err
		}
	}
}

// irreversible returns why a removal could not be rolled back, where that is worth
// asking; as an error if the edit must be reversible.
func (s *Store) irreversible(ctx context.Context, e Edit, w *write) (*IrreversibleError, error) {
	if !e.Reversible && (w.document != nil || !w.isLong()) {
		return nil, nil
	}
	err := s.reversible(ctx, w)
	var refused *IrreversibleError
	if !e.Reversible && errors.As(err, &refused) {
		return refused, nil
	}
	return nil, err
}

// unused makes sure that no endpoint has a profile, and returns the conditions
// under which that still holds.
func (s *Store) unused(ctx context.Context, id string) ([]clientv3.Cmp, error) {
	used := &InUseError{}
	var unreadable error
	conditions, err := s.View().scanEndpoints(ctx, func(endpoint resource.Endpoint, malformed error) error {
		if malformed != nil {
			unreadable = malformed
			return nil
		}
		if !slices.Contains(endpoint.Profiles, id) {
			return nil
		}
		used.Total++
		if len(used.Endpoints) < maxNamed {
			used.Endpoints = append(used.Endpoints, endpoint)
		}
		return nil
	})
	switch {
	case err != nil:
		return nil, err
	case used.Total > 0:
		return nil, used
	case unreadable != nil:
		return nil, &UseUnknownError{Profile: id, Cause: unreadable}
	}
	return conditions, nil
}
