package resolve

import (
	"cmp"
	"errors"
	"fmt"
	"net"
	"net/url"
	"strings"

	"github.com/docker/docker/client"
)

// An address is where an engine listens. It holds nothing secret: the user info
// and the query of a URL are left out.
type address struct {
	scheme string // unix, npipe or tcp
	host   string // the path of a socket, or HOST:PORT
	path   string // of a TCP address: what the path of each request begins with
}

// errAddress is all that is said of an address that was not parsed, because
// anything in it may be a password.
var errAddress = errors.New("the address has to be unix://PATH or tcp://HOST:PORT")

// parseAddress reads an address in the form of DOCKER_HOST. The port of a TCP
// address is the one that the docker command takes if it is missing. No error
// repeats the address.
//
// Docker's client takes any protocol and then speaks HTTP to whatever listens
// there; ssh:// and its like have to be refused here.
func parseAddress(text string, secured bool) (address, error) {
	scheme, rest, _ := strings.Cut(text, "://")
	switch {
	case rest != "" && (scheme == "unix" || scheme == "npipe"):
		return address{scheme: scheme, host: rest}, nil
	case rest == "" || !isScheme(scheme):
		return address{}, errAddress
	case scheme != "tcp":
		return address{}, fmt.Errorf("%s:// is not supported; set DOCKER_HOST to unix://PATH or tcp://HOST:PORT", scheme)
	}
	parsed, err := client.ParseHostURL(text)
	if err != nil {
		return address{}, errAddress
	}
	u := url.URL{Host: parsed.Host}
	if u.Hostname() == "" {
		return address{}, errors.New("the address names no host")
	}
	port := u.Port()
	switch {
	case port != "":
	case secured:
		port = "2376"
	default:
		port = "2375"
	}
	return address{scheme: scheme, host: net.JoinHostPort(u.Hostname(), port), path: parsed.Path}, nil
}

// withScheme returns an address in the form that the docker command also takes in
// DOCKER_HOST, HOST:PORT or :PORT, with its scheme, and any other text as it is. A
// port has to be there: else a mistake of any kind would be the name of a host.
func withScheme(text string) string {
	host, port, err := net.SplitHostPort(text)
	if err != nil || strings.Contains(host, "/") || port == "" || strings.Trim(port, "0123456789") != "" {
		return text
	}
	return "tcp://" + net.JoinHostPort(cmp.Or(host, "localhost"), port)
}

// isScheme tells whether a text can be the scheme of a URL, and so is not a part
// of something else.
func isScheme(text string) bool {
	return text != "" && strings.Trim(text, "abcdefghijklmnopqrstuvwxyz0123456789+-.") == ""
}

func (a address) isSocket() bool { return a.scheme != "tcp" }

// String returns the address in the form of DOCKER_HOST.
func (a address) String() string { return a.scheme + "://" + a.host + a.path }
