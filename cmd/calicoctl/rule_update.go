package main

import (
	"context"
	"slices"

	"github.com/calicoctl/calicoctl/internal/names"
	"github.com/calicoctl/calicoctl/internal/printable"
	"github.com/calicoctl/calicoctl/pkg/fault"
	"github.com/calicoctl/calicoctl/pkg/profile"
	"github.com/calicoctl/calicoctl/pkg/rules"
	"github.com/calicoctl/calicoctl/pkg/store"
)

// originOf returns what a rules document says of the profile that it is made from;
// nil for one that is not stored.
func originOf(snap *store.Snapshot, p *profile.Profile, shown names.Shown) *rules.Origin {
	if p.Revision == 0 {
		return nil
	}
	return &rules.Origin{Profile: shown.Name(p.ID), ID: p.ID, ClusterGUID: snap.ClusterGUID(), Revision: p.Revision}
}

// A documentUpdate replaces the rules of a profile by those of a rules document.
type documentUpdate struct {
	ruleEdit *ruleEdit
	inbound  []rules.Rule
	outbound []rules.Rule
	origin   *rules.Origin // nil when the document names none

	known bool // the document was made from the profile as it stands
}

func (u *documentUpdate) parse(document []byte) (err error) {
	if u.inbound, u.outbound, err = rules.ParseDocumentV1(document); err != nil {
		return err
	}
	u.origin, err = rules.ParseOriginV1(document)
	return err
}

func (u *documentUpdate) run(ctx context.Context) error {
	e := u.ruleEdit
	all := slices.Concat(u.inbound, u.outbound)
	var result store.Result
	err := e.app.inSession(ctx, func(ctx context.Context, s *session) (err error) {
		result, err = e.editIn(ctx, s, all, editOptions{strict: true, once: true, check: u.check}, u.change)
		if err != nil {
			return s.names.InError(ctx, s.store, err, nil)
		}
		u.warnRemoved(ctx, s, result)
		return e.dry.look(ctx, s, e.app.profile, result)
	})
	if err != nil {
		return err
	}
	text := "Successfully updated rules on profile " + printable.Text(e.app.profile) + "\n"
	if e.dry.only {
		text = ""
	}
	return e.edited(text, e.app.profile, result)
}

// change sets the lists to the rules of the document, with the tags to store.
func (u *documentUpdate) change(p *profile.Profile, resolved []rules.Rule) error {
	if err := profile.SetRules(p, rules.Inbound, resolved[:len(u.inbound)]); err != nil {
		return err
	}
	return profile.SetRules(p, rules.Outbound, resolved[len(u.inbound):])
}

// check refuses a change by a document that was made from an older revision of the
// profile. What a document of another profile or cluster says of its revision
// means nothing here.
func (u *documentUpdate) check(snap *store.Snapshot, p *profile.Profile) error {
	u.known = false
	if u.origin == nil || u.origin.ID != p.ID || u.origin.ClusterGUID != snap.ClusterGUID() {
		return nil
	}
	u.known = u.origin.Revision == p.Revision
	if u.known || u.ruleEdit.force || !p.Changed() {
		return nil
	}
	return fault.Conflictf("profile %s is at revision %d, and the document was made from revision %d; "+
		"make it anew with rule json, or replace what has changed since with --force",
		printable.Text(p.ID), p.Revision, u.origin.Revision)
}

// warnRemoved names the rules that a document has removed which may not have known
// of them. A dry run shows them anyway.
func (u *documentUpdate) warnRemoved(ctx context.Context, s *session, r store.Result) {
	e := u.ruleEdit
	if u.known || e.dry.only || !r.Changed || r.Before == nil {
		return
	}
	var texts []string
	shown := s.saved(ctx, e.app.profile, r.Before, r.Profile).Shown
	for _, d := range []rules.Direction{rules.Inbound, rules.Outbound} {
		for _, gone := range removedRules(*r.Before.Rules(d), *r.Profile.Rules(d)) {
			texts = append(texts, "removed "+string(d)+" rule: "+rules.Format(gone.Rule.MapTags(shown.Name)))
		}
	}
	s.app.warnEach("profile "+printable.Text(e.app.profile), texts)
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
