package render

import (
	"github.com/calicoctl/calicoctl/internal/names"
	"github.com/calicoctl/calicoctl/pkg/profile"
	"github.com/calicoctl/calicoctl/pkg/rules"
	"github.com/calicoctl/calicoctl/pkg/store"
)

// ProfileView is a profile for -o json and -o yaml.
type ProfileView struct {
	Profile  string         `json:"profile"` // by the name that leads to it
	ID       string         `json:"id"`
	Layout   profile.Layout `json:"layout"`
	Revision int64          `json:"revision"`
	Tags     []string       `json:"tags"`
	Inbound  []RuleView     `json:"inbound"`
	Outbound []RuleView     `json:"outbound"`
}

// TagsView is the tags of a profile for -o json and -o yaml.
type TagsView struct {
	Profile  string         `json:"profile"`
	ID       string         `json:"id"`
	Layout   profile.Layout `json:"layout"`
	Revision int64          `json:"revision"`
	Tags     []string       `json:"tags"`
}

// RuleView is a rule for -o json and -o yaml.
type RuleView struct {
	Position int        `json:"position"`
	Text     string     `json:"text"`
	Literal  string     `json:"literal"` // the text with IDs, as --literal shows it
	Criteria rules.Rule `json:"criteria"`
	Trouble  []string   `json:"trouble,omitempty"`
}

// Profile returns a profile for -o json and -o yaml.
func Profile(p *profile.Profile, names names.Shown) ProfileView {
	v := ProfileView{
		Profile: names.Name(p.ID), ID: p.ID, Layout: p.Layout, Revision: p.Revision,
		Tags:    []string{},
		Inbound: ruleViews(p.Inbound, names), Outbound: ruleViews(p.Outbound, names),
	}
	for _, t := range p.Tags() {
		v.Tags = append(v.Tags, names.Name(t))
	}
	return v
}

func ruleViews(list []rules.Stored, names names.Shown) []RuleView {
	out := make([]RuleView, len(list))
	for i, r := range list {
		named := r.Rule.MapTags(names.Name)
		out[i] = RuleView{
			Position: i + 1, Text: rules.Format(named), Literal: rules.Format(r.Rule),
			Criteria: named, Trouble: r.Invalid(),
		}
	}
	return out
}

// EditView is what became of an edit, for -o json and -o yaml.
type EditView struct {
	Profile  string `json:"profile"` // as it was named in the command
	ID       string `json:"id"`
	Revision int64  `json:"revision"`
	Changed  bool   `json:"changed"`
}

// Edit returns what became of an edit; name is as it was typed.
func Edit(name string, r store.Result) EditView {
	return EditView{Profile: name, ID: r.Profile.ID, Revision: r.Profile.Revision, Changed: r.Changed}
}

// ChangeView is an edit with the difference that it makes.
type ChangeView struct {
	EditView
	DryRun bool         `json:"dryRun"`
	Diff   []ChangeLine `json:"diff"`
}
