package main

import (
	"context"
	"errors"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"github.com/calicoctl/calicoctl/internal/cli"
	"github.com/calicoctl/calicoctl/internal/names"
	"github.com/calicoctl/calicoctl/internal/past"
	"github.com/calicoctl/calicoctl/pkg/profile"
	"github.com/calicoctl/calicoctl/pkg/rules"
)

// completeRule completes the next word of a rule. Where a value must stand, a
// shell that can shows what kind.
func completeRule(a *app, cmd *cobra.Command, words []string, typed string) ([]cobra.Completion, cobra.ShellCompDirective) {
	typed, bang := strings.CutPrefix(typed, "!")
	sign := ""
	if bang {
		words, sign = append(words[:len(words):len(words)], "not"), "!"
	}
	could := rules.Expect(words)
	if could.Tag {
		return completeTag(a, cmd, typed), noFiles
	}
	var list []cobra.Completion
	for _, word := range beginning(could.Words, typed) {
		list = append(list, sign+word)
	}
	if could.Value != "" {
		list = cobra.AppendActiveHelp(list, could.Value)
	}
	return list, keepOrder
}

// completeTag completes the name of a tag. What is taken off a profile, it must
// carry; what is put on it, it must not.
func completeTag(a *app, cmd *cobra.Command, typed string) []cobra.Completion {
	ofProfile := cmd.Parent().Name() == "tag"
	return lookUp(cmd, a, func(ctx context.Context, s *session) (tags suggestions, err error) {
		carried := suggestions{}
		if ofProfile {
			err = show(ctx, s, func(p *profile.Profile, names names.Shown) error {
				for _, tag := range p.Tags() {
					carried.add(names.Name(tag), "")
				}
				return nil
			})
		}
		if ofProfile && cmd.Name() == "remove" {
			return carried, err
		}
		tags, err = knownTags(ctx, s)
		for tag := range carried {
			delete(tags, tag)
		}
		return tags, err
	}).sorted(typed)
}

// knownTags returns what may stand for a tag: the names of Docker networks and of
// profiles, and what profiles carry. With an error, those that it has found.
func knownTags(ctx context.Context, s *session) (suggestions, error) {
	var words []string
	seen := 0
	err := s.store.List(ctx, func(id string, p *profile.Profile, _ error) error {
		words = append(words, id)
		if p != nil {
			words = append(words, p.Tags()...)
		}
		if seen++; seen == maxOffered {
			return past.ErrStop
		}
		return nil
	})
	if errors.Is(err, past.ErrStop) {
		err = nil
	}
	tags := suggestions{}
	names, nerr := s.names.ShownOf(ctx, s.store, words)
	for _, word := range words {
		name := word
		if nerr == nil {
			name = names.Name(word)
		}
		tags.add(name, aboutName(name, word, ""))
	}
	return tags, errors.Join(err, nerr)
}

// isOfRules reports whether a command is about the rules of a direction, which it
// says first, so that a number is the position of one.
func isOfRules(cmd *cobra.Command) bool {
	slots := cli.Slots(cmd)
	return len(slots) > 0 && slots[0] == "inbound|outbound"
}

// completePosition completes the position of a rule, and shows the rule.
func completePosition(a *app, cmd *cobra.Command, args []string, typed string) ([]cobra.Completion, cobra.ShellCompDirective) {
	d, _, err := direction(cmd, args)
	if err != nil {
		return cobra.AppendActiveHelp(nil, "inbound or outbound must be first"), noFiles
	}
	list := lookUp(cmd, a, func(ctx context.Context, s *session) (list []cobra.Completion, err error) {
		err = show(ctx, s, func(p *profile.Profile, names names.Shown) error {
			for i, r := range *p.Rules(d) {
				list = append(list, cobra.CompletionWithDesc(strconv.Itoa(i+1), rules.Format(r.Rule.MapTags(names.Name))))
			}
			if cmd.Name() == "add" {
				list = append(list, cobra.CompletionWithDesc(strconv.Itoa(len(list)+1), "at the end"))
			}
			return nil
		})
		return list, err
	})
	return beginning(list, typed), keepOrder
}
