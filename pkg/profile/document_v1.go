package profile

import (
	"fmt"

	"github.com/calicoctl/calicoctl/internal/rawjson"
	"github.com/calicoctl/calicoctl/pkg/rules"
)

// V1 is the layout of calicoctl 0.x. No Felix reads it from etcd v3, so such
// profiles are shown, exported and migrated, but not edited.
const V1 Layout = "v1"

// DecodeV1 reads the parts "rules", "tags" and "labels" of a v1 profile, any of which
// may be missing. With an error, part is the one that does not parse.
func DecodeV1(id string, revision int64, parts map[string][]byte) (p *Profile, part string, err error) {
	p = &Profile{ID: id, Layout: V1, Revision: revision}
	for _, part := range []string{"rules", "tags", "labels"} {
		value, found := parts[part]
		if !found {
			continue
		}
		if err := p.decodePartV1(part, value); err != nil {
			return nil, part, err
		}
	}
	p.remember()
	return p, "", nil
}

func (p *Profile) decodePartV1(part string, value []byte) error {
	if err := rawjson.Check(value); err != nil {
		return err
	}
	switch part {
	case "tags":
		return p.decodeTagsV1(value)
	case "labels":
		labels, err := DecodeLabels("labels", value)
		p.Labels = append(p.Labels, labels...)
		return err
	}
	list, err := rawjson.Members("rules", value, rawjson.Fold)
	if err != nil {
		return err
	}
	if p.Inbound, err = decodeRules("inbound_rules", rawjson.Get(list, "inbound_rules"), rules.DecodeV1); err != nil {
		return err
	}
	p.Outbound, err = decodeRules("outbound_rules", rawjson.Get(list, "outbound_rules"), rules.DecodeV1)
	return err
}

// decodeTagsV1 takes each tag for the label that it becomes in v3.
func (p *Profile) decodeTagsV1(value []byte) error {
	elements, err := rawjson.Array(value)
	if err != nil {
		return fmt.Errorf("tags: %w", err)
	}
	for i, element := range elements {
		if rawjson.Kind(element) != "string" {
			return fmt.Errorf("tags[%d] is not a string", i)
		}
		p.Labels = append(p.Labels, Label{Name: rules.TagLabel(rawjson.Text(element))})
	}
	return nil
}
