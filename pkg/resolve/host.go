package resolve

import (
	"errors"
	"fmt"
	"net"
	"net/url"
	"strings"

	"github.com/docker/docker/client"
)

// parseHost reads an address in the form of DOCKER_HOST: the protocol as the
// URL's scheme, and as its host the path of a socket, or a host with its port.
//
// Docker's client takes any protocol and then speaks HTTP to whatever listens
// at the address; ssh:// and its like have to be refused here.
func parseHost(host string) (*url.URL, error) {
	proto, addr, _ := strings.Cut(host, "://")
	if addr == "" || (proto != "unix" && proto != "npipe" && proto != "tcp") {
		return nil, errors.New("the address has to be unix://PATH or tcp://HOST:PORT")
	}
	parsed, err := client.ParseHostURL(host)
	if err != nil && strings.Contains(addr, "@") { // the detail may quote a part of a password
		return nil, errors.New("the address cannot be read")
	}
	if err != nil {
		var detail *url.Error
		if errors.As(err, &detail) {
			// The detail's own text repeats the whole address, password and all.
			err = detail.Err
		}
		return nil, fmt.Errorf("the address cannot be read: %w", err)
	}
	if parsed.Host == "" {
		return nil, errors.New("the address names no host")
	}
	return parsed, nil
}

// baseURL is what the URL of every request to a host begins with.
func baseURL(parsed *url.URL, secured bool) *url.URL {
	if parsed.Scheme != "tcp" {
		// The path of a socket is no host name, and engines speak plain HTTP
		// on a socket even if the environment holds certificates.
		return &url.URL{Scheme: "http", Host: client.DummyHost}
	}
	base := &url.URL{Scheme: "http", Host: parsed.Host, Path: parsed.Path}
	port := "2375"
	if secured {
		base.Scheme, port = "https", "2376"
	}
	if parsed.Port() == "" {
		base.Host = net.JoinHostPort(parsed.Hostname(), port)
	}
	return base
}

// withoutUser is the host for messages, where a password must not appear.
func withoutUser(host string) string {
	proto, addr, ok := strings.Cut(host, "://")
	if !ok { // no address at all, but somebody may have meant one
		return host[strings.LastIndex(host, "@")+1:]
	}
	at := strings.LastIndex(addr, "@")
	if proto == "unix" || proto == "npipe" || at < 0 {
		return host
	}
	return proto + "://" + addr[at+1:]
}
