package store

import (
	"slices"

	"github.com/calicoctl/calicoctl/pkg/rules"
)

// AddTag puts a tag on a profile: the label that stands for it, with an empty
// value. It reports false when the profile carries the tag already. The error
// is ErrRefused when the label is there with a value, which the tag would
// replace.
func AddTag(p *Profile, tag string) (added bool, err error) {
	name := rules.TagLabel(tag)
	at := slices.IndexFunc(p.Labels, func(l Label) bool { return l.Name == name })
	switch {
	case at < 0:
		p.Labels = append(slices.Clip(p.Labels), Label{Name: name})
		return true, nil
	case p.Labels[at].Value != "":
		return false, Refusedf("profile %s has the label %s with the value %s, which the tag would replace",
			rules.Printable(p.ID), rules.Printable(name), quote(p.Labels[at].Value))
	}
	return false, nil
}

// RemoveTag takes a tag off a profile. It reports false when the profile does
// not carry it; a label with a value is no tag.
func RemoveTag(p *Profile, tag string) (removed bool) {
	label := Label{Name: rules.TagLabel(tag)}
	before := len(p.Labels)
	p.Labels = slices.DeleteFunc(slices.Clone(p.Labels), func(l Label) bool { return l == label })
	return len(p.Labels) < before
}
