package rawjson

import (
	"fmt"

	"github.com/calicoctl/calicoctl/internal/printable"
)

// Fields returns the members of an object that programs read field by field.
// An absent object has none.
func Fields(where string, value []byte) ([]Member, error) {
	return Members(where, value, Fold)
}

// Members returns the members of an object. A key that occurs twice, where compare says
// which spellings are the same key, is an error that says where.
func Members(where string, value []byte, compare func(string) string) ([]Member, error) {
	if value == nil {
		return nil, nil
	}
	list, err := Object(value)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", where, err)
	}
	if key, found := Repeated(list, compare); found {
		return nil, fmt.Errorf("%s: the key %s stands twice", where, printable.Quote(key))
	}
	return list, nil
}
