package store

import (
	"strings"
)

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
