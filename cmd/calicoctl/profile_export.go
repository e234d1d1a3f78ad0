package main

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"strings"

	"github.com/calicoctl/calicoctl/internal/cli"

	"github.com/spf13/cobra"

	"github.com/calicoctl/calicoctl/internal/render"
	"github.com/calicoctl/calicoctl/pkg/fault"
	"github.com/calicoctl/calicoctl/pkg/profile"
	"github.com/calicoctl/calicoctl/pkg/store"
)

func profileExportCommand(a *app) *cobra.Command {
	return &cobra.Command{
		Use:         "export [NAME...]",
		Short:       "Write profiles as text for profile apply",
		Annotations: map[string]string{"usage": "calicoctl profile export [NAME...] [flags]"},
		Long: `Writes profiles as text: name, revision, Docker networks, tags and rules. Without a
NAME, it writes all profiles. Edit the file and use "profile apply". If another
client has changed a profile since, apply reports a conflict.`,
		Example: `  calicoctl profile export > policy.txt
  calicoctl profile export databases applications`,
		RunE: func(cmd *cobra.Command, args []string) error {
			switch {
			case cmd.Flags().Changed("profile"):
				return cli.NamesFollow(cmd)
			case slices.Contains(args, ""):
				return cli.EmptyName()
			}
			return inSession(cmd.Context(), a, func(ctx context.Context, s *session) error { return export(ctx, s, args) })
		},
	}
}

func export(ctx context.Context, s *session, typed []string) error {
	s.warnDocker()
	profiles, malformed, err := exported(ctx, s, typed)
	if err != nil {
		return err
	}
	names, err := s.names.ShownIn(ctx, s.store, nil, profiles...)
	if err != nil {
		return err
	}
	names.Portable = true
	if len(typed) == 0 {
		slices.SortFunc(profiles, func(a, b *profile.Profile) int { return cmp.Compare(names.Name(a.ID), names.Name(b.ID)) })
	}
	var text strings.Builder
	views := []render.ProfileView{}
	for i, p := range profiles {
		if err := names.Unambiguous(p); err != nil {
			return err
		}
		s.app.msg.Invalid(p)
		if i > 0 {
			text.WriteString("\n")
		}
		text.WriteString(render.Export(p, names))
		views = append(views, render.Profile(p, names))
	}
	err = s.app.out.Print(text.String(), views)
	if malformed > 0 {
		err = errors.Join(err, fault.Refusedf("%d of %d profiles cannot be read and are not exported", malformed, malformed+len(profiles)))
	}
	return err
}

// exported reads the profiles that are named, or all; malformed is how many of all
// cannot be read, of which it has warned.
func exported(ctx context.Context, s *session, typed []string) (profiles []*profile.Profile, malformed int, err error) {
	if len(typed) == 0 {
		return s.all(ctx)
	}
	profiles, err = s.named(ctx, typed)
	return profiles, 0, err
}

// all reads all profiles. Of one that is in both layouts, that of v3 counts.
func (s *session) all(ctx context.Context) (profiles []*profile.Profile, malformed int, err error) {
	inV3 := map[string]bool{}
	err = s.store.List(ctx, func(id string, p *profile.Profile, unreadable error) error {
		switch {
		case inV3[id]:
			return nil
		case unreadable != nil:
			malformed++
			s.app.msg.Printf("%v", unreadable)
		default:
			profiles = append(profiles, p)
		}
		inV3[id] = true // those of v3 come first
		return nil
	})
	return profiles, malformed, err
}

// named reads the profiles that names mean, each once.
func (s *session) named(ctx context.Context, typed []string) (profiles []*profile.Profile, err error) {
	targets, err := s.names.Targets(typed)
	if err != nil {
		return nil, err
	}
	query := store.Query{V1: true}
	for _, t := range targets {
		query.Profiles = append(query.Profiles, t.IDs()...)
		query.Prefixes = append(query.Prefixes, t.Prefixes()...)
	}
	snap, err := s.store.Read(ctx, query)
	if err != nil {
		return nil, err
	}
	seen := map[string]bool{}
	for _, t := range targets {
		p, err := t.Pick(snap)
		if err != nil {
			return nil, err
		}
		if !seen[p.ID] {
			seen[p.ID] = true
			profiles = append(profiles, p)
		}
	}
	return profiles, nil
}
