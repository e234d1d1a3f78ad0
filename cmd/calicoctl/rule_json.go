package main

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/calicoctl/calicoctl/internal/cli"

	"github.com/spf13/cobra"

	"github.com/calicoctl/calicoctl/internal/names"
	"github.com/calicoctl/calicoctl/internal/render"
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
		Long: `Prints the rules as the JSON document of calicoctl 0.x that "rule update" reads. Fails
if the document cannot hold a rule. The key "calicoctl" has the profile and the
revision. calicoctl 0.x ignores it.`,
		Example: "  calicoctl profile databases rule json > databases.json",
		Args:    cli.NoArguments,
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
	var unsupported, misleading []string
	named := func(d rules.Direction) []rules.Rule {
		list := *p.Rules(d)
		out := make([]rules.Rule, len(list))
		for i, r := range list {
			out[i] = r.Rule.MapTags(names.Name)
			if slices.ContainsFunc(r.Rule.Tags(), names.Misleads) {
				misleading = append(misleading, fmt.Sprintf("%s rule %d (%s)", d, i+1, rules.Format(out[i])))
			}
			if _, err := rules.EncodeV1(r.Rule); err != nil {
				unsupported = append(unsupported, fmt.Sprintf("%s rule %d (%s)", d, i+1, rules.Format(out[i])))
			}
		}
		return out
	}
	inbound, outbound := named(rules.Inbound), named(rules.Outbound)
	if len(unsupported) > 0 {
		return fault.Refusedf("the document of calicoctl 0.x cannot hold %s; see rule show -o json", someOf(unsupported))
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
