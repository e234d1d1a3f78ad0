package main

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/calicoctl/calicoctl/internal/cli"

	"github.com/spf13/cobra"

	"github.com/calicoctl/calicoctl/internal/advice"
	"github.com/calicoctl/calicoctl/internal/names"
	"github.com/calicoctl/calicoctl/internal/printable"
	"github.com/calicoctl/calicoctl/internal/render"
	"github.com/calicoctl/calicoctl/pkg/fault"
	"github.com/calicoctl/calicoctl/pkg/profile"
	"github.com/calicoctl/calicoctl/pkg/store"
)

func historyCommand(a *app) *cobra.Command {
	var limit string
	cmd := &cobra.Command{
		Use:         "history",
		Short:       "Show the revisions of a profile and what they changed",
		Annotations: map[string]string{"usage": "calicoctl profile NAME history [--limit=N] [flags]"},
		Long: `Shows the revisions of a profile that etcd still has, the newest first, and what
each one changed in its tags and rules. This includes its creation and its removal.
The history ends where etcd has compacted it. To restore a revision, use
"undo --to-revision=R".`,
		Example: `  calicoctl profile databases history
  calicoctl profile databases history --limit=1
  calicoctl profile databases history -o json`,
		Args: cli.NoArguments,
		RunE: func(cmd *cobra.Command, _ []string) error {
			most, ok := positive(limit)
			switch {
			case cmd.Flags().Changed("limit") && !ok:
				return cli.Usagef("--limit: expected a number from 1 on, got %q", limit)
			case a.flags.profile == "":
				return needName(a, cmd)
			}
			return inSession(cmd.Context(), a, func(ctx context.Context, s *session) error {
				return (&historyRun{session: s, limit: most}).run(ctx)
			})
		},
	}
	cmd.Flags().StringVar(&limit, "limit", "", "only the newest `N` revisions")
	return cmd
}

// A historyRun is one use of profile history.
type historyRun struct {
	session *session
	id      string
	limit   int64 // 0 is none
	color   bool

	held  *store.Version // waits for the version before it
	count int64
	text  strings.Builder
	views []render.RevisionView
}

// errEnough ends the reading of a history early.
var errEnough = errors.New("enough")

func (h *historyRun) run(ctx context.Context) (err error) {
	h.session.warnDocker()
	t, err := h.session.names.Target(h.session.app.flags.profile)
	if err != nil {
		return err
	}
	if h.id, err = whose(ctx, h.session, t); err != nil {
		return err
	}
	h.color = h.session.app.io.color()
	h.views = []render.RevisionView{}
	compacted, err := h.session.store.History(ctx, h.id, func(v store.Version) error { return h.next(ctx, v) })
	switch {
	case errors.Is(err, errEnough):
		err = nil
	case err == nil && h.held != nil:
		err = h.tell(ctx, *h.held, store.Version{}, "What was before is compacted, so what it changed is not known.")
	case err == nil && h.count == 0: // it was thrown away at this very moment
		err = t.NotFound()
	}
	if err != nil {
		return h.partial(ctx, err)
	}
	if compacted && h.count > 0 {
		h.text.WriteString("\nHistory ends here: older revisions are compacted.\n")
		if last := len(h.views) - 1; last >= 0 {
			h.views[last].OlderCompacted = true
		}
	}
	return h.session.app.out.Print(h.text.String(), h.views)
}

// partial prints what was read before a failure, and returns the error of that.
func (h *historyRun) partial(ctx context.Context, failure error) error {
	if h.held != nil {
		h.limit = 0
		if err := h.tell(ctx, *h.held, store.Version{}, "What was before could not be read, so what it changed is not known."); err != nil {
			return failure
		}
	}
	if h.count == 0 {
		return failure
	}
	h.text.WriteString("\nThe history is not complete: older revisions could not be read.\n")
	if err := h.session.app.out.Print(h.text.String(), h.views); err != nil {
		return err
	}
	return failure
}

// next takes the next older version, with which the one after it is compared.
func (h *historyRun) next(ctx context.Context, v store.Version) error {
	if h.held != nil {
		unknown := ""
		if v.Malformed != nil {
			unknown = fmt.Sprintf("What it changed is not known, because revision %d cannot be read.", v.Revision)
		}
		if err := h.tell(ctx, *h.held, v, unknown); err != nil {
			return err
		}
	}
	h.held = &v
	if v.Created {
		h.held = nil
		return h.tell(ctx, v, store.Version{}, "")
	}
	return nil
}

// tell prints a version.
func (h *historyRun) tell(ctx context.Context, v, before store.Version, unknown string) error {
	d, err := h.session.version(ctx, h.id, v, before.Profile)
	if err != nil {
		return err
	}
	d.Unknown = unknown
	if h.count++; h.count > 1 {
		h.text.WriteString("\n")
	}
	if h.session.app.out.Format == "text" {
		h.text.WriteString(d.Text(h.color))
	} else {
		h.views = append(h.views, d.View(h.id))
	}
	if h.count == h.limit {
		h.held = nil
		return errEnough
	}
	return nil
}

// whose returns the ID of the profile whose past is meant: the one that is there
// or, if none is, the one that was.
func whose(ctx context.Context, s *session, t names.Target) (string, error) {
	snap, err := s.store.Read(ctx, store.Query{Profiles: t.IDs(), Prefixes: t.Prefixes(), V1: true})
	if err != nil {
		return "", err
	}
	id, err := t.Existing(snap)
	var pair *names.PairError
	switch {
	case errors.As(err, &pair):
		s.app.msg.Pair(pair, "shown")
		id = pair.Name
	case err != nil:
		id, _, err := whoseOnce(ctx, s, t)
		return id, err
	}
	p, err := snap.Profile(id)
	if err != nil { // damaged, which its past is not
		return id, nil
	}
	return id, hasPast(p)
}

// hasPast refuses a profile that is not one key of etcd's.
func hasPast(p *profile.Profile) error {
	switch {
	case p.BuiltIn:
		return fault.Refusedf("profile %s is built into Calico and never changes", p.ID)
	case p.Layout == profile.V1:
		return fault.Refusedf("profile %s is in the layout of calicoctl 0.x, of which neither past nor changes are told; "+
			"\"%s\" makes a v3 profile of it", printable.Text(p.ID), advice.Migrate(p.ID))
	}
	return nil
}

// whoseOnce returns the ID of the profile that was there once, and its newest
// version, which is its removal unless it is there again.
func whoseOnce(ctx context.Context, s *session, t names.Target) (id string, newest store.Version, err error) {
	var found []string
	for _, id := range t.IDs() {
		_, err := s.store.History(ctx, id, func(v store.Version) error {
			newest = v
			return errEnough
		})
		switch {
		case errors.Is(err, errEnough):
			found = append(found, id)
		case err != nil:
			return "", newest, err
		}
	}
	switch len(found) {
	case 0:
		return "", newest, t.NotFound()
	case 1:
		return found[0], newest, nil
	}
	return "", newest, fault.Refusedf("there was a profile %s and one of the Docker network of that name, %s, and none is there now; "+
		"give the ID for the latter, or --literal for the former", printable.Text(found[0]), found[1])
}
