package main

import (
	"context"
	"slices"

	"github.com/calicoctl/calicoctl/internal/cli"

	"github.com/spf13/cobra"

	"github.com/calicoctl/calicoctl/internal/names"
	"github.com/calicoctl/calicoctl/internal/printable"
	"github.com/calicoctl/calicoctl/pkg/fault"
	"github.com/calicoctl/calicoctl/pkg/profile"
	"github.com/calicoctl/calicoctl/pkg/rules"
	"github.com/calicoctl/calicoctl/pkg/store"
)

// originOf returns the origin of a rules document that is made from a profile; nil for a
// profile that is not stored.
func originOf(snap *store.Snapshot, p *profile.Profile, shown names.Shown) *rules.Origin {
	if p.Revision == 0 {
		return nil
	}
	return &rules.Origin{Profile: shown.Name(p.ID), ID: p.ID, ClusterGUID: snap.ClusterGUID(), Revision: p.Revision}
}

// A ruleUpdate is a use of rule update.
type ruleUpdate struct {
	app   *app
	flags editFlags
	file  *listingFile
}

func ruleUpdateCommand(a *app) *cobra.Command {
	c := &ruleUpdate{app: a, file: &listingFile{app: a, name: "-"}}
	cmd := &cobra.Command{
		Use:         "update",
		Short:       "Replace all rules with a JSON document of calicoctl 0.x",
		Annotations: map[string]string{"usage": "calicoctl profile NAME rule update [-f FILE] [flags]"},
		Long: `Replaces all rules with the JSON document of calicoctl 0.x that "rule json" prints,
from stdin or a file. Both lists are required. If another client has changed the
profile since "rule json", or changes it at the same time, it is a conflict (exit
code 4). --force replaces the rules of an older revision. A document of another
profile or cluster, or of calicoctl 0.x, always replaces the rules. Removed rules
that the document may not have known are listed on stderr.`,
		Example: `  calicoctl profile databases rule update < databases.json
  calicoctl profile databases rule json | calicoctl profile copy-of-databases rule update`,
		Args: cli.NoArguments,
		RunE: c.run,
	}
	c.flags.add(cmd, a)
	c.file.addFlags(cmd)
	cmd.Flags().Lookup("force").Usage = "also replace later edits, and edit profiles of Kubernetes' controllers"
	cmd.Flags().Lookup("filename").Usage = "the document's `FILE`; - (the default) is stdin"
	return cmd
}

func (c *ruleUpdate) run(cmd *cobra.Command, args []string) error {
	if err := c.flags.check(cmd, c.app); err != nil {
		return err
	}
	if err := c.file.check(cmd, args); err != nil {
		return err
	}
	ctx, cancel := c.app.deadline(cmd.Context())
	defer cancel()
	content, err := c.app.io.readInput(ctx, c.file.name)
	if err != nil {
		return err
	}
	d := &rulesDocument{force: c.flags.force}
	if err := d.parse(content); err != nil {
		return fault.Refusedf("the rules document is wrong: %v", err)
	}
	ctx, s, err := open(ctx, c.app)
	if err != nil {
		return err
	}
	defer s.close()
	result, err := editProfile(ctx, s, c.flags, profileEdit{
		rules: slices.Concat(d.inbound, d.outbound), strict: true, once: true, change: d.change, check: d.check,
	})
	if err != nil {
		return err
	}
	if !d.known && !c.flags.dryRun {
		c.warnRemoved(ctx, s, result)
	}
	done := edited{name: c.app.flags.profile, result: result}
	if !c.flags.dryRun {
		done.text = "Successfully updated rules on profile " + printable.Text(done.name) + "\n"
	}
	return printEdit(ctx, s, c.flags, done)
}

// A rulesDocument is a rules document that replaces the rules of a profile.
type rulesDocument struct {
	inbound  []rules.Rule
	outbound []rules.Rule
	origin   *rules.Origin // nil when the document names none
	force    bool          // also if it was made from an older revision

	known bool // it was made from the profile as it stands
}

func (d *rulesDocument) parse(content []byte) (err error) {
	if d.inbound, d.outbound, err = rules.ParseDocumentV1(content); err != nil {
		return err
	}
	d.origin, err = rules.ParseOriginV1(content)
	return err
}

// change sets the lists to the rules of the document, with the tags to store.
func (d *rulesDocument) change(p *profile.Profile, now resolved) error {
	if err := profile.SetRules(p, rules.Inbound, now.rules[:len(d.inbound)]); err != nil {
		return err
	}
	return profile.SetRules(p, rules.Outbound, now.rules[len(d.inbound):])
}

// check rejects a change by a document that was made from an older revision of the
// profile. The revision in a document of another profile or cluster does not count.
func (d *rulesDocument) check(snap *store.Snapshot, p *profile.Profile) error {
	d.known = false
	if d.origin == nil || d.origin.ID != p.ID || d.origin.ClusterGUID != snap.ClusterGUID() {
		return nil
	}
	d.known = d.origin.Revision == p.Revision
	if d.known || d.force || !p.Changed() {
		return nil
	}
	return fault.Conflictf("profile %s is at revision %d, and the document was made from revision %d; "+
		"make it anew with rule json, or replace what has changed since with --force",
		printable.Text(p.ID), p.Revision, d.origin.Revision)
}

// warnRemoved names the rules that a document has removed which may not have known
// of them. A dry run shows them anyway.
func (c *ruleUpdate) warnRemoved(ctx context.Context, s *session, r store.Result) {
	if !r.Changed || r.Before == nil {
		return
	}
	var texts []string
	shown := s.saved(ctx, c.app.flags.profile, r.Before, r.Profile).Shown
	for _, d := range []rules.Direction{rules.Inbound, rules.Outbound} {
		for _, gone := range removedRules(*r.Before.Rules(d), *r.Profile.Rules(d)) {
			texts = append(texts, "removed "+string(d)+" rule: "+rules.Format(gone.Rule.MapTags(shown.Name)))
		}
	}
	s.app.msg.Each("profile "+printable.Text(c.app.flags.profile), texts)
}

// removedRules returns those of a list that are not in another one, by their stored
// bytes.
func removedRules(before, after []rules.Stored) (gone []rules.Stored) {
	left := map[string]int{}
	for _, r := range after {
		left[string(r.JSON)]++
	}
	for _, r := range before {
		if left[string(r.JSON)]--; left[string(r.JSON)] < 0 {
			gone = append(gone, r)
		}
	}
	return gone
}
