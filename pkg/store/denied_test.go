package store_test

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"strings"
	"testing"

	"go.etcd.io/etcd/api/v3/v3rpc/rpctypes"
	clientv3 "go.etcd.io/etcd/client/v3"

	"github.com/calicoctl/calicoctl/internal/etcd"
	"github.com/calicoctl/calicoctl/internal/testkit/embedetcd"
	"github.com/calicoctl/calicoctl/internal/testkit/etcdtest"
	"github.com/calicoctl/calicoctl/pkg/fault"
	"github.com/calicoctl/calicoctl/pkg/profile"
	"github.com/calicoctl/calicoctl/pkg/resource"
	"github.com/calicoctl/calicoctl/pkg/store"
)

const (
	workloads = "/calico/resources/v3/projectcalico.org/workloadendpoints/"
	hosts     = "/calico/resources/v3/projectcalico.org/hostendpoints/"
	profileV1 = "/calico/v1/policy/profile/"
	hostV1    = "/calico/v1/host/"
)

// only returns the lines of a user that has these permissions, such as
// "read /a/", and no others.
func only(user string, permissions ...string) string {
	lines := "role " + user
	for _, p := range permissions {
		lines += "\ngrant " + user + " " + p
	}
	return lines + "\nuser " + user + " " + user + "-secret " + user
}

// reading returns permissions to read.
func reading(keys ...string) []string {
	for i := range keys {
		keys[i] = "read " + keys[i]
	}
	return keys
}

// Each error names the one key or prefix that is missing, whatever else the
// request was about.
func TestDeniedKeyIsNamed(t *testing.T) {
	t.Parallel()
	edit := func(s *store.Store) error {
		e := editing("web", appending(t, "allow tcp"))
		e.Query.Presence, e.Query.Unguarded = []string{"a", "b"}, []string{"c"}
		_, err := s.Update(soon(t), nil, e)
		return err
	}
	remove := func(s *store.Store) error {
		_, err := s.Remove(soon(t), editing("web", nil), false)
		return err
	}
	migrate := func(s *store.Store) error {
		_, err := s.Migrate(soon(t), store.Migration{From: "OLD", To: "new"})
		return err
	}
	endpoints := func(s *store.Store) error {
		return s.View().EachEndpoint(soon(t), func(resource.Endpoint, error) error { return nil })
	}
	tests := []struct {
		user        string
		permissions []string
		run         func(*store.Store) error
		verb, key   string
	}{
		{"lock", []string{"readwrite " + prefix}, edit, "read", lockKey},
		{"presence", reading(key("web"), lockKey, key("a"), key("c")), edit, "read", key("b")},
		{"glance", reading(key("web"), lockKey, key("a"), key("b")), edit, "read", key("c")},
		{"put", reading(key("web"), lockKey, prefix), edit, "write", key("web")},
		{"profile", []string{"write " + key("web"), "read " + lockKey}, edit, "read", key("web")},
		{"workloads", reading(prefix, lockKey, hosts), remove, "read", workloads + "*"},
		{"hosts", reading(prefix, lockKey, workloads), remove, "read", hosts + "*"},
		{"delete", reading(prefix, lockKey, workloads, hosts), remove, "write", key("web")},
		{"endpoints", reading(prefix, lockKey, hosts), endpoints, "read", workloads + "*"},
		{"v1", []string{"readwrite " + prefix, "read " + lockKey}, migrate, "read", profileV1 + "OLD/rules"},
		{"v1-tags", []string{"readwrite " + prefix, "read " + lockKey, "read " + profileV1 + "OLD/rules"}, migrate, "read", profileV1 + "OLD/tags"},
		{"new", []string{"read " + prefix, "read " + lockKey, "readwrite " + profileV1}, migrate, "write", key("new")},
		{"v1-delete", []string{"readwrite " + prefix, "read " + lockKey, "read " + profileV1}, migrate, "write", profileV1 + "OLD/rules"},
	}
	var users []string
	for _, test := range tests {
		users = append(users, only(test.user, test.permissions...))
	}
	w := newWorld(t)
	w.putProfile("web", document(t, "web", "allow"))
	w.put(profileV1+"OLD/rules", `{"inbound_rules":[],"outbound_rules":[]}`)
	w.guard(users...)
	for _, test := range tests {
		t.Run(test.user, func(t *testing.T) {
			err := test.run(open(t, w.as(test.user)))
			wantError(t, err, fault.ErrDenied, denied(fmt.Sprintf("etcd user %q", test.user), test.verb, test.key))
		})
	}
	w.wantVersions("web", 1) // nothing is written to find out
	w.wantVersions("new", 0)
}

