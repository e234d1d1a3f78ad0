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

// Append returns the object with members added at the end, which must not have
// their keys yet: as Set for one after the other, but in one go.
func Append(object []byte, added []Member) ([]byte, error) {
	members, err := Object(orEmpty(object))
	if err != nil || len(added) == 0 {
		return object, err
	}
	object = asObject(object)
	end := bytes.LastIndexByte(object, '}')
	body := bytes.TrimRight(object[:end], " \n\t\r")
	var out bytes.Buffer
	out.Write(body)
	for i, m := range added {
		if i > 0 || len(members) > 0 {
			out.WriteByte(',')
		}
		out.Write(Quote(m.Key))
		out.WriteByte(':')
		out.Write(m.Value)
	}
	out.Write(object[len(body):])
	return out.Bytes(), nil
}

// Delete returns the object without the members whose keys gone names; without
// any such member the object comes back as it is. What stands between a member
// that stays and the next one stays.
func Delete(object []byte, gone func(key string) bool) ([]byte, error) {
	members, err := Object(object)
	if err != nil || !slices.ContainsFunc(members, func(m Member) bool { return gone(m.Key) }) {
		return object, err
	}
	out := make([]byte, 0, len(object))
	out = append(out, object[:members[0].start]...)
	between, end := []byte(nil), 0
	for i, m := range members {
		end = m.valueStart(object) + len(m.Value)
		if gone(m.Key) {
			continue
		}
		out = append(append(out, between...), object[m.start:end]...)
		if i+1 < len(members) {
			between = object[end:members[i+1].start]
		}
	}
	return append(out, object[end:]...), nil
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
