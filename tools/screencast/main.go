// Command screencast plays the walkthrough of README.md on an etcd of its own, and
// writes what is typed and printed as a moving picture: an SVG that a browser plays
// without anything else. The picture depends on the words alone, so that it is the
// same each time.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"strings"
	"unicode/utf8"

	"github.com/calicoctl/calicoctl/internal/testkit/console"
	"github.com/calicoctl/calicoctl/internal/testkit/embedetcd"
)

func main() {
	embedetcd.Quiet()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	err := run(ctx, os.Args[1:])
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "screencast:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, args []string) error {
	flags := flag.NewFlagSet("screencast", flag.ContinueOnError)
	document := flags.String("document", "README.md", "the `FILE` that holds the walkthrough")
	programs := flags.String("programs", "bin", "the `DIR` that calicoctl is in")
	output := flags.String("output", "docs/walkthrough.svg", "the `FILE` to write")
	switch err := flags.Parse(args); {
	case err != nil:
		return err
	case flags.NArg() > 0:
		return fmt.Errorf("unexpected word %q", flags.Arg(0))
	}
	text, err := os.ReadFile(*document)
	if err != nil {
		return err
	}
	shown, err := walkthrough(string(text))
	if err != nil {
		return fmt.Errorf("%s: %w", *document, err)
	}
	recorded, err := record(ctx, *programs, shown)
	if err != nil {
		return err
	}
	shown = console.Visible(shown)
	for i, s := range recorded {
		if s.Output != shown[i].Output {
			return fmt.Errorf("%s is not true: $ %s\nprints\n%s", *document, s.Command, s.Output)
		}
	}
	return os.WriteFile(*output, []byte(picture(recorded)), 0o644)
}

// walkthrough returns the steps of the section of that name.
func walkthrough(document string) ([]console.Step, error) {
	_, section, found := strings.Cut(document, "\n## Walkthrough\n")
	section, _, _ = strings.Cut(section, "\n## ")
	steps := console.Steps(section)
	if !found || len(steps) == 0 {
		return nil, errors.New("there is no section Walkthrough with commands")
	}
	for _, s := range steps {
		for line := range strings.Lines("$ " + s.Command + "\n" + s.Output) {
			if utf8.RuneCountInString(strings.TrimSuffix(line, "\n")) > columns || strings.Contains(s.Command, "\n") {
				return nil, fmt.Errorf("a line does not fit on the screen: %s", line)
			}
		}
	}
	return steps, nil
}
