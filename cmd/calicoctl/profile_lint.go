package main

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/calicoctl/calicoctl/internal/cli"

	"github.com/spf13/cobra"

	"github.com/calicoctl/calicoctl/internal/lint"
	"github.com/calicoctl/calicoctl/internal/names"
	"github.com/calicoctl/calicoctl/internal/tty"
	"github.com/calicoctl/calicoctl/pkg/profile"
	"github.com/calicoctl/calicoctl/pkg/resource"
	"github.com/calicoctl/calicoctl/pkg/store"
)

func profileLintCommand(a *app) *cobra.Command {
	return &cobra.Command{
		Use:         "lint [NAME...]",
		Short:       "Find errors, unreachable rules and open ports in profiles",
		Annotations: map[string]string{"usage": "calicoctl profile lint [NAME...] [flags] | calicoctl profile NAME lint [flags]"},
		Long: `Checks all profiles, or those in NAME, for:

  - unreachable rules and shadowed denies: the rules before them match all that
    they match
  - rules, labels and names that are invalid for Felix, Calico's agent
  - malformed documents
  - tags that no profile has, and networks that Docker does not have
  - profiles that no endpoint has, and endpoints whose profile does not exist
  - database and administration ports that are open to everyone

Each finding has a level, a code, a reason and advice. A rule is reported as
unreachable only if this is proven. Docker only knows the local networks of its own
host. Changes nothing. The exit code is 10 if there is a finding of the level error.`,
		Example: `  calicoctl profile lint
  calicoctl profile databases lint
  calicoctl profile lint databases applications -o json`,
		RunE: func(cmd *cobra.Command, args []string) error {
			names, err := namesOrProfile(a, cmd, args)
			if err != nil {
				return err
			}
			return inSession(cmd.Context(), a, func(ctx context.Context, s *session) error { return runLint(ctx, s, names) })
		},
	}
}

// namesOrProfile returns the names after a command that takes any number of
// them, or the one before it.
func namesOrProfile(a *app, cmd *cobra.Command, args []string) ([]string, error) {
	switch {
	case slices.Contains(args, ""):
		return nil, cli.EmptyName()
	case cmd.Flags().Changed("profile") && len(args) > 0:
		return nil, cli.Usagef("unexpected argument %q: the profile is named before the command; the usage is: %s", args[0], cli.UsageLine(cmd))
	case cmd.Flags().Changed("profile"):
		return []string{a.flags.profile}, needName(a, cmd)
	}
	return args, nil
}

// errFindings says that lint has found an error. The command has not failed.
var errFindings = fmt.Errorf("lint has found errors: %w", errDiffers)

func runLint(ctx context.Context, s *session, typed []string) error {
	s.warnDocker()
	targets, err := s.names.Targets(typed)
	if err != nil {
		return err
	}
	options := lint.Options{}
	if len(typed) > 0 {
		options.Candidates = map[string]bool{}
	}
	for _, t := range targets {
		if len(t.Prefixes()) > 0 { // any may be meant
			options.Candidates = nil
			break
		}
		for _, id := range t.IDs() {
			options.Candidates[id] = true
		}
	}
	if s.names.Networks != nil {
		options.HasNetwork = s.names.HasNetwork
	}
	l := lint.New(options)
	view := s.store.View()
	if err := lintProfiles(ctx, s, view, l); err != nil {
		return err
	}
	if err := selectTargets(l, targets); err != nil {
		return err
	}
	if err := lintEndpoints(ctx, s, view, l); err != nil {
		return err
	}
	shown := names.Shown{Networks: s.names.Networks, There: names.IDs(l.Profiles())}
	return printFindings(s.app, l.Findings(lint.Names{Name: shown.Name, Misleads: shown.Misleads}))
}

func lintProfiles(ctx context.Context, s *session, view *store.View, l *lint.Linter) error {
	seen := tty.NewProgress(s.app.msg.Out, "profiles")
	defer seen.End()
	return view.List(ctx, func(id string, p *profile.Profile, malformed error) error {
		seen.Add()
		if why := (*profile.MalformedError)(nil); errors.As(malformed, &why) {
			l.AddMalformedProfile(id, why)
		} else {
			l.AddProfile(p)
		}
		return ctx.Err()
	})
}

// selectTargets selects the profiles that names mean, now that it is known which
// profiles there are.
func selectTargets(l *lint.Linter, targets []names.Target) error {
	if len(targets) == 0 {
		return nil
	}
	var ids []string
	for _, t := range targets {
		id, err := t.Existing(names.IDs(l.Profiles()))
		if err != nil {
			return err
		}
		ids = append(ids, id)
	}
	l.Select(ids...)
	return nil
}

func lintEndpoints(ctx context.Context, s *session, view *store.View, l *lint.Linter) error {
	seen := tty.NewProgress(s.app.msg.Out, "endpoints")
	defer seen.End()
	return view.EachEndpoint(ctx, func(e resource.Endpoint, malformed error) error {
		seen.Add()
		if why := (*profile.MalformedError)(nil); errors.As(malformed, &why) {
			l.AddMalformedEndpoint(e, why)
		} else {
			l.AddEndpoint(e)
		}
		return nil
	})
}

// printFindings prints them; the error is errFindings if one is an error.
func printFindings(a *app, list []lint.Finding) error {
	if err := a.out.Print(lint.Text(list), list); err != nil {
		return err
	}
	if slices.ContainsFunc(list, func(f lint.Finding) bool { return f.Level == lint.Error }) {
		return errFindings
	}
	return nil
}
