package store_test

import (
	"context"
	"errors"
	"fmt"
	"testing"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/calicoctl/calicoctl/internal/testkit/etcdtest"
	"github.com/calicoctl/calicoctl/pkg/fault"
	"github.com/calicoctl/calicoctl/pkg/store"
)

// learner returns what rejects each request as a learner does: with another code
// in 3.4 and 3.5 than from 3.6 on.
func (w *world) learner(code codes.Code) *etcdtest.Interposer {
	w.t.Helper()
	between := &etcdtest.Interposer{Before: func(context.Context, string, int) error {
		return status.Error(code, "etcdserver: rpc not supported for learner")
	}}
	must(w.t, between.Start(w.endpoint))
	w.t.Cleanup(func() { _ = between.Close() })
	return between
}

// A learner among the endpoints does no harm, wherever it stands.
func TestLearnerBesideMember(t *testing.T) {
	t.Parallel()
	for _, code := range []codes.Code{codes.Unavailable, codes.FailedPrecondition} {
		for _, first := range []bool{true, false} {
			t.Run(fmt.Sprintf("%s, first %t", code, first), func(t *testing.T) {
				t.Parallel()
				w := guardedWorld(t)
				learner := w.learner(code)
				cfg := w.as("writer")
				cfg.Endpoints = append(cfg.Endpoints, learner.Endpoint())
				if first {
					cfg.Endpoints[0], cfg.Endpoints[1] = cfg.Endpoints[1], cfg.Endpoints[0]
				}
				s := open(t, cfg)
				result, err := s.Update(soon(t), nil, creating("web"))
				must(t, err)
				seen, stop := follow(t, s, result.Profile)
				for n := range 40 {
					_, err := s.Edit(soon(t), "web", appending(t, fmt.Sprintf("allow from cidr 10.0.0.%d/32", n)))
					must(t, err)
					<-seen
				}
				_ = stop()
				asked := learner.Count(etcdtest.Commit) + learner.Count(authenticate) + learner.Count(watchMethod)
				if asked > 3 {
					t.Errorf("the learner was asked %d times", asked)
				}
			})
		}
	}
}

// Where there is nothing but learners, that is said.
func TestLearnersOnly(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	s := open(t, store.Config{Endpoints: []string{w.learner(codes.Unavailable).Endpoint(), w.learner(codes.FailedPrecondition).Endpoint()}})
	_, err := s.Read(soon(t), store.Query{Profiles: []string{"web"}})
	wantIn(t, err, "it is a learner, which serves no clients until it is promoted")
	if !errors.Is(err, fault.ErrUnreachable) {
		t.Error(err)
	}
}
