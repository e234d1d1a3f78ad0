package etcd

import (
	"errors"

	"go.etcd.io/etcd/api/v3/v3rpc/rpctypes"

	"github.com/calicoctl/calicoctl/internal/printable"
	"github.com/calicoctl/calicoctl/pkg/fault"
)

// A user is who etcd takes this program for.
type user struct {
	name        string // empty when there is none
	password    bool   // whether there is one
	certificate bool   // whether the name is that of the client's certificate
}

// user returns who the configuration says, or else the client's certificate:
// with --client-cert-auth its common name is the user.
func (c Config) user(certs certificates) user {
	if c.Username == "" && certs.client != nil {
		return user{name: certs.client.Subject.CommonName, certificate: true}
	}
	return user{name: c.Username, password: c.Password != ""}
}

// explainUser turns an error about who the user is, or what it may do, into one
// of this package's; nil for any other error.
func (s *Conn) explainUser(err error) error {
	const settings = " (ETCD_USERNAME, ETCD_PASSWORD)"
	text := ""
	switch e := rpctypes.Error(err); {
	case errors.Is(e, rpctypes.ErrPermissionDenied):
		return &DeniedError{User: s.user.name, Cause: err}
	case errors.Is(e, rpctypes.ErrAuthFailed):
		text = "etcd rejects the password of user " + printable.Quote(s.user.name) + ", or there is no such user" + settings
	case errors.Is(e, rpctypes.ErrUserEmpty) && s.user.certificate:
		text = "etcd requires a user name and a password" + settings + "; it does not take the name in the client certificate for one"
	case errors.Is(e, rpctypes.ErrUserEmpty) && s.user.name != "" && !s.user.password:
		text = "etcd requires the password of user " + printable.Quote(s.user.name) + " (ETCD_PASSWORD)"
	case errors.Is(e, rpctypes.ErrUserEmpty):
		text = "etcd requires a user name and a password" + settings
	case errors.Is(e, rpctypes.ErrInvalidAuthToken), errors.Is(e, rpctypes.ErrAuthOldRevision):
		text = "etcd does not know any more that it has accepted user " + printable.Quote(s.user.name) + "; try again"
	default:
		return nil
	}
	return &fault.Error{Kind: fault.ErrDenied, Cause: err, Text: text}
}
