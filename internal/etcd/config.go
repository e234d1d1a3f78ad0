package etcd

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"go.etcd.io/etcd/client/pkg/v3/srv"

	"github.com/calicoctl/calicoctl/internal/printable"
	"github.com/calicoctl/calicoctl/internal/showurl"
	"github.com/calicoctl/calicoctl/pkg/fault"
)

// DefaultEndpoint is where etcd is looked for when nothing says where it is.
const DefaultEndpoint = "http://127.0.0.1:2379"

// A Config says how to reach etcd. [LoadConfig] finds it out.
type Config struct {
	Endpoints    []string // URLs, http or https, all of one kind; or:
	DiscoverySRV string   // a DNS domain whose SRV records name the endpoints

	Username string
	Password string `json:"-" yaml:"-"`

	// The client's key and certificate, and the authority that signed the
	// server's certificate: each a PEM file or PEM text.
	KeyFile, CertFile, CAFile string
	Cert, CA                  string
	Key                       string `json:"-" yaml:"-"`

	Log *slog.Logger `json:"-" yaml:"-"` // of what is done; nil is none
}

// String shows the configuration without secrets.
func (c Config) String() string {
	return fmt.Sprintf("endpoints %s, user %q", shown(c.Endpoints), c.Username)
}

// GoString is String, so that no verb prints a secret.
func (c Config) GoString() string { return c.String() }

// endpoints returns the URLs to use. The errors are ErrConfig and
// ErrUnreachable.
func (c Config) endpoints(ctx context.Context) ([]string, error) {
	list := c.Endpoints
	if c.DiscoverySRV != "" && len(list) == 0 {
		var err error
		if list, err = discover(ctx, c.DiscoverySRV); err != nil {
			return nil, err
		}
	}
	if len(list) == 0 {
		list = []string{DefaultEndpoint}
	}
	if showurl.HasUser(strings.Join(list, ",")) { // the error must not show a password
		return nil, fault.Errorf(fault.ErrConfig, "an etcd endpoint holds a user name; use ETCD_USERNAME and ETCD_PASSWORD")
	}
	scheme := ""
	urls := make([]string, 0, len(list))
	for i, text := range list {
		u, err := parseEndpoint(text, i+1, len(list))
		if err != nil {
			return nil, err
		}
		if i > 0 && u.Scheme != scheme {
			return nil, fault.Errorf(fault.ErrConfig, "the etcd endpoints mix http and https: %s", shown(list))
		}
		scheme = u.Scheme
		if endpoint := showurl.URL(u); !slices.Contains(urls, endpoint) {
			urls = append(urls, endpoint)
		}
	}
	return urls, nil
}

// parseEndpoint reads one of so many endpoints. The error shows it only as far
// as it holds no secret.
func parseEndpoint(text string, number, all int) (*url.URL, error) {
	u, err := url.Parse(text)
	switch {
	case err != nil, u.Scheme == "", u.Opaque != "", u.Host == "" && u.Scheme != "http" && u.Scheme != "https" && u.Scheme != "unix":
		return nil, unreadableEndpoint(text, number, all)
	case u.Hostname() == "", u.Scheme != "http" && u.Scheme != "https":
		return nil, fault.Errorf(fault.ErrConfig, "%s is not an etcd endpoint such as %s", printable.Quote(showurl.URL(u)), DefaultEndpoint)
	case strings.Trim(u.Path, "/")+u.RawQuery+u.Fragment != "", u.ForceQuery:
		return nil, fault.Errorf(fault.ErrConfig, "the etcd endpoint %s goes on after the host and the port, with a path, a query or a fragment; leave that out",
			printable.Quote(showurl.URL(u)))
	case u.Port() == "":
		return nil, fault.Errorf(fault.ErrConfig, "the etcd endpoint %s has no port; 2379 is usual", printable.Quote(showurl.URL(u)))
	}
	if port, err := strconv.ParseUint(u.Port(), 10, 16); err != nil || port == 0 {
		return nil, fault.Errorf(fault.ErrConfig, "%s is not an etcd endpoint such as %s", printable.Quote(showurl.URL(u)), DefaultEndpoint)
	}
	return u, nil
}

