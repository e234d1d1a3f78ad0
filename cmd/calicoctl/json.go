package main

import (
	"github.com/calicoctl/calicoctl/internal/names"
	"github.com/calicoctl/calicoctl/pkg/rules"
	"github.com/calicoctl/calicoctl/pkg/store"
)

// profileView is a profile for -o json and -o yaml.
type profileView struct {
	Profile  string       `json:"profile"` // by the name that leads to it
	ID       string       `json:"id"`
	Layout   store.Layout `json:"layout"`
	Revision int64        `json:"revision"`
	Tags     []string     `json:"tags"`
	Inbound  []ruleView   `json:"inbound"`
	Outbound []ruleView   `json:"outbound"`
}

// tagsView is the tags of a profile for -o json and -o yaml.
type tagsView struct {
	Profile  string       `json:"profile"`
	ID       string       `json:"id"`
	Layout   store.Layout `json:"layout"`
	Revision int64        `json:"revision"`
	Tags     []string     `json:"tags"`
}

// ruleView is a rule for -o json and -o yaml.
type ruleView struct {
	Position int        `json:"position"`
	Text     string     `json:"text"`
	Literal  string     `json:"literal"` // the text with IDs, as --literal shows it
	Criteria rules.Rule `json:"criteria"`
	Trouble  []string   `json:"trouble,omitempty"`
}

func profileJSON(p *store.Profile, names names.Shown) profileView {
	v := profileView{
		Profile: names.Name(p.ID), ID: p.ID, Layout: p.Layout, Revision: p.Revision,
		Tags:    []string{},
		Inbound: rulesJSON(p.Inbound, names), Outbound: rulesJSON(p.Outbound, names),
	}
	for _, t := range p.Tags() {
		v.Tags = append(v.Tags, names.Name(t))
	}
	return v
}

func rulesJSON(list []rules.Stored, names names.Shown) []ruleView {
	out := make([]ruleView, len(list))
	for i, r := range list {
		named := r.Rule.MapTags(names.Name)
		out[i] = ruleView{
			Position: i + 1, Text: rules.Format(named), Literal: rules.Format(r.Rule),
			Criteria: named, Trouble: r.Trouble(),
		}
	}
	return out
}

// editView is what became of an edit, for -o json and -o yaml.
type editView struct {
	Profile  string `json:"profile"` // as it was named in the command
	ID       string `json:"id"`
	Revision int64  `json:"revision"`
	Changed  bool   `json:"changed"`
}

// edited prints what became of an edit.
func (a *app) edited(text, name string, r store.Result) error {
	if r.Changed {
		a.done = "the change was saved, but "
	}
	return a.print(text, editJSON(name, r))
}

func editJSON(name string, r store.Result) editView {
	return editView{Profile: name, ID: r.Profile.ID, Revision: r.Profile.Revision, Changed: r.Changed}
}
