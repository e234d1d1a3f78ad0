package rawjson

import (
	"bytes"
	"encoding/json"
	"slices"
)

// Set returns the object with the value of key replaced, or with the member
// added at the end. All other bytes stay. A null or empty text counts as an
// empty object.
func Set(object []byte, key string, value []byte) ([]byte, error) {
	members, err := Object(orEmpty(object))
	if err != nil {
		return nil, err
	}
	object = asObject(object)
	for _, m := range members {
		if m.Key == key {
			at := m.valueStart(object)
			return slices.Concat(object[:at], value, object[at+len(m.Value):]), nil
		}
	}
	end := bytes.LastIndexByte(object, '}')
	body := bytes.TrimRight(object[:end], " \n\t\r")
	comma := []byte(",")
	if len(members) == 0 {
		comma = nil
	}
	return slices.Concat(body, comma, Quote(key), []byte(":"), value, object[len(body):]), nil
}

// Delete returns the object without the member of that key; an object without
// such a member comes back as it is.
func Delete(object []byte, key string) ([]byte, error) {
	members, err := Object(object)
	if err != nil {
		return nil, err
	}
	for i, m := range members {
		if m.Key != key {
			continue
		}
		from, to := m.start, m.valueStart(object)+len(m.Value)
		switch {
		case i+1 < len(members): // up to the next key, its comma included
			to = members[i+1].start
		case i > 0: // from behind the value before it, with the comma
			last := members[i-1]
			from = last.valueStart(object) + len(last.Value)
		}
		return slices.Concat(object[:from], object[to:]), nil
	}
	return object, nil
}

// Join returns an array of the elements, each as it is written.
func Join(elements [][]byte) []byte {
	return slices.Concat([]byte("["), bytes.Join(elements, []byte(",")), []byte("]"))
}

// Encode returns v as compact JSON in which <, > and & stay as they are.
func Encode(v any) ([]byte, error) {
	var out bytes.Buffer
	enc := json.NewEncoder(&out)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(v); err != nil {
		return nil, err
	}
	return bytes.TrimSuffix(out.Bytes(), []byte("\n")), nil
}

// Quote returns s as a JSON string.
func Quote(s string) []byte {
	quoted, _ := Encode(s) // a string always has an encoding
	return quoted
}

func (m Member) valueStart(object []byte) int {
	colon := skipSpace(object, skipString(object, m.start))
	return skipSpace(object, colon+1)
}

func orEmpty(object []byte) []byte {
	if len(object) == 0 {
		return []byte("null")
	}
	return object
}

// asObject turns what counts as an empty object into the text of one.
func asObject(object []byte) []byte {
	if Kind(object) == "object" {
		return object
	}
	return []byte("{}")
}
