package main

import (
	"context"

	"github.com/calicoctl/calicoctl/internal/names"
	"github.com/calicoctl/calicoctl/internal/render"
	"github.com/calicoctl/calicoctl/pkg/profile"
	"github.com/calicoctl/calicoctl/pkg/store"
)

// difference returns what an edit makes of a profile, with the names that its tags
// are shown by.
func (s *session) difference(ctx context.Context, name string, before, after *profile.Profile) (render.Change, error) {
	c := render.Change{Name: name, Before: before, After: after}
	var tags []string
	for _, p := range []*profile.Profile{before, after} {
		if p != nil {
			tags = append(tags, names.TagsIn(p)...)
		}
	}
	shown, err := s.names.ShownOf(ctx, s.store, tags)
	if err != nil {
		return c, err
	}
	if after != nil {
		shown = shown.With(names.IDs{after.ID: true})
	}
	c.Shown = shown
	return c, nil
}

// saved is difference for an edit that was saved. It has no error, which would hide
// that: if names cannot be looked up any more, it shows IDs.
func (s *session) saved(ctx context.Context, name string, before, after *profile.Profile) render.Change {
	c, err := s.difference(ctx, name, before, after)
	if err != nil {
		s.app.msg.Printf("the change was saved; it is shown with IDs, because names could not be looked up")
	}
	return c
}

// version compares a version with the profile as it was before. Where names cannot
// be looked up, it is returned with IDs, beside the error.
func (s *session) version(ctx context.Context, id string, v store.Version, before *profile.Profile) (render.Version, error) {
	c, err := s.difference(ctx, id, before, v.Profile)
	c.Shown = c.Shown.With(names.IDs{id: true}) // its name leads to it, also where it is gone
	c.Name = c.Shown.Name(id)
	return render.Version{Change: c, Version: v}, err
}
