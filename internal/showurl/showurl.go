// Package showurl writes URLs for messages. Users put passwords and tokens into
// URLs, so nothing of a URL is shown but its scheme and its host or socket, and
// nothing at all of a text that cannot be read as one.
package showurl

import (
	"net/url"
	"strings"
)

// Hidden stands for a text that is not shown.
const Hidden = "(not shown)"

// Text is [URL] of a text. Where the text is no URL, or an "@" stands at a place
// that makes it likely that part of a password was read as the host, it is
// [Hidden].
func Text(text string) string {
	u, err := url.Parse(text)
	if err != nil || u.Opaque != "" || u.Scheme == "" {
		return Hidden
	}
	rest := *u
	rest.User, rest.Host = nil, ""
	if HasUser(rest.String()) || HasUser(u.Host) {
		return Hidden
	}
	return URL(u)
}

// URL returns scheme and host of a URL, or scheme and path of a socket: no user,
// password, query or fragment. The result may hold characters that are not
// printable.
func URL(u *url.URL) string {
	shown := url.URL{Scheme: u.Scheme, Host: u.Host}
	if u.Scheme == "unix" || u.Scheme == "npipe" {
		return u.Scheme + "://" + u.Host + u.Path
	}
	if u.Host == "" {
		return u.Scheme + "://"
	}
	return shown.String()
}

// HasUser reports whether a text, a URL or not, seems to hold a user name or a
// password: an "@", also in the form of a URL.
func HasUser(text string) bool {
	return strings.ContainsAny(text, "@") || strings.Contains(text, "%40")
}
