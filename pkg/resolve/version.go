package resolve

import "strings"

// isVersion tells whether a text is a version of the API, as 1.41 is. It
// becomes a part of a path.
func isVersion(text string) bool {
	major, minor, ok := strings.Cut(text, ".")
	return ok && isNumber(major) && isNumber(minor)
}

func isNumber(text string) bool {
	return text != "" && len(text) < 5 && strings.Trim(text, "0123456789") == ""
}
