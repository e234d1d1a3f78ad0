package store

import (
	"fmt"
	"strings"

	"go.etcd.io/etcd/api/v3/mvccpb"

	"github.com/calicoctl/calicoctl/internal/rawjson"
	"github.com/calicoctl/calicoctl/pkg/rules"
)

// V1 is the layout of calicoctl 0.x. No Felix reads it from etcd v3, so such
// profiles are shown, exported and migrated, but not edited.
const V1 Layout = "v1"

const (
	prefixV1    = "/calico/v1/policy/profile/"
	partCountV1 = 3
)

// partsV1 are the keys of a v1 profile below its own.
func partsV1() [partCountV1]string { return [...]string{"rules", "tags", "labels"} }

// keyV1 returns the key of a part of a v1 profile; in the ID "%" and "/" are
// escaped.
func keyV1(id, part string) string {
	return prefixV1 + escapeV1(id) + "/" + part
}

func escapeV1(id string) string { return strings.NewReplacer("%", "%25", "/", "%2f").Replace(id) }

// splitKeyV1 returns the name in a key as it is escaped there, and the part.
func splitKeyV1(key string) (name, part string, ok bool) {
	rest, found := strings.CutPrefix(key, prefixV1)
	if !found {
		return "", "", false
	}
	return strings.Cut(rest, "/")
}

// unescapeV1 reads a part of a v1 key.
func unescapeV1(text string) string {
	if !strings.Contains(text, "%") {
		return text
	}
	return strings.NewReplacer("%25", "%", "%2f", "/").Replace(text)
}

// decodeProfileV1 reads the parts of a v1 profile, any of which may be missing.
// Its revision is the newest of theirs. The error is ErrMalformed.
func decodeProfileV1(id string, parts map[string]*mvccpb.KeyValue) (*Profile, error) {
	p := &Profile{ID: id, Layout: V1}
	for _, part := range partsV1() {
		kv := parts[part]
		if kv == nil {
			continue
		}
		p.Revision = max(p.Revision, kv.ModRevision)
		if err := p.decodePartV1(part, kv.Value); err != nil {
			return nil, &DamagedError{Layout: V1, Key: string(kv.Key), What: "profile " + shownID(id), Cause: err}
		}
	}
	p.remember()
	return p, nil
}

func (p *Profile) decodePartV1(part string, value []byte) error {
	if err := rawjson.Check(value); err != nil {
		return err
	}
	switch part {
	case "tags":
		return p.decodeTagsV1(value)
	case "labels":
		labels, err := decodeLabels("labels", value)
		p.Labels = append(p.Labels, labels...)
		return err
	}
	list, err := members("rules", value, rawjson.Fold)
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
		p.Labels = append(p.Labels, Label{Name: rules.TagLabel(text(element))})
	}
	return nil
}
