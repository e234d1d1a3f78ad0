package main

import (
	"context"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/calicoctl/calicoctl/pkg/rules"
	"github.com/calicoctl/calicoctl/pkg/store"
)

func (a *app) profileAddCommand() *cobra.Command {
	e := &ruleEdit{app: a}
	cmd := &cobra.Command{
		Use:   "add NAME",
		Short: "Create a profile",
		Long: `Creates a profile with the policy that a network begins with: from its own
endpoints everything may come in, and everything may go out. For the name of a
Docker network the profile is named by the network's ID, as Calico's network
driver does.`,
		Example: `  docker network create databases
  calicoctl profile add databases`,
		Args: oneName,
		RunE: func(cmd *cobra.Command, args []string) error { return e.create(cmd.Context(), args[0]) },
	}
	cmd.Flags().BoolVar(&e.force, "force", false, "also create profiles that Kubernetes' controllers maintain (kns.*, ksa.*)")
	return cmd
}

// oneName makes sure that there is one word and that it is not empty.
func oneName(cmd *cobra.Command, args []string) error {
	switch {
	case len(args) == 0:
		return usagef("which profile? The usage is: %s", usageLine(cmd))
	case len(args) > 1:
		return usagef("unexpected word %q behind the name %q; for a profile called %s, say --profile=%s",
			args[1], args[0], cmd.Name(), cmd.Name())
	case args[0] == "":
		return usagef("empty profile name; is a shell variable empty?")
	}
	return nil
}

func (e *ruleEdit) create(ctx context.Context, name string) error {
	ctx, cancel := e.deadline(ctx)
	defer cancel()
	s, err := e.connect(ctx)
	if err != nil {
		return err
	}
	defer s.close()
	if err := s.needDocker(name); err != nil {
		return err
	}
	t, err := s.target(name)
	if err != nil {
		return err
	}
	result, err := s.store.Update(ctx, nil, store.Edit{
		Query:  store.Query{Profiles: t.ids(), Lock: true, V1: true},
		Pick:   t.create,
		Force:  e.force,
		Change: func(*store.Snapshot, *store.Profile) error { return nil },
	})
	if err != nil {
		return err
	}
	text := fmt.Sprintf("Profile %s already exists.\n", rules.Printable(name))
	if result.Changed {
		text = fmt.Sprintf("Created profile %s\n", rules.Printable(name))
	}
	return e.print(text, editJSON(name, result))
}

// create returns the profile that is there, or a new one. It refuses to make
// the second of a pair that no name could tell apart.
func (t target) create(snap *store.Snapshot) (*store.Profile, error) {
	if snap.Has(t.newID()) {
		return snap.Profile(t.newID())
	}
	if t.newID() != t.word && snap.Has(t.word) {
		return nil, store.Refusedf("there is already a profile called %s, and a second one for the Docker network of that name (%s) "+
			"could not be told from it", rules.Printable(t.word), t.newID())
	}
	return store.NewProfile(t.newID())
}
