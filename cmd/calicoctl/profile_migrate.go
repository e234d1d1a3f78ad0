package main

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/calicoctl/calicoctl/internal/cli"

	"github.com/spf13/cobra"

	"github.com/calicoctl/calicoctl/internal/brief"
	"github.com/calicoctl/calicoctl/internal/printable"
	"github.com/calicoctl/calicoctl/internal/render"
	"github.com/calicoctl/calicoctl/pkg/fault"
	"github.com/calicoctl/calicoctl/pkg/store"
)

// migrateOptions are the flags of profile migrate.
type migrateOptions struct {
	app       *app
	flags     editFlags
	keep, all bool
}

func profileMigrateCommand(a *app) *cobra.Command {
	m := &migrateOptions{app: a}
	cmd := &cobra.Command{
		Use:   "migrate NAME [NEW]",
		Short: "Create a v3 profile from one of calicoctl 0.x",
		Annotations: map[string]string{
			"usage": "calicoctl profile migrate (NAME [NEW] | --all) [--keep] [flags]",
		},
		Long: `Creates a v3 profile from one in the layout of calicoctl 0.x, and removes the old
one, in one transaction. Tags become labels. v3 names are in lower case: for another
name, give NEW. Docker is not asked.`,
		Example: `  calicoctl profile migrate databases
  calicoctl profile migrate WEB web
  calicoctl profile migrate --all --dry-run`,
		RunE: func(cmd *cobra.Command, args []string) error {
			// In the old layout a profile may be called anything, and its name in
			// etcd is meant: Docker is not asked.
			m.app.flags.literal = true
			if err := m.flags.checkWrite(cmd, a); err != nil {
				return err
			}
			switch {
			case cmd.Flags().Changed("profile"):
				return cli.NamesFollow(cmd)
			case m.all && len(args) > 0:
				return cli.Usagef("unexpected argument %q after --all", args[0])
			case m.all:
				return inSession(cmd.Context(), m.app, m.migrateAll)
			case len(args) == 0:
				return cli.Missing(cmd, "profile")
			case len(args) > 2:
				return cli.Unexpected(cmd, args[2])
			case args[0] == "" || args[len(args)-1] == "":
				return cli.EmptyName()
			}
			return inSession(cmd.Context(), m.app, func(ctx context.Context, s *session) error {
				return m.migrate(ctx, s, args[0], args[len(args)-1])
			})
		},
	}
	f := cmd.Flags()
	cmd.ValidArgsFunction = bind(a, completeOldName)
	f.BoolVar(&m.keep, "keep", false, "keep the old profile")
	f.BoolVar(&m.flags.force, "force", false, "also to names of Kubernetes' controllers (kns.*, ksa.*)")
	f.BoolVar(&m.all, "all", false, "all profiles in the old layout")
	m.flags.addWrite(cmd, a)
	return cmd
}

// migrationView is what became of a migration, for -o json and -o yaml.
type migrationView struct {
	Profile  string              `json:"profile"`
	New      string              `json:"new"`
	Migrated bool                `json:"migrated"`
	Error    string              `json:"error,omitempty"`
	Diff     []render.ChangeLine `json:"diff,omitempty"` // of a dry run

	shown string // the difference as text
}

func (m *migrateOptions) migrate(ctx context.Context, s *session, from, to string) error {
	view, err := m.one(ctx, s, from, to)
	if err != nil {
		return err
	}
	if view.Migrated {
		m.app.out.Saved = "the profile was migrated, but "
	}
	if err := m.app.out.Print(view.text(), view); err != nil {
		return err
	}
	return m.flags.answer(true)
}

// one migrates a profile or, in a dry run, finds out what would become of it.
func (m *migrateOptions) one(ctx context.Context, s *session, from, to string) (migrationView, error) {
	view := migrationView{Profile: from, New: to}
	result, err := s.store.Migrate(ctx, store.Migration{From: from, To: to, Keep: m.keep, Force: m.flags.force, Reversible: m.app.confirmation.within > 0, DryRun: m.flags.dryRun})
	m.app.confirmation.note(to, result, err)
	if err != nil || !m.flags.dryRun {
		view.Migrated = err == nil
		return view, err
	}
	c, err := s.difference(ctx, to, nil, result.Profile)
	view.Diff, view.shown = c.Lines(), c.Text(m.app.io.color())
	return view, err
}

func (v migrationView) text() string {
	name, to := brief.Name(v.Profile), brief.Name(v.New)
	switch {
	case v.Error != "":
		return fmt.Sprintf("Profile %s cannot be migrated: %s\n", name, printable.Text(v.Error))
	case v.Migrated:
		return fmt.Sprintf("Migrated profile %s to %s\n", name, to)
	}
	return fmt.Sprintf("Profile %s would be migrated to %s:\n%s", name, to, v.shown)
}

// partly makes the error for a run that ended early. Without anything done it
// is the cause itself.
func (m *migrateOptions) partly(ctx context.Context, views []migrationView, total int, cause error) error {
	done := 0
	for _, v := range views {
		if v.Migrated {
			done++
		}
	}
	if done == 0 {
		return cause
	}
	return &partlyError{text: fmt.Sprintf("%d of %d profiles were migrated, then: %s", done, total, endedBy(ctx, cause)), cause: cause}
}

// migrateAll goes on past profiles that cannot be migrated, and fails at the
// end if there were any.
func (m *migrateOptions) migrateAll(ctx context.Context, s *session) error {
	ids, unreadable, err := s.store.V1Profiles(ctx)
	if err != nil {
		return err
	}
	views := make([]migrationView, 0, len(ids))
	var text strings.Builder
	failed := 0
	for _, name := range slices.Sorted(maps.Keys(unreadable)) {
		view := migrationView{Profile: name, New: name, Error: unreadable[name].Error()}
		views = append(views, view)
		text.WriteString(view.text())
		failed++
	}
	for _, id := range ids {
		view, err := m.one(ctx, s, id, id)
		switch {
		case errors.Is(err, fault.ErrNotFound): // another client was faster
			continue
		case errors.Is(err, fault.ErrRefused), errors.Is(err, fault.ErrMalformed), errors.Is(err, fault.ErrConflict):
			view.Error = err.Error()
			failed++
		case err != nil:
			return errors.Join(m.app.out.Print(text.String(), views), m.partly(ctx, views, len(ids), err))
		}
		if view.Migrated {
			m.app.out.Saved = "profiles were migrated, but "
		}
		views = append(views, view)
		text.WriteString(view.text())
	}
	if len(ids)+failed == 0 {
		text.WriteString("There is no profile in the layout of calicoctl 0.x.\n")
	}
	err = m.app.out.Print(text.String(), views)
	if failed > 0 {
		err = errors.Join(err, fault.Refusedf("%d of %d profiles cannot be migrated", failed, len(ids)+len(unreadable)))
	}
	if err != nil {
		return err
	}
	return m.flags.answer(len(views) > 0)
}