// unreadableEndpoint is about an endpoint that is no URL. It shows a host and a
// port alone, where just the scheme is missing.
func unreadableEndpoint(text string, number, all int) error {
	if u, err := url.Parse("http://" + text); err == nil && u.Port() != "" && u.Host == text {
		return fault.Errorf(fault.ErrConfig, "%s is not an etcd endpoint such as %s; http:// or https:// is missing", printable.Quote(text), DefaultEndpoint)
	}
	which := "the etcd endpoint"
	if all > 1 {
		which = fmt.Sprintf("etcd endpoint %d of %d", number, all)
	}
	return fault.Errorf(fault.ErrConfig, "%s is not a URL such as %s (it is not shown, because it may hold a password)%s", which, DefaultEndpoint, mistake(text))
}

// mistake names a usual mistake in a URL, or nothing.
func mistake(text string) string {
	_, host, _ := strings.Cut(text, "://")
	switch {
	case strings.ContainsAny(text, "\"'\u201c\u201d"):
		return "; there are quotes in it"
	case strings.ContainsAny(text, "; \t\n"):
		return "; endpoints are separated by commas"
	case strings.HasPrefix(host, "[") && strings.Contains(host, "%"):
		return "; the % before a zone is written as %25"
	case strings.Count(host, ":") > 1 && !strings.HasPrefix(host, "["):
		return "; an IPv6 address stands in square brackets"
	}
	return ""
}

// shown returns endpoints to print, without secrets that users may have put
// there. A password may hold a comma, so where one is, no endpoint is shown.
func shown(endpoints []string) string {
	if len(endpoints) == 0 {
		return ""
	}
	if showurl.HasUser(strings.Join(endpoints, ",")) {
		return showurl.Hidden
	}
	list := make([]string, len(endpoints))
	for i, text := range endpoints {
		list[i] = showurl.Text(text)
	}
	return printable.Text(strings.Join(list, ","))
}

// isDomain reports whether a text can be the name of a DNS domain.
func isDomain(text string) bool {
	return len(text) <= 254 && strings.Trim(text, ".") != "" && strings.TrimFunc(text, func(r rune) bool {
		return r < utf8.RuneSelf && (unicode.IsLetter(r) || unicode.IsDigit(r) || strings.ContainsRune("._-", r))
	}) == ""
}

// shownDomain returns a DNS domain to print. What is none may hold a password.
func shownDomain(domain string) string {
	if !isDomain(domain) {
		return showurl.Hidden
	}
	return domain
}

// discover looks up the SRV records of etcd clients. The lookup cannot be
// cancelled, so it goes on when the context ends.
func discover(ctx context.Context, domain string) ([]string, error) {
	type answer struct {
		clients *srv.SRVClients
		err     error
	}
	if !isDomain(domain) {
		return nil, fault.Errorf(fault.ErrConfig, "what ETCD_DISCOVERY_SRV says is not the name of a DNS domain such as example.com "+
			"(it is not shown, because it may hold a password)")
	}
	answers := make(chan answer, 1)
	go func() {
		clients, err := srv.GetClient("etcd-client", domain, "")
		answers <- answer{clients, err}
	}()
	select {
	case a := <-answers:
		if a.err != nil {
			return nil, &UnreachableError{
				Endpoints: []string{"the SRV records of " + shownDomain(domain)},
				Reason:    "there are none, or DNS does not answer", Cause: a.err,
			}
		}
		return preferTLS(a.clients.Endpoints), nil
	case <-ctx.Done():
		if errors.Is(ctx.Err(), context.Canceled) {
			return nil, ctx.Err()
		}
		return nil, &UnreachableError{
			Endpoints: []string{"the SRV records of " + shownDomain(domain)}, Reason: "DNS does not answer", Cause: ctx.Err(),
		}
	}
}

// preferTLS drops unencrypted endpoints when there are encrypted ones, because
// a connection cannot mix them.
func preferTLS(endpoints []string) []string {
	var secure []string
	for _, e := range endpoints {
		if strings.HasPrefix(e, "https:") {
			secure = append(secure, e)
		}
	}
	if len(secure) > 0 {
		return secure
	}
	return endpoints
}
