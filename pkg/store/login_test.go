package store_test

import (
	"context"
	"fmt"
	"sync"
	"testing"

	"go.etcd.io/etcd/api/v3/v3rpc/rpctypes"
	"google.golang.org/grpc/metadata"

	"github.com/calicoctl/calicoctl/internal/testkit/etcdtest"
	"github.com/calicoctl/calicoctl/pkg/fault"
	"github.com/calicoctl/calicoctl/pkg/store"
)

const authenticate = "/etcdserverpb.Auth/Authenticate"

// likeOld behaves as etcd 3.4, which rejects a request for a token that comes with
// one that it does not take.
func likeOld(ctx context.Context, method string, _ int) error {
	if values, _ := metadata.FromIncomingContext(ctx); method == authenticate && len(values.Get(rpctypes.TokenFieldNameGRPC)) > 0 {
		return rpctypes.ErrGRPCInvalidAuthToken
	}
	return nil
}

// writing opens a Store of the user writer, through an interposer.
func (w *world) writing(before etcdtest.Hook) (*store.Store, *etcdtest.Interposer) {
	w.t.Helper()
	between := &etcdtest.Interposer{Before: before}
	must(w.t, between.Start(w.endpoint))
	w.t.Cleanup(func() { _ = between.Close() })
	cfg := w.as("writer")
	cfg.Endpoints = []string{between.Endpoint()}
	return open(w.t, cfg), between
}

// passwd sets the writer's password. etcd takes none of the user's tokens any more.
func (w *world) passwd(password string) {
	w.t.Helper()
	_, err := w.plain.UserChangePassword(soon(w.t), "writer", password)
	must(w.t, err)
}

// A token that etcd does not take any more is renewed, once for all requests.
func TestTokenRenewed(t *testing.T) {
	t.Parallel()
	w := guardedWorld(t)
	w.putProfile("web", document(t, "web", "allow"))
	s, between := w.writing(likeOld)
	for round := range 3 {
		w.passwd("writer-secret")
		var all sync.WaitGroup
		for n := range 8 {
			all.Go(func() {
				if _, err := s.Edit(soon(t), "web", appending(t, fmt.Sprintf("allow from cidr 10.0.%d.%d/32", round, n))); err != nil {
					t.Error(err)
				}
			})
		}
		all.Wait()
		if n := between.Count(authenticate); n > 3*(round+1)+1 {
			t.Errorf("%d requests for a token in %d rounds", n, round+1)
		}
	}
}

// A password that is not good any more is an error at once.
func TestTokenNotRenewed(t *testing.T) {
	t.Parallel()
	w := guardedWorld(t)
	s, between := w.writing(likeOld)
	w.passwd("another")
	_, err := s.Read(soon(t), store.Query{Profiles: []string{"web"}})
	wantError(t, err, fault.ErrDenied, `etcd rejects the password of user "writer", or there is no such user (ETCD_USERNAME, ETCD_PASSWORD)`)
	if n := between.Count(authenticate); n != 2 {
		t.Errorf("%d requests for a token", n)
	}
}

// Users that etcd gets while a Store is open are logged in.
func TestTokenOfNewUsers(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	s := open(t, w.as("writer"))
	_, err := s.Update(soon(t), nil, creating("web"))
	must(t, err)
	w.guard()
	_, err = s.Edit(soon(t), "web", appending(t, "deny"))
	must(t, err)
}

// A watch goes on when its connection is lost after the token has become useless.
func TestFollowRenewsToken(t *testing.T) {
	t.Parallel()
	w := guardedWorld(t)
	w.putProfile("web", document(t, "web", "deny"))
	cut, begun := make(chan struct{}), make(chan struct{}, 10)
	s, between := w.writing(func(ctx context.Context, method string, number int) error {
		if method == watchMethod {
			begun <- struct{}{}
			if number == 1 {
				<-cut
				return etcdtest.ErrLost()
			}
		}
		return likeOld(ctx, method, number)
	})
	snap, err := s.Read(soon(t), store.Query{Profiles: []string{"web"}})
	must(t, err)
	p, err := snap.Profile("web")
	must(t, err)
	seen, stop := follow(t, s, p)
	<-begun
	w.passwd("writer-secret")
	close(cut)
	<-begun
	wantSeen(t, seen, fmt.Sprintf("%d changed log", w.putProfile("web", document(t, "web", "log"))))
	_ = stop()
	if n := between.Count(authenticate); n > 5 {
		t.Errorf("%d requests for a token", n)
	}
}
