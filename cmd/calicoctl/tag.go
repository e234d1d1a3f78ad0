package main

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/calicoctl/calicoctl/internal/names"
	"github.com/calicoctl/calicoctl/internal/printable"
	"github.com/calicoctl/calicoctl/internal/render"
	"github.com/calicoctl/calicoctl/pkg/fault"
	"github.com/calicoctl/calicoctl/pkg/profile"
	"github.com/calicoctl/calicoctl/pkg/rules"
)

func tagCommand(a *app) *cobra.Command {
	cmd := &cobra.Command{
		Use:         "tag",
		Short:       "Read and change the tags of a profile",
		Annotations: map[string]string{"usage": "calicoctl profile NAME tag COMMAND"},
		Long: `Reads and changes the tags that a profile gives its endpoints; "from tag T" in a
rule matches the endpoints of every profile that carries T.`,
		Args: unknownCommand,
		RunE: func(cmd *cobra.Command, _ []string) error { return missingCommand(cmd) },
	}
	cmd.AddCommand(tagShowCommand(a), tagAddCommand(a), tagRemoveCommand(a))
	return cmd
}

func tagShowCommand(a *app) *cobra.Command {
	return &cobra.Command{
		Use:         "show",
		Short:       "List the tags of a profile, sorted, one per line",
		Annotations: map[string]string{"usage": "calicoctl profile NAME tag show [flags]"},
		Example:     "  calicoctl profile databases tag show",
		Args:        noWords,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := needName(a, cmd); err != nil {
				return err
			}
			return a.show(cmd.Context(), func(p *profile.Profile, names names.Shown) error {
				tags := []string{}
				for _, t := range p.Tags() {
					if names.Misleads(t) {
						a.warn("the tag %s is not that of the Docker network %s; --literal means it as shown", t, t)
					}
					tags = append(tags, names.Name(t))
				}
				slices.Sort(tags)
				var text strings.Builder
				for _, t := range tags {
					text.WriteString(printable.Text(t) + "\n")
				}
				view := render.TagsView{Profile: names.Name(p.ID), ID: p.ID, Layout: p.Layout, Revision: p.Revision, Tags: tags}
				return a.out.Print(text.String(), view)
			})
		},
	}
}

func tagAddCommand(a *app) *cobra.Command {
	e := &ruleEdit{app: a}
	cmd := &cobra.Command{
		Use:         "add",
		Short:       "Put a tag on a profile",
		Annotations: map[string]string{"usage": "calicoctl profile NAME tag add TAG [flags]"},
		Example:     "  calicoctl profile databases tag add backup",
		RunE: func(cmd *cobra.Command, args []string) error {
			tag, err := e.readTag(cmd, args)
			if err != nil {
				return err
			}
			return e.addTag(cmd.Context(), tag)
		},
	}
	e.addEditFlags(cmd)
	return cmd
}

func tagRemoveCommand(a *app) *cobra.Command {
	e := &ruleEdit{app: a}
	cmd := &cobra.Command{
		Use:         "remove",
		Short:       "Take a tag off a profile",
		Annotations: map[string]string{"usage": "calicoctl profile NAME tag remove TAG [flags]"},
		Example:     "  calicoctl profile databases tag remove backup",
		RunE: func(cmd *cobra.Command, args []string) error {
			tag, err := e.readTag(cmd, args)
			if err != nil {
				return err
			}
			return e.removeTag(cmd.Context(), tag)
		},
	}
	e.addEditFlags(cmd)
	return cmd
}

// readTag takes the tag from the command line.
func (e *ruleEdit) readTag(cmd *cobra.Command, args []string) (string, error) {
	if err := e.checkEditFlags(cmd); err != nil {
		return "", err
	}
	switch {
	case len(args) == 0:
		return "", usagef("which tag? The usage is: %s", usageLine(cmd))
	case len(args) > 1:
		return "", usagef("unexpected word %q; the usage is: %s", args[1], usageLine(cmd))
	case !rules.IsName(args[0]):
		return "", usagef("%q is not the name of a tag (letters, digits, ., _ and -)", args[0])
	}
	return args[0], nil
}

// ruleOf wraps a tag so that it is looked up as the tag of a rule is.
func ruleOf(tag string) rules.Rule {
	return rules.Rule{From: rules.Entity{Tag: rules.Tag{Name: tag}}}
}

func (e *ruleEdit) addTag(ctx context.Context, tag string) error {
	added := false
	result, err := e.edit(ctx, ruleOf(tag), false, func(p *profile.Profile, r rules.Rule) (err error) {
		added, err = profile.AddTag(p, r.From.Tag.Name)
		return err
	})
	if err != nil {
		return err
	}
	text := fmt.Sprintf("Tag %s added to profile %s\n", tag, printable.Text(e.app.profile))
	if !added {
		text = fmt.Sprintf("Tag %s is already on profile %s\n", tag, printable.Text(e.app.profile))
	}
	return e.edited(text, e.app.profile, result)
}

func (e *ruleEdit) removeTag(ctx context.Context, tag string) error {
	result, err := e.edit(ctx, ruleOf(tag), false, func(p *profile.Profile, r rules.Rule) error {
		if !profile.RemoveTag(p, r.From.Tag.Name) {
			return fault.Refusedf("Tag %s is not on profile %s", tag, printable.Text(e.app.profile))
		}
		return nil
	})
	if err != nil {
		return err
	}
	text := fmt.Sprintf("Tag %s removed from profile %s\n", tag, printable.Text(e.app.profile))
	return e.edited(text, e.app.profile, result)
}
