package embedetcd_test

import (
	"context"
	"errors"
	"net"
	"strings"
	"syscall"
	"testing"
	"time"

	pb "go.etcd.io/etcd/api/v3/etcdserverpb"
	clientv3 "go.etcd.io/etcd/client/v3"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/calicoctl/calicoctl/internal/testkit/embedetcd"
)

func TestClusterSurvivesItsLeader(t *testing.T) {
	t.Parallel()
	cluster := startCluster(t, 3)
	client := dial(t, cluster.Endpoints()...)
	put(t, client, "before", "1")

	old := cluster.Leader()
	if old < 0 {
		t.Fatal("a started cluster has no leader")
	}
	if err := cluster.Stop(old); err != nil {
		t.Fatal(err)
	}
	leader, err := cluster.WaitLeader(testContext(t))
	if err != nil {
		t.Fatal(err)
	}
	if leader == old {
		t.Fatalf("the stopped member %d leads", old)
	}
	others := dial(t, withoutIndex(cluster.Endpoints(), old)...)
	put(t, others, "during", "2")
	wantValue(t, others, "before", "1")

	if err := cluster.Restart(old); err != nil {
		t.Fatal(err)
	}
	back := dial(t, cluster.Endpoints()[old])
	put(t, back, "after", "3")
	for key, value := range map[string]string{"before": "1", "during": "2", "after": "3"} {
		wantValue(t, back, key, value)
	}
}

func withoutIndex(list []string, i int) []string {
	return append(append([]string(nil), list[:i]...), list[i+1:]...)
}

// A restarted member has on its own disk what it had before, and its ports.
func TestRestartKeepsDataAndPorts(t *testing.T) {
	t.Parallel()
	cluster := startCluster(t, 3)
	endpoints := cluster.Endpoints()
	put(t, dial(t, endpoints...), "colour", "green")
	follower := (cluster.Leader() + 1) % 3
	wantValue(t, dial(t, endpoints[follower]), "colour", "green") // and so has it on disk
	if err := cluster.Stop(follower); err != nil {
		t.Fatal(err)
	}

	address := host(t, endpoints[follower])
	if conn, err := net.Dial("tcp", address); !errors.Is(err, syscall.ECONNREFUSED) {
		t.Errorf("a stopped member is connected to: %v, %v", conn, err)
	}
	if listener, err := net.Listen("tcp", address); err == nil {
		listener.Close()
		t.Errorf("the port of a stopped member was to be had")
	}

	if err := cluster.Restart(follower); err != nil {
		t.Fatal(err)
	}
	if got := cluster.Endpoints()[follower]; got != endpoints[follower] {
		t.Errorf("was at %s, is at %s", endpoints[follower], got)
	}
	wantValue(t, dial(t, endpoints[follower]), "colour", "green", clientv3.WithSerializable())
}

// Without a majority nothing is written, and all is there when it is back.
func TestMajorityLostAndRegained(t *testing.T) {
	t.Parallel()
	cluster := startCluster(t, 3)
	put(t, dial(t, cluster.Endpoints()...), "colour", "green")
	for i := range 3 {
		if err := cluster.Stop(i); err != nil {
			t.Fatal(err)
		}
	}
	if got := cluster.Leader(); got != -1 {
		t.Errorf("a cluster without members is led by %d", got)
	}
	for i := range 3 {
		if err := cluster.Restart(i); err != nil {
			t.Fatal(err)
		}
		if i == 0 && cluster.Leader() != -1 {
			t.Error("one of three members made itself the leader")
		}
	}
	wantValue(t, dial(t, cluster.Endpoints()...), "colour", "green")
}

// A member that waits for the others can be stopped as any other.
func TestStopWithoutMajority(t *testing.T) {
	t.Parallel()
	cluster := startCluster(t, 2)
	for _, i := range []int{0, 1} {
		if err := cluster.Stop(i); err != nil {
			t.Fatal(err)
		}
	}
	if err := cluster.Restart(1); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Millisecond)
	defer cancel()
	if leader, err := cluster.WaitLeader(ctx); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("one of two leads: %d, %v", leader, err)
	}
	if err := cluster.Stop(1); err != nil {
		t.Fatal(err)
	}
}

// A request in the middle of which a member stops ends with a lost connection,
// from which its outcome cannot be told, not with an answer of etcd's.
func TestStopIsAbrupt(t *testing.T) {
	t.Parallel()
	cluster := startCluster(t, 3)
	leader := cluster.Leader()
	client := dial(t, cluster.Endpoints()[leader])
	stream, err := pb.NewWatchClient(client.ActiveConnection()).Watch(testContext(t))
	if err != nil {
		t.Fatal(err)
	}
	request := &pb.WatchRequest{RequestUnion: &pb.WatchRequest_CreateRequest{
		CreateRequest: &pb.WatchCreateRequest{Key: []byte("key")},
	}}
	if err := stream.Send(request); err != nil {
		t.Fatal(err)
	}
	if answer, err := stream.Recv(); err != nil || !answer.Created {
		t.Fatalf("no watch: %v, %v", answer, err)
	}

	if err := cluster.Stop(leader); err != nil {
		t.Fatal(err)
	}
	_, err = stream.Recv()
	if status.Code(err) != codes.Unavailable || strings.Contains(err.Error(), "etcdserver") {
		t.Errorf("the watch ended with %v", err)
	}
}

func TestClusterMisuse(t *testing.T) {
	t.Parallel()
	if cluster, err := embedetcd.StartCluster(testContext(t), 0, embedetcd.Options{}); err == nil {
		t.Errorf("a cluster of no members: %v", cluster)
	}
	cluster := startCluster(t, 1)
	for _, test := range []struct {
		name string
		err  error
		want string
	}{
		{"stop a member that is not there", cluster.Stop(1), "embedded etcd has no member 1, only 0 to 0"},
		{"restart a member that is not there", cluster.Restart(-1), "embedded etcd has no member -1, only 0 to 0"},
		{"restart a running member", cluster.Restart(0), "restart embedded etcd: member-0 runs already"},
		{"stop", cluster.Stop(0), ""},
		{"stop twice", cluster.Stop(0), "stop embedded etcd: member-0 does not run"},
		{"close", cluster.Close(), ""},
		{"close twice", cluster.Close(), ""},
		{"restart after close", cluster.Restart(0), "restart embedded etcd: the cluster is closed"},
	} {
		if test.want == "" && test.err != nil || test.want != "" && (test.err == nil || test.err.Error() != test.want) {
			t.Errorf("%s: got %v, want %q", test.name, test.err, test.want)
		}
	}
}
