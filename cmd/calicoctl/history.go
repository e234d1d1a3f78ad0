package main

import (
	"context"
	"errors"
	"strings"

	"github.com/spf13/cobra"

	"github.com/calicoctl/calicoctl/internal/cli"
	"github.com/calicoctl/calicoctl/internal/names"
	"github.com/calicoctl/calicoctl/internal/past"
	"github.com/calicoctl/calicoctl/internal/render"
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
			return inSession(cmd.Context(), a, func(ctx context.Context, s *session) error { return showHistory(ctx, s, most) })
		},
	}
	cmd.Flags().StringVar(&limit, "limit", "", "only the newest `N` revisions")
	return cmd
}

// showHistory prints the newest revisions of the profile; most is 0 for all.
func showHistory(ctx context.Context, s *session, most int64) error {
	s.warnDocker()
	target, err := s.names.Target(s.app.flags.profile)
	if err != nil {
		return err
	}
	id, err := historyOf(ctx, s, target)
	if err != nil {
		return err
	}
	list := &historyList{id: id, most: most, color: s.app.io.color(), isText: s.app.out.IsText(), views: []render.RevisionView{}}
	var steps past.Steps
	compacted, err := s.store.History(ctx, id, func(v store.Version) error { return list.add(ctx, s, steps.Add(v)) })
	switch {
	case errors.Is(err, past.ErrStop):
	case err == nil:
		err = list.add(ctx, s, steps.End("is compacted"))
		if list.count == 0 { // it was compacted at this very moment
			return target.NotFound()
		}
	default:
		list.most = 0
		if list.add(ctx, s, steps.End("could not be read")) != nil || list.count == 0 {
			return err
		}
		list.text.WriteString("\nThe history is not complete: older revisions could not be read.\n")
		return errors.Join(s.app.out.Print(list.text.String(), list.views), err)
	}
	if err != nil && !errors.Is(err, past.ErrStop) {
		return err
	}
	if compacted {
		list.end()
	}
	return s.app.out.Print(list.text.String(), list.views)
}

// A historyList is what is printed of a history.
type historyList struct {
	id     string
	most   int64 // revisions; 0 is all
	color  bool
	isText bool

	count int64
	text  strings.Builder
	views []render.RevisionView
}

// add adds steps. It returns past.ErrStop when the list is full.
func (l *historyList) add(ctx context.Context, s *session, steps []past.Step) error {
	for _, step := range steps {
		d, err := s.version(ctx, l.id, step.Version, step.Before)
		if err != nil {
			return err
		}
		d.Unknown = step.Unknown
		if l.count++; l.count > 1 {
			l.text.WriteString("\n")
		}
		if l.isText {
			l.text.WriteString(d.Text(l.color))
		} else {
			l.views = append(l.views, d.View(l.id))
		}
		if l.count == l.most {
			return past.ErrStop
		}
	}
	return nil
}

// end says that older revisions are compacted.
func (l *historyList) end() {
	l.text.WriteString("\nHistory ends here: older revisions are compacted.\n")
	if last := len(l.views) - 1; last >= 0 {
		l.views[last].OlderCompacted = true
	}
}

// historyOf returns the ID of the profile whose history is shown: the one that exists
// or, if none does, the one that was removed.
func historyOf(ctx context.Context, s *session, t names.Target) (string, error) {
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
		id, _, err := past.Removed(ctx, s.store, t)
		return id, err
	}
	p, err := snap.Profile(id)
	if err != nil { // it is malformed now, and may not have been before
		return id, nil
	}
	return id, past.Check(p)
}
