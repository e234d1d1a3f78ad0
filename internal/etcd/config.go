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

	"go.etcd.io/etcd/client/pkg/v3/srv"

	"github.com/calicoctl/calicoctl/internal/printable"
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
	if strings.Contains(strings.Join(list, ","), "@") { // the error must not show a password
		return nil, fault.Errorf(fault.ErrConfig, "an etcd endpoint holds a user name; use ETCD_USERNAME and ETCD_PASSWORD")
	}
	scheme := ""
	urls := make([]string, 0, len(list))
	for i, text := range list {
		u, err := parseEndpoint(text)
		if err != nil {
			return nil, err
		}
		if i > 0 && u.Scheme != scheme {
			return nil, fault.Errorf(fault.ErrConfig, "the etcd endpoints mix http and https: %s", shown(list))
		}
		scheme = u.Scheme
		if endpoint := u.Scheme + "://" + u.Host; !slices.Contains(urls, endpoint) {
			urls = append(urls, endpoint)
		}
	}
	return urls, nil
}

func parseEndpoint(text string) (*url.URL, error) {
	u, err := url.Parse(text)
	if err != nil || u.Hostname() == "" || u.Scheme != "http" && u.Scheme != "https" ||
		strings.Trim(u.Path, "/")+u.RawQuery+u.Fragment != "" {
		return nil, fault.Errorf(fault.ErrConfig, "%s is not an etcd endpoint such as %s", printable.Quote(text), DefaultEndpoint)
	}
	if u.Port() == "" {
		return nil, fault.Errorf(fault.ErrConfig, "the etcd endpoint %s has no port; 2379 is usual", printable.Quote(text))
	}
	if port, err := strconv.ParseUint(u.Port(), 10, 16); err != nil || port == 0 {
		return nil, fault.Errorf(fault.ErrConfig, "%s is not an etcd endpoint such as %s", printable.Quote(text), DefaultEndpoint)
	}
	return u, nil
}

// shown returns endpoints to print, without the user and the password that
// somebody may have put there. A password may hold a comma, so all in front of
// an "@" may be a part of it.
func shown(endpoints []string) string {
	text := strings.Join(endpoints, ",")
	return printable.Text(text[strings.LastIndex(text, "@")+1:])
}

// discover looks up the SRV records of etcd clients. The lookup cannot be
// cancelled, so it is left behind when the context ends.
func discover(ctx context.Context, domain string) ([]string, error) {
	type answer struct {
		clients *srv.SRVClients
		err     error
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
				Endpoints: []string{"the SRV records of " + printable.Text(domain)},
				Reason:    "there are none, or DNS does not answer", Cause: a.err,
			}
		}
		return preferTLS(a.clients.Endpoints), nil
	case <-ctx.Done():
		if errors.Is(ctx.Err(), context.Canceled) {
			return nil, ctx.Err()
		}
		return nil, &UnreachableError{
			Endpoints: []string{"the SRV records of " + printable.Text(domain)}, Reason: "DNS does not answer", Cause: ctx.Err(),
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
