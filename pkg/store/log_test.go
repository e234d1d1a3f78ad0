package store_test

import (
	"context"
	"strings"
	"testing"

	"github.com/calicoctl/calicoctl/internal/etcd"
	"github.com/calicoctl/calicoctl/internal/testkit/etcdtest"
	"github.com/calicoctl/calicoctl/internal/testkit/logtest"
)

func TestLogOfEdit(t *testing.T) {
	t.Parallel()
	w := guardedWorld(t)
	w.putProfile("web", document(t, "web", "allow"))
	var log logtest.Buffer
	cfg := w.as("writer")
	cfg.Log = log.Logger()
	_, err := open(t, cfg).Edit(soon(t), "web", appending(t, "allow tcp"))
	must(t, err)
	address := strings.TrimPrefix(w.endpoint, "http://")
	log.Want(
		t,
		`msg="etcd connection is good" address=`+address,
		`msg="etcd request" method=Authenticate user=writer server=`+address+` ... took=`,
		`msg="etcd request" method=Txn key=`+key("web")+` conditions=0 reads=2 writes=0 ... revision=2 succeeded=true`,
		`msg="etcd request" method=Txn key=`+key("web")+` conditions=2 reads=0 writes=1 ... revision=3 succeeded=true`,
		`level=INFO msg="the edit is saved" profile=web revision=3`,
	)
	logtest.NoSecret(t, log.String())
}

func TestLogOfLostAnswer(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.putProfile("web", document(t, "web", "allow"))
	between := &etcdtest.Interposer{After: first(func(context.Context) error { return etcdtest.ErrLost() })}
	must(t, between.Start(w.endpoint))
	t.Cleanup(func() { _ = between.Close() })
	var log logtest.Buffer
	_, err := open(t, etcd.Config{Endpoints: []string{between.Endpoint()}, Log: log.Logger()}).Edit(soon(t), "web", appending(t, "allow tcp"))
	must(t, err)
	log.Want(
		t,
		`level=INFO msg="the answer was lost: the edit may or may not be saved" profile=web error="error reading from server: EOF"`,
		`level=INFO msg="something has changed since it was read; this time nothing is written" profile=web revision=3`,
		`msg="etcd stream" method=Watch`,
		`level=INFO msg="the history of the profile says whether the edit was saved" profile=web saved=3`,
	)
}

func TestLogOfConnections(t *testing.T) {
	t.Parallel()
	ca := newAuthority(t)
	w := secureWorld(t, ca.server(t, nil), ca)
	client := ca.client(t, "client", nil)
	var log logtest.Buffer
	cfg := etcd.Config{Endpoints: []string{w.endpoint}, CA: ca.pem, Cert: read(t, client.cert), Key: read(t, client.key), Log: log.Logger()}
	must(t, readOnce(soon(t), cfg))
	address := strings.TrimPrefix(w.endpoint, "https://")
	log.Want(
		t,
		`msg="etcd has a good certificate" address=`+address+` name=`+address+` subject="CN=etcd" issuer="CN=test authority" expires=`,
		`msg="etcd connection is good" address=`+address,
	)
	log = logtest.Buffer{}
	cfg.CA, cfg.Log = "", log.Logger()
	if err := readOnce(soon(t), cfg); err == nil {
		t.Error("the server is trusted")
	}
	log.Want(t, `msg="etcd connection failed" address=`+address+` error="tls: failed to verify certificate`)
	for _, line := range strings.Split(cfg.Key, "\n") {
		if line != "" && strings.Contains(log.String(), line) {
			t.Errorf("there is a key in\n%s", &log)
		}
	}
}
