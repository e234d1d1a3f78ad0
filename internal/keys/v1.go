package keys

import "strings"

// Prefixes of the keys of the v1 layout, that of calicoctl 0.x.
const (
	ProfilesV1 = Calico + "v1/policy/profile/"
	HostsV1    = Calico + "v1/host/"
)

// PartCountV1 is how many keys a v1 profile has at most.
const PartCountV1 = 3

// PartsV1 returns the names of these keys.
func PartsV1() [PartCountV1]string { return [...]string{"rules", "tags", "labels"} }

// ProfileV1 returns the key of a part of a v1 profile.
func ProfileV1(id, part string) string { return ProfilesV1 + EscapeV1(id) + "/" + part }

// SplitV1 returns the escaped ID in the key of a v1 profile, and the part.
func SplitV1(key string) (escaped, part string, ok bool) {
	rest, found := strings.CutPrefix(key, ProfilesV1)
	if !found {
		return "", "", false
	}
	return strings.Cut(rest, "/")
}

// EscapeV1 escapes "%" and "/" in a part of a v1 key.
func EscapeV1(text string) string { return strings.NewReplacer("%", "%25", "/", "%2f").Replace(text) }

// UnescapeV1 undoes EscapeV1.
func UnescapeV1(text string) string {
	if !strings.Contains(text, "%") {
		return text
	}
	return strings.NewReplacer("%25", "%", "%2f", "/").Replace(text)
}