// One of two hundred keys is found with few requests, and without writing.
func TestDeniedKeyIsFoundSoon(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.putProfile("web", document(t, "web", "allow"))
	w.guard(only("most", "readwrite "+key("web"), "read "+lockKey, "read "+key("a/"), "read "+key("b-099")))
	var ids []string
	for i := range 198 {
		ids = append(ids, fmt.Sprintf("a/%03d", i))
	}
	ids = append(ids, "b-100", "b-099")
	between := &etcdtest.Interposer{}
	must(t, between.Start(w.endpoint))
	t.Cleanup(func() { _ = between.Close() })
	cfg := w.as("most")
	cfg.Endpoints = []string{between.Endpoint()}
	_, err := open(t, cfg).Read(soon(t), store.Query{Profiles: []string{"web"}, Presence: ids})
	wantError(t, err, fault.ErrDenied, denied(`etcd user "most"`, "read", key("b-100")))
	if got, most := between.Count(etcdtest.Commit), 2+3+7; got > most {
		t.Errorf("%d requests, want at most %d", got, most)
	}
}

// Where etcd does not answer any more, the error is there all the same.
func TestDeniedWithoutFurtherAnswers(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.putProfile("web", document(t, "web", "allow"))
	s, _ := w.behind(func(ctx context.Context, method string, number int) error {
		switch {
		case method != etcdtest.Commit || number < firstCommit:
			return nil
		case number == firstCommit:
			return errPermission()
		}
		<-ctx.Done()
		return ctx.Err()
	}, nil)
	s.KeepTime()
	_, err := s.Edit(soon(t), "web", appending(t, "allow tcp"))
	wantError(t, err, fault.ErrDenied, "the etcd user has no permission for a key of this request; docs/etcd.md lists what each command needs")
}

// After a lost answer the history is asked. When that is denied, because the
// permission was taken away meanwhile, the outcome is unknown, and both is said.
func TestDeniedAfterLostAnswer(t *testing.T) {
	t.Parallel()
	const watch = "/etcdserverpb.Watch/Watch"
	for name, when := range map[string]struct {
		method string
		number int
	}{
		"before it is sent again":      {etcdtest.Commit, firstCommit + 1},
		"before the history is looked": {watch, 1},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			w.putProfile("web", document(t, "web", "allow"))
			w.guard()
			between := &etcdtest.Interposer{
				After: first(func(context.Context) error { return etcdtest.ErrLost() }),
				Before: func(ctx context.Context, method string, number int) error {
					if method == when.method && number == when.number {
						return etcdtest.Revoke(ctx, w.plain, "writer", "/calico/")
					}
					return nil
				},
			}
			must(t, between.Start(w.endpoint))
			t.Cleanup(func() { _ = between.Close() })
			cfg := w.as("writer")
			cfg.Endpoints = []string{between.Endpoint()}
			_, err := open(t, cfg).Edit(soon(t), "web", appending(t, "allow tcp"))
			wantError(t, err, fault.ErrUnknownOutcome, "the change of profile web was sent, but the answer was lost: "+
				"it may or may not have been saved; it cannot be looked up, because "+denied(`etcd user "writer"`, "read", key("web")))
			w.wantVersions("web", 2)
		})
	}
}

// With --client-cert-auth the user is the common name of the certificate.
func TestCertificateUsers(t *testing.T) {
	t.Parallel()
	ca := newAuthority(t)
	w := secureWorld(t, ca.server(t, nil), ca)
	as := func(user string) etcd.Config {
		p, err := ca.Client("client-"+user, user, nil)
		must(t, err)
		return etcd.Config{Endpoints: []string{w.endpoint}, CA: ca.pem, CertFile: p.Cert, KeyFile: p.Key}
	}
	client := plainClient(t, clientv3.Config{Endpoints: []string{w.endpoint}, TLS: w.tls(as("root"))})
	_, err := client.Put(soon(t), key("web"), document(t, "web", "allow"))
	must(t, err)
	must(t, etcdtest.Users(soon(t), client, "role reader\ngrant reader read /calico/\nuser reader - reader\nuser late late-secret reader"))

	s := open(t, as("reader"))
	_, err = s.Read(soon(t), store.Query{Profiles: []string{"web"}})
	must(t, err)
	_, err = s.Edit(soon(t), "web", appending(t, "allow tcp"))
	wantError(t, err, fault.ErrDenied, denied(`etcd user "reader"`, "write", key("web")))
	_, err = open(t, as("nobody")).Edit(soon(t), "web", appending(t, "allow tcp"))
	wantError(t, err, fault.ErrDenied, denied(`etcd user "nobody"`, "read", key("web")))
	// A name and a password count more than the certificate.
	cfg := as("reader")
	cfg.Username, cfg.Password = "late", "late-secret"
	_, err = open(t, cfg).Edit(soon(t), "web", appending(t, "allow tcp"))
	wantError(t, err, fault.ErrDenied, denied(`etcd user "late"`, "write", key("web")))
}

