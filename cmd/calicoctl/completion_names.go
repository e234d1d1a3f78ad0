package main

import (
	"context"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/calicoctl/calicoctl/pkg/profile"
	"github.com/calicoctl/calicoctl/pkg/resolve"
	"github.com/calicoctl/calicoctl/pkg/rules"
)

// maxOffered is how many profiles are read for a word, of which more than a few
// are of no use to anybody.
const maxOffered = 1000

// suggestions are words and what is said of each. Those that a shell might read
// as something else, such as a name with a blank, are left out.
type suggestions map[string]string

func (s suggestions) add(word, about string) {
	if rules.IsName(word) && word[0] != '-' && s[word] == "" {
		s[word] = about
	}
}

// sorted returns the words that begin as what is typed.
func (s suggestions) sorted(typed string) []cobra.Completion {
	var list []cobra.Completion
	for word, about := range s {
		if strings.HasPrefix(word, typed) {
			list = append(list, cobra.CompletionWithDesc(word, about))
		}
	}
	slices.Sort(list)
	return list
}

// completeProfile completes the NAME behind the word profile, where its commands
// may stand, too.
func completeProfile(a *app, cmd *cobra.Command, args []string, typed string) ([]cobra.Completion, cobra.ShellCompDirective) {
	if a.flags.profile != "" || len(args) > 0 {
		return nil, noFiles
	}
	names := lookUp(cmd, a, func(ctx context.Context, s *session) (suggestions, error) { return profileNames(ctx, s, typed) })
	for _, c := range cmd.Commands() {
		delete(names, c.Name()) // a command is meant, unless --profile says it
	}
	return names.sorted(typed), noFiles
}

// completeName completes the NAME of a profile, none for the second time.
func completeName(a *app, cmd *cobra.Command, args []string, typed string) ([]cobra.Completion, cobra.ShellCompDirective) {
	names := lookUp(cmd, a, func(ctx context.Context, s *session) (suggestions, error) { return profileNames(ctx, s, typed) })
	for _, said := range args {
		delete(names, said)
	}
	return names.sorted(typed), noFiles
}

// completeNewName completes the names of Docker networks that have no profile.
func completeNewName(a *app, cmd *cobra.Command, args []string, typed string) ([]cobra.Completion, cobra.ShellCompDirective) {
	if a.flags.profile != "" || len(args) > 0 {
		return nil, noFiles
	}
	return lookUp(cmd, a, func(ctx context.Context, s *session) (suggestions, error) {
		return newNames(ctx, s, typed)
	}).sorted(typed), noFiles
}

// completeOldName completes the names of profiles in the layout of calicoctl 0.x.
func completeOldName(a *app, cmd *cobra.Command, args []string, typed string) ([]cobra.Completion, cobra.ShellCompDirective) {
	if len(args) > 0 {
		return nil, noFiles
	}
	return lookUp(cmd, a, func(ctx context.Context, s *session) (suggestions, error) {
		list, err := s.store.IDs(ctx, typed, maxOffered)
		names := suggestions{}
		for _, listed := range list {
			if listed.Layout == profile.V1 {
				names.add(listed.ID, "")
			}
		}
		return names, err
	}).sorted(typed), noFiles
}

// networksLike returns the Docker networks whose names begin so.
func networksLike(s *session, typed string) []resolve.Network {
	list := slices.DeleteFunc(s.names.Networks.All(), func(n resolve.Network) bool { return !strings.HasPrefix(n.Name, typed) })
	return list[:min(len(list), maxOffered)]
}

// profileNames returns the names of profiles that begin so, each as it is shown:
// a network's name where it leads to the profile. An ID is offered where nothing
// else begins so.
func profileNames(ctx context.Context, s *session, typed string) (suggestions, error) {
	listed, err := s.store.IDs(ctx, typed, maxOffered)
	if err != nil {
		return nil, err
	}
	networks := networksLike(s, typed)
	var words []string
	for _, l := range listed {
		words = append(words, l.ID)
	}
	for _, n := range networks {
		words = append(words, n.ProfileID())
	}
	shown, err := s.names.ShownOf(ctx, s.store, words)
	if err != nil {
		return nil, err
	}
	names, ids := suggestions{}, suggestions{}
	for _, l := range listed {
		about, _, _ := networksOf(s, l.ID)
		if l.Layout == profile.V1 {
			about = "in the layout of calicoctl 0.x"
		}
		ids.add(l.ID, about)
		if name := shown.Name(l.ID); strings.HasPrefix(name, typed) {
			names.add(name, aboutName(name, l.ID, about))
		}
	}
	for _, n := range networks {
		id := n.ProfileID()
		switch {
		case shown.Leads(n):
			names.add(n.Name, "Docker network")
		case shown.Has(id):
			names.add(id, "")
		}
	}
	if strings.HasPrefix(profile.DefaultAllow, typed) {
		names.add(profile.DefaultAllow, "built into Calico")
	}
	if len(names) == 0 {
		return ids, nil
	}
	return names, nil
}

// aboutName says that a name stands for a network's ID.
func aboutName(name, id, about string) string {
	if name != id {
		return "Docker network"
	}
	return about
}

// newNames returns the names of Docker networks without a profile. Those that
// every engine has are none of Calico's.
func newNames(ctx context.Context, s *session, typed string) (suggestions, error) {
	var ids []string
	networks := networksLike(s, typed)
	for _, n := range networks {
		ids = append(ids, n.ProfileID())
	}
	shown, err := s.names.ShownOf(ctx, s.store, ids)
	if err != nil {
		return nil, err
	}
	names := suggestions{}
	for _, n := range networks {
		_, leads := s.names.Networks.Name(n.ID)
		own := n.Name == "bridge" || n.Name == "host" || n.Name == "none"
		if leads && !own && !shown.Has(n.ProfileID()) && !shown.Has(n.Name) {
			names.add(n.Name, "Docker network")
		}
	}
	return names, nil
}
