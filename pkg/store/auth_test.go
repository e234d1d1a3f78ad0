package store_test

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"go.etcd.io/etcd/api/v3/v3rpc/rpctypes"
	clientv3 "go.etcd.io/etcd/client/v3"

	"github.com/calicoctl/calicoctl/internal/etcd"
	"github.com/calicoctl/calicoctl/internal/testkit/etcdtest"
	"github.com/calicoctl/calicoctl/pkg/fault"
	"github.com/calicoctl/calicoctl/pkg/profile"
	"github.com/calicoctl/calicoctl/pkg/store"
)

// guardedWorld is an etcd with users: root, writer and reader (of all that is
// Calico's), and stranger without any permission. Each password is the name
// with "-secret" behind it. More users and roles may be given.
func guardedWorld(t *testing.T, more ...string) *world {
	t.Helper()
	w := newWorld(t)
	w.guard(more...)
	return w
}

const usualUsers = `
role reader
grant reader read /calico/
role writer
grant writer readwrite /calico/
user reader reader-secret reader
user writer writer-secret writer
user stranger stranger-secret`

// guard turns authentication on.
func (w *world) guard(more ...string) {
	w.t.Helper()
	must(w.t, etcdtest.Users(soon(w.t), w.plain, usualUsers+"\n"+strings.Join(more, "\n")))
	w.login()
}

// login gets a token for the client of the test itself. etcd's client does not get a
// new one from etcd 3.4 when that is restarted.
func (w *world) login() {
	w.t.Helper()
	w.plain = plainClient(w.t, clientv3.Config{Endpoints: []string{w.endpoint}, Username: "root", Password: etcdtest.RootPassword})
}

func (w *world) as(user string) etcd.Config {
	return etcd.Config{Endpoints: []string{w.endpoint}, Username: user, Password: user + "-secret"}
}

// denied is the text of an error about a key.
func denied(user, verb, key string) string {
	permission, that := verb, "that key"
	if verb == "write" {
		permission = "readwrite"
	}
	if prefix, found := strings.CutSuffix(key, "*"); found {
		key, that = "all keys that begin with "+prefix, "them"
	}
	return user + " may not " + verb + " " + key + "; one of its roles must have the permission " + permission +
		" for " + that + " (docs/etcd.md lists what each command needs)"
}

func TestUsersAndRoles(t *testing.T) {
	t.Parallel()
	w := guardedWorld(t)
	revision := w.putProfile("web", document(t, "web", "allow"))
	query := store.Query{Profiles: []string{"web"}, Lock: true}

	t.Run("writer", func(t *testing.T) {
		_, err := open(t, w.as("writer")).Update(soon(t), nil, creating("of-writer"))
		must(t, err)
	})
	t.Run("reader shows and does not edit", func(t *testing.T) {
		s := open(t, w.as("reader"))
		snap, err := s.Read(soon(t), query)
		must(t, err)
		if _, err := snap.Profile("web"); err != nil {
			t.Error(err)
		}
		must(t, s.List(soon(t), func(string, *profile.Profile, error) error { return nil }))
		_, err = s.Edit(soon(t), "web", appending(t, "allow tcp"))
		wantError(t, err, fault.ErrDenied, denied(`etcd user "reader"`, "write", key("web")))
		_, err = s.Update(soon(t), nil, creating("of-reader"))
		wantError(t, err, fault.ErrDenied, denied(`etcd user "reader"`, "write", key("of-reader")))
		_, err = s.Remove(soon(t), editing("web", nil), false)
		wantError(t, err, fault.ErrDenied, denied(`etcd user "reader"`, "write", key("web")))
	})
	t.Run("stranger", func(t *testing.T) {
		s := open(t, w.as("stranger"))
		_, err := s.Read(soon(t), query)
		wantError(t, err, fault.ErrDenied, denied(`etcd user "stranger"`, "read", key("web")))
		err = s.List(soon(t), func(string, *profile.Profile, error) error { return nil })
		wantError(t, err, fault.ErrDenied, denied(`etcd user "stranger"`, "read", key("*")))
	})
	if now := w.get("web"); now.ModRevision != revision {
		t.Error("the profile was changed")
	}
	if w.get("of-reader") != nil {
		t.Error("the reader made a profile")
	}
}

func TestWrongUsers(t *testing.T) {
	t.Parallel()
	w := guardedWorld(t)
	for name, test := range map[string]struct {
		cfg  etcd.Config
		text string
	}{
		"nobody": {etcd.Config{}, "etcd requires a user name and a password (ETCD_USERNAME, ETCD_PASSWORD)"},
		"wrong password": {
			etcd.Config{Username: "writer", Password: "hunter2"},
			`etcd rejects the password of user "writer", or there is no such user (ETCD_USERNAME, ETCD_PASSWORD)`,
		},
		"no such user": {
			etcd.Config{Username: "no\nbody", Password: "hunter2"},
			`etcd rejects the password of user "no\x0abody", or there is no such user (ETCD_USERNAME, ETCD_PASSWORD)`,
		},
		"no password":   {etcd.Config{Username: "writer"}, `etcd requires the password of user "writer" (ETCD_PASSWORD)`},
		"password only": {etcd.Config{Password: "hunter2"}, "etcd requires a user name and a password (ETCD_USERNAME, ETCD_PASSWORD)"},
	} {
		t.Run(name, func(t *testing.T) {
			test.cfg.Endpoints = []string{w.endpoint}
			err := readOnce(soon(t), test.cfg)
			wantError(t, err, fault.ErrDenied, test.text)
			if strings.Contains(fmt.Sprintf("%v %+v %#v", err, err, err), "hunter2") {
				t.Errorf("the password is in %#v", err)
			}
		})
	}
}

// Credentials that etcd does not ask for do no harm.
func TestUserWithoutAuth(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	_, err := open(t, w.as("writer")).Update(soon(t), nil, creating("web"))
	must(t, err)
}

// A permission that is taken away between read and commit is a definite
// failure, also when the time is over at the same moment.
func TestDeniedAtCommit(t *testing.T) {
	t.Parallel()
	for name, late := range map[string]bool{"in time": false, "as the time is over": true} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			w.putProfile("web", document(t, "web", "allow"))
			ctx, cancel := context.WithCancel(soon(t))
			s, _ := w.behind(first(func(context.Context) error {
				if late {
					cancel()
				}
				return errPermission()
			}), nil)
			_, err := s.Edit(ctx, "web", appending(t, "allow tcp"))
			wantError(t, err, fault.ErrDenied, denied("the etcd user", "write", key("web")))
			w.wantVersions("web", 1)
			cancel()
		})
	}
}

func errPermission() error { return rpctypes.ErrGRPCPermissionDenied }
