package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/calicoctl/calicoctl/internal/names"
	"github.com/calicoctl/calicoctl/internal/printable"
	"github.com/calicoctl/calicoctl/internal/render"
	"github.com/calicoctl/calicoctl/internal/textfile"
	"github.com/calicoctl/calicoctl/pkg/fault"
	"github.com/calicoctl/calicoctl/pkg/profile"
	"github.com/calicoctl/calicoctl/pkg/rules"
	"github.com/calicoctl/calicoctl/pkg/store"
)

func ruleJSONCommand(a *app) *cobra.Command {
	return &cobra.Command{
		Use:         "json",
		Short:       "Print the rules as the JSON document of calicoctl 0.x",
		Annotations: map[string]string{"usage": "calicoctl profile NAME rule json [flags]"},
		Long: `Prints the rules of a profile as a rules document, the JSON of calicoctl 0.x that
"rule update" reads. It is refused when a rule has criteria that the document
cannot hold, because reading it back would widen the rule. The key "calicoctl",
which calicoctl 0.x ignores, says of which profile and revision it is.`,
		Example: "  calicoctl profile databases rule json > databases.json",
		Args:    noWords,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := needName(a, cmd); err != nil {
				return err
			}
			return inSession(cmd.Context(), a, func(ctx context.Context, s *session) error {
				return showWith(ctx, s, store.Query{Cluster: true}, func(snap *store.Snapshot, p *profile.Profile, shown names.Shown) error {
					return printDocument(a, snap, p, shown)
				})
			})
		},
	}
}

func printDocument(a *app, snap *store.Snapshot, p *profile.Profile, names names.Shown) error {
	var beyond, misleading []string
	named := func(d rules.Direction) []rules.Rule {
		list := *p.Rules(d)
		out := make([]rules.Rule, len(list))
		for i, r := range list {
			out[i] = r.Rule.MapTags(names.Name)
			if slices.ContainsFunc(r.Rule.Tags(), names.Misleads) {
				misleading = append(misleading, fmt.Sprintf("%s rule %d (%s)", d, i+1, rules.Format(out[i])))
			}
			if _, err := rules.EncodeV1(r.Rule); err != nil {
				beyond = append(beyond, fmt.Sprintf("%s rule %d (%s)", d, i+1, rules.Format(out[i])))
			}
		}
		return out
	}
	inbound, outbound := named(rules.Inbound), named(rules.Outbound)
	if len(beyond) > 0 {
		return fault.Refusedf("the document of calicoctl 0.x cannot hold %s; see rule show -o json", someOf(beyond))
	}
	if len(misleading) > 0 {
		return fault.Refusedf("%s: the tag has the name of a Docker network but is not the network's, so it would be read back as another; "+
			"add --literal here and to rule update", someOf(misleading))
	}
	document, err := rules.FormatDocumentV1(inbound, outbound, originOf(snap, p, names))
	if err != nil {
		return err
	}
	document = render.EscapeControls(document)
	return a.out.Print(string(document), json.RawMessage(document))
}

// someOf joins the first of a list, and tells how many more there are.
func someOf(list []string) string {
	const most = 20
	if more := len(list) - most; more > 0 {
		return strings.Join(list[:most], ", ") + fmt.Sprintf(" and %d more", more)
	}
	return strings.Join(list, ", ")
}

// maxInput is more than any profile can hold.
const maxInput = 16 << 20

// readInput is readFile, but ends with the context, however long the other end
// of a pipe is silent.
func (a *app) readInput(ctx context.Context, name string) ([]byte, error) {
	type result struct {
		content []byte
		err     error
	}
	read := make(chan result, 1)
	go func() {
		content, err := a.readFile(name)
		read <- result{content, err}
	}()
	select {
	case r := <-read:
		return r.content, r.err
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// readFile reads a file, or standard input when it is "-", in whichever encoding
// it is, and returns it in UTF-8.
func (a *app) readFile(name string) ([]byte, error) {
	source := a.stdin
	if name != "-" {
		f, err := os.Open(name)
		if err != nil {
			return nil, errors.New(printable.Text(err.Error()))
		}
		defer f.Close()
		source = f
	}
	content, err := io.ReadAll(io.LimitReader(source, maxInput+1))
	switch {
	case err != nil:
		return nil, err
	case len(content) > maxInput:
		return nil, fmt.Errorf("%s is longer than %d bytes", inputName(name), maxInput)
	}
	if content, err = textfile.UTF8(content); err != nil {
		return nil, usagef("%s cannot be read: %v", inputName(name), err)
	}
	return content, nil
}

// inputName is the name of a file, or of standard input, in messages.
func inputName(name string) string {
	if name == "-" {
		return "standard input"
	}
	return printable.Text(name)
}
