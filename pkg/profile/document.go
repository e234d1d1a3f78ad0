package profile

import (
	"fmt"
	"slices"

	"github.com/calicoctl/calicoctl/internal/printable"
	"github.com/calicoctl/calicoctl/internal/rawjson"
	"github.com/calicoctl/calicoctl/pkg/rules"
)

// Decode reads a v3 document. A rule that makes no sense is no error; see
// [rules.Stored].
func Decode(id string, revision int64, document []byte) (*Profile, error) {
	p := &Profile{ID: id, Layout: V3, Revision: revision, document: document}
	if err := p.decode(); err != nil {
		return nil, err
	}
	p.remember()
	return p, nil
}

func (p *Profile) decode() error {
	if err := rawjson.Check(p.document); err != nil {
		return err
	}
	top, err := rawjson.Fields("the document", p.document)
	if err != nil {
		return err
	}
	if kind := rawjson.Text(rawjson.Get(top, "kind")); kind != "Profile" {
		return fmt.Errorf("it is of kind %s, not Profile", printable.Quote(kind))
	}
	if version := rawjson.Text(rawjson.Get(top, "apiVersion")); version != "projectcalico.org/v3" {
		return fmt.Errorf("its apiVersion is %s, not projectcalico.org/v3", printable.Quote(version))
	}
	if _, err := rawjson.Fields("metadata", rawjson.Get(top, "metadata")); err != nil {
		return err
	}
	spec, err := rawjson.Fields("spec", rawjson.Get(top, "spec"))
	if err != nil {
		return err
	}
	if p.Inbound, err = decodeRules("spec.ingress", rawjson.Get(spec, "ingress"), rules.DecodeV3); err != nil {
		return err
	}
	if p.Outbound, err = decodeRules("spec.egress", rawjson.Get(spec, "egress"), rules.DecodeV3); err != nil {
		return err
	}
	p.Labels, err = DecodeLabels("spec.labelsToApply", rawjson.Get(spec, "labelsToApply"))
	return err
}

func decodeRules(where string, value []byte, decode func([]byte) rules.Stored) ([]rules.Stored, error) {
	if value == nil {
		return nil, nil
	}
	elements, err := rawjson.Array(value)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", where, err)
	}
	if len(elements) > rules.MaxStored {
		return nil, fmt.Errorf("%s: %d rules; not more than %d can be read", where, len(elements), rules.MaxStored)
	}
	list := make([]rules.Stored, len(elements))
	for i, element := range elements {
		list[i] = decode(element)
	}
	return list, nil
}

// DecodeLabels reads an object of labels; where says in errors what it is of.
func DecodeLabels(where string, value []byte) ([]Label, error) {
	list, err := rawjson.Members(where, value, rawjson.Exact)
	if err != nil {
		return nil, err
	}
	labels := make([]Label, len(list))
	for i, m := range list {
		if rawjson.Kind(m.Value) != "string" {
			return nil, fmt.Errorf("%s: the value of %s is not a string", where, printable.Quote(m.Key))
		}
		labels[i] = Label{Name: m.Key, Value: rawjson.Text(m.Value)}
	}
	return labels, nil
}

// encode returns the document with what the profile says now. Only the lists
// that have changed are written anew, and in them every rule keeps its bytes.
func (p *Profile) encode() ([]byte, error) {
	top, err := rawjson.Object(p.document)
	if err != nil {
		return nil, err
	}
	old := rawjson.Get(top, "spec")
	spec := old
	for _, list := range []struct {
		field    string
		now, was []rules.Stored
	}{
		{"ingress", p.Inbound, p.stored.inbound},
		{"egress", p.Outbound, p.stored.outbound},
	} {
		if sameRules(list.now, list.was) {
			continue
		}
		if spec, err = setField(spec, list.field, encodeRules(list.now)); err != nil {
			return nil, err
		}
	}
	if spec, err = p.encodeLabels(spec); err != nil {
		return nil, err
	}
	if spec == nil || len(spec) == len(old) && &spec[0] == &old[0] {
		return p.document, nil // nothing was changed
	}
	return setField(p.document, "spec", spec)
}

// setField sets a field of an object under the spelling that it has there.
func setField(object []byte, field string, value []byte) ([]byte, error) {
	var list []rawjson.Member
	if object != nil {
		var err error
		if list, err = rawjson.Object(object); err != nil {
			return nil, err
		}
	}
	return rawjson.Set(object, rawjson.Spelling(list, field), value)
}

func encodeRules(list []rules.Stored) []byte {
	elements := make([][]byte, len(list))
	for i, r := range list {
		elements[i] = r.JSON
	}
	return rawjson.Join(elements)
}

// encodeLabels writes the labels into spec, if they have changed.
func (p *Profile) encodeLabels(spec []byte) ([]byte, error) {
	if slices.Equal(p.Labels, p.stored.labels) {
		return spec, nil
	}
	var object []byte
	if spec != nil {
		list, err := rawjson.Object(spec)
		if err != nil {
			return nil, err
		}
		object = rawjson.Get(list, "labelsToApply")
	}
	object, err := p.changeLabels(object)
	if err != nil {
		return nil, err
	}
	if object == nil {
		object = []byte("{}")
	}
	return setField(spec, "labelsToApply", object)
}

// changeLabels removes and adds single members, so that the others stay.
func (p *Profile) changeLabels(object []byte) (changed []byte, err error) {
	now, was := labelValues(p.Labels), labelValues(p.stored.labels)
	gone := func(name string) bool {
		_, stays := now[name]
		return !stays
	}
	if object != nil {
		if object, err = rawjson.Delete(object, gone); err != nil {
			return nil, err
		}
	}
	var added []rawjson.Member
	for _, l := range p.Labels {
		value, there := was[l.Name]
		last := now[l.Name] // a name stands once, whatever the list says
		was[l.Name] = last
		switch {
		case !there:
			added = append(added, rawjson.Member{Key: l.Name, Value: rawjson.Quote(last)})
		case value != last:
			if object, err = rawjson.Set(object, l.Name, rawjson.Quote(last)); err != nil {
				return nil, err
			}
		}
	}
	return rawjson.Append(object, added)
}

func labelValues(labels []Label) map[string]string {
	values := make(map[string]string, len(labels))
	for _, l := range labels {
		values[l.Name] = l.Value
	}
	return values
}