// tls returns the settings of a plain client that uses the same certificates.
func (w *world) tls(cfg etcd.Config) *tls.Config {
	w.t.Helper()
	config := pair{cfg.CertFile, cfg.KeyFile}.config(w.t)
	config.RootCAs = x509.NewCertPool()
	config.RootCAs.AppendCertsFromPEM([]byte(cfg.CA))
	return config
}

// An etcd that takes certificates, but not the names in them.
func TestCertificateIsNoUser(t *testing.T) {
	t.Parallel()
	w := guardedWorld(t)
	client := newAuthority(t).client(t, "client", nil)
	err := readOnce(soon(t), etcd.Config{Endpoints: []string{w.endpoint}, CertFile: client.cert, KeyFile: client.key})
	wantError(t, err, fault.ErrDenied, "etcd requires a user name and a password (ETCD_USERNAME, ETCD_PASSWORD); "+
		"it does not take the name in the client certificate for one")
}

// etcd forgets the tokens that it gave when it restarts. A Store that was open
// gets another one and goes on.
func TestRestartWithUsers(t *testing.T) {
	t.Parallel()
	cluster, err := embedetcd.StartCluster(soon(t), 1, embedetcd.Options{Fast: true})
	must(t, err)
	t.Cleanup(func() { _ = cluster.Close() })
	w := &world{t: t, endpoint: cluster.Endpoints()[0]}
	w.plain = plainClient(t, clientv3.Config{Endpoints: cluster.Endpoints()})
	w.putProfile("web", document(t, "web", "allow"))
	w.guard()
	reader, writer := open(t, w.as("reader")), open(t, w.as("writer"))
	for _, words := range []string{"allow tcp", "allow udp"} {
		_, err = reader.Read(soon(t), store.Query{Profiles: []string{"web"}, V1: true})
		must(t, err)
		result, err := writer.Edit(soon(t), "web", appending(t, words))
		wantDone(t, result, err, 1)
		must(t, cluster.Stop(0))
		must(t, cluster.Restart(0))
	}
	must(t, reader.List(soon(t), func(string, *profile.Profile, error) error { return nil }))
	_, err = reader.Edit(soon(t), "web", appending(t, "allow sctp"))
	wantError(t, err, fault.ErrDenied, denied(`etcd user "reader"`, "write", key("web")))
	w.login()
	w.wantVersions("web", 3)
}

// Users that are made while a Store is open.
func TestUsersFromNowOn(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.putProfile("web", document(t, "web", "allow"))
	named, nameless := open(t, w.as("writer")), open(t, etcd.Config{Endpoints: []string{w.endpoint}})
	w.guard()
	result, err := named.Edit(soon(t), "web", appending(t, "allow tcp"))
	wantDone(t, result, err, 1)
	_, err = nameless.Edit(soon(t), "web", appending(t, "allow udp"))
	wantError(t, err, fault.ErrDenied, "etcd requires a user name and a password (ETCD_USERNAME, ETCD_PASSWORD)")
}

// A token that is refused again and again is not asked for without an end.
func TestTokenIsRefused(t *testing.T) {
	t.Parallel()
	w := guardedWorld(t)
	between := &etcdtest.Interposer{Before: func(_ context.Context, method string, _ int) error {
		if method == etcdtest.Commit {
			return rpctypes.ErrGRPCInvalidAuthToken
		}
		return nil
	}}
	must(t, between.Start(w.endpoint))
	t.Cleanup(func() { _ = between.Close() })
	cfg := w.as("writer")
	cfg.Endpoints = []string{between.Endpoint()}
	err := readOnce(soon(t), cfg)
	wantError(t, err, fault.ErrDenied, `etcd does not know any more that it has accepted user "writer"; try again`)
}

func TestDeniedErrorText(t *testing.T) {
	t.Parallel()
	cause := errors.New("cause")
	for _, test := range []struct {
		err  etcd.DeniedError
		text string
	}{
		{etcd.DeniedError{}, "the etcd user has no permission for a key of this request; docs/etcd.md lists what each command needs"},
		{etcd.DeniedError{User: "a\"\x1b", Keys: []string{"/k\x1b"}, Cause: cause}, denied(`etcd user "a\"\x1b"`, "read", `/k\x1b`)},
		{
			etcd.DeniedError{User: "a", Write: true, Keys: []string{"/k", "/l"}},
			`etcd user "a" may not write one of /k, /l; one of its roles must have the permission readwrite for each of them ` +
				"(docs/etcd.md lists what each command needs)",
		},
	} {
		if got := test.err.Error(); got != test.text {
			t.Errorf("%s\nwant\n%s", got, test.text)
		}
		if !errors.Is(&test.err, fault.ErrDenied) || errors.Is(&test.err, cause) != (test.err.Cause != nil) {
			t.Errorf("%v is of the wrong kind", &test.err)
		}
		if strings.ContainsFunc(test.err.Error(), func(r rune) bool { return r < ' ' }) {
			t.Errorf("%q is not printable", test.err.Error())
		}
	}
}
