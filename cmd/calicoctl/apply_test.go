package main

import (
	"context"
	"testing"

	clientv3 "go.etcd.io/etcd/client/v3"
	"go.uber.org/zap"

	"github.com/calicoctl/calicoctl/internal/testkit/embedetcd"
	"github.com/calicoctl/calicoctl/internal/testkit/etcdtest"
)

const threeProfiles = "Profile a:\nInbound rules:\nOutbound rules:\n" +
	"Profile b:\nInbound rules:\nOutbound rules:\n" +
	"Profile c:\nInbound rules:\nOutbound rules:\n"

// Ctrl-C in profile apply: what was done is said, and nothing else is said to be
// unchanged. Its transactions are: 1 finds out what is there, 2 to 4 check the
// three profiles, then each is read and written: 5 6, 7 8, 9 10.
func TestApplyInterrupted(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		request        int
		stdout, stderr string
		made           int64
	}{
		"checking":         {3, "", "calicoctl: interrupted; nothing was changed\n", 0},
		"before the first": {5, "", "calicoctl: interrupted; nothing was changed\n", 0},
		"before the third": {
			9, "+ Profile a\nTags:\n+  a\nInbound rules:\nOutbound rules:\n+ Profile b\nTags:\n+  b\nInbound rules:\nOutbound rules:\n",
			"calicoctl: 2 of 3 profiles were changed (a, b), then, at c: interrupted\n", 2,
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			server, err := embedetcd.Start(t.Context(), embedetcd.Options{Fast: true})
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { _ = server.Close() })
			ctx, cancel := context.WithTimeout(t.Context(), safetyNet)
			defer cancel()
			between := &etcdtest.Interposer{Before: func(request context.Context, method string, number int) error {
				if method == etcdtest.Commit && number == test.request {
					cancel()
					<-request.Done()
				}
				return nil
			}}
			if err := between.Start(server.Endpoint()); err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { _ = between.Close() })
			env := map[string]string{"ETCD_ENDPOINTS": between.Endpoint(), "CALICOCTL_LITERAL": "1"}
			e := runHere(ctx, typed{"profile apply -f -", threeProfiles}, env)
			if e.code != exitInterrupted || e.stdout != test.stdout || e.stderr != test.stderr {
				t.Errorf("exit code %d, says\n%s%s", e.code, e.stdout, e.stderr)
			}
			if made := countProfiles(t, server); made != test.made {
				t.Errorf("%d profiles were made, want %d", made, test.made)
			}
		})
	}
}

func countProfiles(t *testing.T, server *embedetcd.Server) int64 {
	t.Helper()
	client, err := clientv3.New(clientv3.Config{Endpoints: []string{server.Endpoint()}, Logger: zap.NewNop()})
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close()
	answer, err := client.Get(t.Context(), "/calico/resources/v3/projectcalico.org/profiles/", clientv3.WithPrefix(), clientv3.WithCountOnly())
	if err != nil {
		t.Fatal(err)
	}
	return answer.Count
}
