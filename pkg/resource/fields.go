package resource

import (
	"errors"
	"fmt"
	"slices"

	"github.com/calicoctl/calicoctl/internal/printable"
	"github.com/calicoctl/calicoctl/internal/rawjson"
)

// A fieldReader reads an object field by field. What is null or not there is
// empty. After the first value that is of another kind than expected, err says
// which it was, and all else that is read means nothing.
type fieldReader struct {
	prefix  string // what stands in front of a field's name in errors
	members []rawjson.Member
	err     error
}

// readDocument reads an object. A key that stands twice is an error, because
// programs disagree which of the two counts.
func readDocument(document []byte) *fieldReader {
	r := &fieldReader{}
	if r.err = rawjson.Check(document); r.err == nil {
		r.members, r.err = documentFields(document)
	}
	return r
}

func documentFields(document []byte) ([]rawjson.Member, error) {
	if rawjson.Kind(document) == "null" {
		return nil, errors.New("the document: expected an object, got null")
	}
	return rawjson.Fields("the document", document)
}

// readSpec reads the spec of a v3 resource. A document that says of itself that
// it is another resource is an error.
func readSpec(document []byte, kind string) *fieldReader {
	top := readDocument(document)
	if is := rawjson.Text(rawjson.Get(top.members, "kind")); top.err == nil && is != "" && is != kind {
		top.err = fmt.Errorf("it is of kind %s, not %s", printable.Quote(is), kind)
	}
	if top.err != nil {
		return top
	}
	spec := &fieldReader{prefix: "spec."}
	spec.members, spec.err = rawjson.Fields("spec", rawjson.Get(top.members, "spec"))
	return spec
}

func (r *fieldReader) text(field string) string {
	value := rawjson.Get(r.members, field)
	if value != nil && !slices.Contains([]string{"string", "null"}, rawjson.Kind(value)) {
		r.fail("%s%s is not a string", r.prefix, field)
	}
	return rawjson.Text(value)
}

// texts reads a list of strings.
func (r *fieldReader) texts(field string) []string {
	value := rawjson.Get(r.members, field)
	if value == nil {
		return nil
	}
	elements, err := rawjson.Array(value)
	if err != nil {
		r.fail("%s%s: %w", r.prefix, field, err)
	}
	var list []string
	for i, element := range elements {
		if rawjson.Kind(element) != "string" {
			r.fail("%s%s[%d] is not a string", r.prefix, field, i)
			return nil
		}
		list = append(list, rawjson.Text(element))
	}
	return list
}

func (r *fieldReader) fail(format string, args ...any) {
	if r.err == nil {
		r.err = fmt.Errorf(format, args...)
	}
}
