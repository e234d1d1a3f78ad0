package store_test

import (
	"context"
	"errors"
	"fmt"

	"github.com/calicoctl/calicoctl/internal/testkit/embedetcd"
	"github.com/calicoctl/calicoctl/pkg/fault"
	"github.com/calicoctl/calicoctl/pkg/profile"
	"github.com/calicoctl/calicoctl/pkg/rules"
	"github.com/calicoctl/calicoctl/pkg/store"
)

// exampleStore opens a store on an etcd of its own.
func exampleStore(ctx context.Context) (s *store.Store, end func(), err error) {
	server, err := embedetcd.Start(ctx, embedetcd.Options{Fast: true})
	if err != nil {
		return nil, nil, err
	}
	s, err = store.Open(ctx, store.Config{Endpoints: []string{server.Endpoint()}})
	return s, func() { _, _ = s.Close(), server.Close() }, err
}

// exampleProfile makes a profile with the policy that a network begins with.
func exampleProfile(ctx context.Context, s *store.Store, id string) error {
	_, err := s.Update(ctx, nil, store.Edit{
		Query: store.Query{Profiles: []string{id}},
		Pick: func(snap *store.Snapshot) (*profile.Profile, error) {
			if snap.Has(id) {
				return snap.Profile(id)
			}
			return profile.New(id)
		},
		Change: func(*store.Snapshot, *profile.Profile) error { return nil },
		Create: true,
	})
	return err
}

// An edit is a function of the profile. It runs again on newer data when
// another writer was faster, so it does nothing but change what it is given.
func ExampleStore_Edit() {
	ctx := context.Background()
	s, end, err := exampleStore(ctx)
	if err != nil {
		fmt.Println(err)
		return
	}
	defer end()
	if err := exampleProfile(ctx, s, "databases"); err != nil {
		fmt.Println(err)
		return
	}
	rule, err := rules.ParseLine("allow tcp from tag applications to ports 3306", rules.AsNew)
	if err != nil {
		fmt.Println(err)
		return
	}
	add := func(p *profile.Profile) error { return profile.AppendRule(p, rules.Inbound, rule) }

	result, err := s.Edit(ctx, "databases", add)
	fmt.Println(result.Changed, err)
	for i, r := range result.Profile.Inbound {
		fmt.Println(i+1, rules.Format(r.Rule))
	}

	// The rule is there now: nothing is written.
	result, err = s.Edit(ctx, "databases", add)
	var present *profile.PresentError
	fmt.Println(result.Changed, errors.As(err, &present), err)
	// Output:
	// true <nil>
	// 1 allow from tag databases
	// 2 allow tcp from tag applications to ports 3306
	// false true the rule is already at inbound position 2
}

// Errors have a kind, which says what became of the edit.
func ExampleError() {
	ctx := context.Background()
	s, end, err := exampleStore(ctx)
	if err != nil {
		fmt.Println(err)
		return
	}
	defer end()
	_, err = s.Edit(ctx, "databases", func(*profile.Profile) error { return nil })
	fmt.Println(errors.Is(err, fault.ErrNotFound), err)
	_, err = s.Edit(ctx, profile.DefaultAllow, func(*profile.Profile) error { return nil })
	fmt.Println(errors.Is(err, fault.ErrRefused), err)
	// Output:
	// true Profile databases not found.
	// true profile projectcalico-default-allow is built into Calico and cannot be edited
}

// With IfRevision an edit is made of just what was seen, and of nothing newer.
func ExampleStore_Update() {
	ctx := context.Background()
	s, end, err := exampleStore(ctx)
	if err != nil {
		fmt.Println(err)
		return
	}
	defer end()
	if err := exampleProfile(ctx, s, "web"); err != nil {
		fmt.Println(err)
		return
	}
	query := store.Query{Profiles: []string{"web"}}
	snap, err := s.Read(ctx, query)
	if err != nil {
		fmt.Println(err)
		return
	}
	seen, err := snap.Profile("web")
	if err != nil {
		fmt.Println(err)
		return
	}
	edit := store.Edit{
		Query: query,
		Pick:  func(snap *store.Snapshot) (*profile.Profile, error) { return snap.Profile("web") },
		Change: func(_ *store.Snapshot, p *profile.Profile) error {
			_, err := profile.AddTag(p, "public")
			return err
		},
		IfRevision: seen.Revision,
	}
	result, err := s.Update(ctx, nil, edit)
	fmt.Println(result.Profile.Tags(), err)

	_, err = s.Update(ctx, nil, edit) // once more, with the revision of before
	fmt.Println(errors.Is(err, fault.ErrConflict))
	// Output:
	// [public web] <nil>
	// true
}
