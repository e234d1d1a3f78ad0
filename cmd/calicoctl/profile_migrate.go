package main

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"github.com/calicoctl/calicoctl/pkg/rules"
	"github.com/calicoctl/calicoctl/pkg/store"
)

// migrateOptions are the flags of profile migrate.
type migrateOptions struct {
	*app
	keep, all, dryRun, force bool
}

func (a *app) profileMigrateCommand() *cobra.Command {
	m := &migrateOptions{app: a}
	cmd := &cobra.Command{
		Use:   "migrate NAME [NEW]",
		Short: "Make a v3 profile of one in the layout of calicoctl 0.x",
		Annotations: map[string]string{
			"usage": "calicoctl profile migrate (NAME [NEW] | --all) [--keep] [--dry-run] [flags]",
		},
		Long: `Makes a profile in the layout that today's Calico reads of one in the layout of
calicoctl 0.x, and removes the old one, in one transaction. Tags become labels.
v3 takes lower-case names only: for a profile with another name, NEW says the
name. Names are taken as they are written in etcd.`,
		Example: `  calicoctl profile migrate databases
  calicoctl profile migrate WEB web
  calicoctl profile migrate --all --dry-run`,
		RunE: func(cmd *cobra.Command, args []string) error {
			// In the old layout a profile may be called anything, and its name in
			// etcd is meant: Docker is not asked.
			m.literal = true
			switch {
			case cmd.Flags().Changed("profile"):
				return usagef("the names stand behind migrate, not in --profile; the usage is: %s", usageLine(cmd))
			case m.all && len(args) > 0:
				return usagef("unexpected word %q behind --all", args[0])
			case m.all:
				return m.inSession(cmd.Context(), m.migrateAll)
			case len(args) == 0:
				return usagef("which profile? The usage is: %s", usageLine(cmd))
			case len(args) > 2:
				return usagef("unexpected word %q; the usage is: %s", args[2], usageLine(cmd))
			case args[0] == "" || args[len(args)-1] == "":
				return usagef("empty profile name; is a shell variable empty?")
			}
			migration := store.Migration{From: args[0], To: args[len(args)-1], Keep: m.keep, Force: m.force}
			return m.inSession(cmd.Context(), func(ctx context.Context, s *session) error {
				return m.migrate(ctx, s, migration)
			})
		},
	}
	f := cmd.Flags()
	f.BoolVar(&m.keep, "keep", false, "keep the old profile, too")
	f.BoolVar(&m.force, "force", false, "also to names that Kubernetes' controllers maintain (kns.*, ksa.*)")
	f.BoolVar(&m.all, "all", false, "every profile in the old layout")
	f.BoolVar(&m.dryRun, "dry-run", false, "only say what would happen")
	return cmd
}

// migrationView is what became of a migration, for -o json and -o yaml.
type migrationView struct {
	Profile  string `json:"profile"`
	New      string `json:"new"`
	Migrated bool   `json:"migrated"`
	Error    string `json:"error,omitempty"`
}

func (m *migrateOptions) migrate(ctx context.Context, s *session, migration store.Migration) error {
	view, err := m.one(ctx, s, migration)
	if err != nil {
		return err
	}
	if view.Migrated {
		m.done = "the profile was migrated, but "
	}
	return m.print(view.text(), view)
}

// one migrates a profile, or finds out whether it could be.
func (m *migrateOptions) one(ctx context.Context, s *session, migration store.Migration) (migrationView, error) {
	view := migrationView{Profile: migration.From, New: migration.To}
	var err error
	if m.dryRun {
		_, _, err = s.store.PlanMigration(ctx, migration)
	} else {
		_, err = s.store.Migrate(ctx, migration)
		view.Migrated = err == nil
	}
	return view, err
}

func (v migrationView) text() string {
	name, to := rules.Printable(v.Profile), rules.Printable(v.New)
	switch {
	case v.Error != "":
		return fmt.Sprintf("Profile %s cannot be migrated: %s\n", name, rules.Printable(v.Error))
	case v.Migrated:
		return fmt.Sprintf("Migrated profile %s to %s\n", name, to)
	}
	return fmt.Sprintf("Profile %s would be migrated to %s\n", name, to)
}

// A partlyError says that a command on many profiles ended before its end, and
// how much of it is done.
type partlyError struct {
	done, total int
	cause       error
}

func (e *partlyError) Error() string {
	return fmt.Sprintf("%d of %d profiles were migrated, then: %v", e.done, e.total, e.cause)
}

// partly makes the error for a run that ended early. Without anything done it
// is the cause itself.
func (m *migrateOptions) partly(views []migrationView, total int, cause error) error {
	e := &partlyError{total: total, cause: cause}
	for _, v := range views {
		if v.Migrated {
			e.done++
		}
	}
	if e.done == 0 {
		return cause
	}
	return e
}

// migrateAll goes on past profiles that cannot be migrated, and fails at the
// end if there were any.
func (m *migrateOptions) migrateAll(ctx context.Context, s *session) error {
	ids, err := s.store.V1Profiles(ctx)
	if err != nil {
		return err
	}
	views := make([]migrationView, 0, len(ids))
	var text strings.Builder
	failed := 0
	for _, id := range ids {
		view, err := m.one(ctx, s, store.Migration{From: id, To: id, Keep: m.keep, Force: m.force})
		switch {
		case errors.Is(err, store.ErrNotFound): // somebody else was faster
			continue
		case errors.Is(err, store.ErrRefused), errors.Is(err, store.ErrDamaged), errors.Is(err, store.ErrConflict):
			view.Error = err.Error()
			failed++
		case err != nil:
			return errors.Join(m.print(text.String(), views), m.partly(views, len(ids), err))
		}
		if view.Migrated {
			m.done = "profiles were migrated, but "
		}
		views = append(views, view)
		text.WriteString(view.text())
	}
	if len(ids) == 0 {
		text.WriteString("There is no profile in the layout of calicoctl 0.x.\n")
	}
	err = m.print(text.String(), views)
	if failed > 0 {
		err = errors.Join(err, store.Refusedf("%d of %d profiles cannot be migrated", failed, len(ids)))
	}
	return err
}
