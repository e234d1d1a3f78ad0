package main

import (
	"context"
	"errors"
	"fmt"

	"github.com/calicoctl/calicoctl/internal/cli"

	"github.com/spf13/cobra"

	"github.com/calicoctl/calicoctl/pkg/rules"
)

// A listingFile is the file of listings, or the document, that a command reads.
type listingFile struct {
	app   *app
	names []string // as they were given
	name  string   // "-" is stdin; at first, the one that is read if none is given
}

func (f *listingFile) addFlags(cmd *cobra.Command) {
	cmd.Flags().StringArrayVarP(&f.names, "filename", "f", nil, "the listing's `FILE`; - is stdin")
}

// check makes sure that there is one file, and that it is not an argument.
func (f *listingFile) check(cmd *cobra.Command, args []string) error {
	if len(f.names) > 0 {
		f.name = f.names[0]
	}
	switch {
	case f.name == "" && len(args) == 1:
		return cli.Usagef("to read the file %q, use -f %s", args[0], args[0])
	case len(args) > 0:
		return cli.Unexpected(cmd, args[0])
	case len(f.names) > 1:
		return cli.Usagef("-f names one file, not both %q and %q", f.names[0], f.names[1])
	case f.name == "":
		return cli.Missing(cmd, "file")
	}
	return f.app.confirmation.needsInput(f.name == "-")
}

// profiles reads a file of profiles.
func (f *listingFile) profiles(ctx context.Context) ([]rules.ProfileListing, error) {
	text, err := f.app.io.readInput(ctx, f.name)
	if err != nil {
		return nil, err
	}
	list, err := rules.ParseProfiles(string(text), rules.AsStored)
	return list, f.wrong(err)
}

// listing reads a file that holds the rules of one profile.
func (f *listingFile) listing(ctx context.Context) (rules.ProfileListing, error) {
	text, err := f.app.io.readInput(ctx, f.name)
	if err != nil {
		return rules.ProfileListing{}, err
	}
	l, err := rules.ParseRevisedListing(string(text), rules.AsStored)
	return l, f.wrong(err)
}

func (f *listingFile) wrong(err error) error {
	var place *rules.ListingError
	if !errors.As(err, &place) {
		return err
	}
	return &fileError{file: f.shownName(), place: place}
}

func (f *listingFile) shownName() string { return inputName(f.name) }

// A fileError says what is wrong with a line of a file.
type fileError struct {
	file  string // empty where it is clear which
	place *rules.ListingError
}

func (e *fileError) Error() string { return fmt.Sprintf("%s: %v", e.where(), e.place.Err) }

func (e *fileError) Unwrap() error { return e.place }

func (e *fileError) where() string {
	line := fmt.Sprintf("line %d", e.place.Line)
	if e.file == "" {
		return line
	}
	return e.file + ", " + line
}
