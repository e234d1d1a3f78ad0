package profile

import (
	"slices"

	"github.com/calicoctl/calicoctl/internal/printable"
	"github.com/calicoctl/calicoctl/pkg/fault"
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
		return false, p.tagRefused(p.Labels[at])
	}
	return false, nil
}

func (p *Profile) tagRefused(stands Label) error {
	return fault.Refusedf("profile %s has the label %s with the value %s, which the tag would replace",
		printable.Text(p.ID), printable.Text(stands.Name), printable.Quote(stands.Value))
}

// RemoveTag takes a tag off a profile. It reports false when the profile does
// not carry it; a label with a value is no tag.
func RemoveTag(p *Profile, tag string) (removed bool) {
	label := Label{Name: rules.TagLabel(tag)}
	before := len(p.Labels)
	p.Labels = slices.DeleteFunc(slices.Clone(p.Labels), func(l Label) bool { return l == label })
	return len(p.Labels) < before
}

// SetTags makes a profile carry these tags and no others. All other labels stay.
// The error is that of [AddTag], and then nothing is changed.
func SetTags(p *Profile, tags []string) error {
	wanted := make(map[string]bool, len(tags)) // labels
	for _, tag := range tags {
		wanted[rules.TagLabel(tag)] = true
	}
	labels := make([]Label, 0, len(p.Labels))
	for _, l := range p.Labels {
		_, isTag := rules.LabelTag(l.Name)
		switch {
		case wanted[l.Name] && l.Value != "":
			return p.tagRefused(l)
		case wanted[l.Name] || !isTag || l.Value != "":
			labels = append(labels, l)
		}
	}
	for _, l := range labels {
		delete(wanted, l.Name)
	}
	for _, tag := range tags {
		if name := rules.TagLabel(tag); wanted[name] {
			labels = append(labels, Label{Name: name})
			delete(wanted, name)
		}
	}
	p.Labels = labels
	return nil
}
