//go:build linux

package main

import (
	"context"
	"encoding/json"
	"errors"

	"github.com/calicoctl/calicoctl/pkg/fault"
	"github.com/calicoctl/calicoctl/pkg/profile"
	"github.com/calicoctl/calicoctl/pkg/store"
)

// profiles makes and removes the profiles of networks.
type profiles struct{ connection *connection }

// Ensure makes a profile with the policy that a network begins with.
func (p profiles) Ensure(ctx context.Context, id string) (bool, error) {
	if err := p.connection.wait(ctx); err != nil {
		return false, err
	}
	result, err := p.connection.profiles.Update(ctx, nil, store.Edit{
		Query:  store.Query{Profiles: []string{id}, Lock: true},
		Create: true,
		Pick: func(snap *store.Snapshot) (*profile.Profile, error) {
			if snap.Has(id) {
				return snap.Profile(id)
			}
			return profile.New(id)
		},
		Change: func(*store.Snapshot, *profile.Profile) error { return nil },
	})
	return result.Changed, err
}

// Remove removes a profile while no endpoint has it.
func (p profiles) Remove(ctx context.Context, id string, save func([]byte) error) (bool, error) {
	if err := p.connection.wait(ctx); err != nil {
		return false, err
	}
	saved := int64(0) // the revision, which a lost race changes
	_, err := p.connection.profiles.Remove(ctx, store.Edit{
		Query: store.Query{Profiles: []string{id}, Lock: true},
		Pick: func(snap *store.Snapshot) (*profile.Profile, error) {
			found, err := snap.Profile(id)
			if err != nil || found.Revision == saved {
				return found, err
			}
			document, err := json.Marshal(found)
			if err == nil {
				err = save(document)
			}
			saved = found.Revision
			return found, err
		},
	}, false)
	var used *store.InUseError
	switch {
	case errors.Is(err, fault.ErrNotFound):
		return false, nil
	case errors.As(err, &used):
		return false, errors.New("the profile stays, because endpoints have it: " + used.Error())
	}
	return err == nil, err
}
