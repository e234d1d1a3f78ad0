package main

import (
	"fmt"
	"slices"
	"strings"

	"github.com/calicoctl/calicoctl/internal/cli"

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
		Short:       "Read and edit the tags of a profile",
		Annotations: map[string]string{"usage": "calicoctl profile NAME tag COMMAND"},
		Long: `Reads and changes the tags of a profile. "from tag T" in a rule matches the endpoints
of all profiles with the tag T.`,
		Args: cli.UnknownCommand,
		RunE: func(cmd *cobra.Command, _ []string) error { return cli.MissingCommand(cmd) },
	}
	cmd.AddCommand(tagShowCommand(a), tagAddCommand(a), tagRemoveCommand(a))
	return cmd
}

func tagShowCommand(a *app) *cobra.Command {
	return &cobra.Command{
		Use:         "show",
		Short:       "List the tags of a profile, one per line",
		Annotations: map[string]string{"usage": "calicoctl profile NAME tag show [flags]"},
		Example:     "  calicoctl profile databases tag show",
		Args:        cli.NoArguments,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := needName(a, cmd); err != nil {
				return err
			}
			return showProfile(cmd.Context(), a, func(p *profile.Profile, names names.Shown) error {
				tags := []string{}
				for _, t := range p.Tags() {
					if names.Misleads(t) {
						a.msg.Printf("the tag %s is not that of the Docker network %s; --literal means it as shown", t, t)
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

// A tagEdit is a use of tag add or tag remove.
type tagEdit struct {
	app   *app
	flags editFlags
}

func tagAddCommand(a *app) *cobra.Command {
	c := &tagEdit{app: a}
	cmd := &cobra.Command{
		Use:         "add",
		Short:       "Add a tag to a profile",
		Annotations: map[string]string{"usage": "calicoctl profile NAME tag add TAG [flags]"},
		Example:     "  calicoctl profile databases tag add backup",
		RunE:        c.add,
	}
	c.flags.add(cmd, a)
	return cmd
}

func tagRemoveCommand(a *app) *cobra.Command {
	c := &tagEdit{app: a}
	cmd := &cobra.Command{
		Use:         "remove",
		Short:       "Remove a tag from a profile",
		Annotations: map[string]string{"usage": "calicoctl profile NAME tag remove TAG [flags]"},
		Example:     "  calicoctl profile databases tag remove backup",
		RunE:        c.remove,
	}
	c.flags.add(cmd, a)
	return cmd
}

func (c *tagEdit) add(cmd *cobra.Command, args []string) error {
	added := false
	text := func(tag, profile string) string {
		if !added {
			return fmt.Sprintf("Tag %s is already on profile %s\n", tag, profile)
		}
		return fmt.Sprintf("Tag %s added to profile %s\n", tag, profile)
	}
	return c.run(cmd, args, text, func(p *profile.Profile, now resolved) (err error) {
		added, err = profile.AddTag(p, now.tags[0])
		return err
	})
}

func (c *tagEdit) remove(cmd *cobra.Command, args []string) error {
	text := func(tag, profile string) string { return fmt.Sprintf("Tag %s removed from profile %s\n", tag, profile) }
	return c.run(cmd, args, text, func(p *profile.Profile, now resolved) error {
		if !profile.RemoveTag(p, now.tags[0]) {
			return fault.Refusedf("Tag %s is not on profile %s", args[0], printable.Text(c.app.flags.profile))
		}
		return nil
	})
}

// run edits the profile, and prints the text about the tag and the profile.
func (c *tagEdit) run(cmd *cobra.Command, args []string, text func(tag, profile string) string,
	change func(*profile.Profile, resolved) error,
) error {
	if err := c.flags.check(cmd, c.app); err != nil {
		return err
	}
	tag, err := readTag(cmd, args)
	if err != nil {
		return err
	}
	ctx, s, err := open(cmd.Context(), c.app)
	if err != nil {
		return err
	}
	defer s.close()
	result, err := editProfile(ctx, s, c.flags, profileEdit{tags: []string{tag}, change: change})
	if err != nil {
		return err
	}
	name := c.app.flags.profile
	return printEdit(ctx, s, c.flags, edited{name: name, result: result, text: text(tag, printable.Text(name))})
}

// readTag takes the tag from the command line.
func readTag(cmd *cobra.Command, args []string) (string, error) {
	switch {
	case len(args) == 0:
		return "", cli.Missing(cmd, "tag")
	case len(args) > 1:
		return "", cli.Unexpected(cmd, args[1])
	case !rules.IsName(args[0]):
		return "", cli.Usagef("%q is not the name of a tag (letters, digits, ., _ and -)", args[0])
	}
	return args[0], nil
}
