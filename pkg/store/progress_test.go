package store_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	pb "go.etcd.io/etcd/api/v3/etcdserverpb"
	"google.golang.org/protobuf/proto"

	"github.com/calicoctl/calicoctl/internal/etcd"
	"github.com/calicoctl/calicoctl/internal/testkit/etcdtest"
	"github.com/calicoctl/calicoctl/pkg/fault"
	"github.com/calicoctl/calicoctl/pkg/store"
)

// progress returns interposers that deal with requests for progress as servers do.
func progress() map[string]func() *etcdtest.Interposer {
	return map[string]func() *etcdtest.Interposer{
		"never answered": func() *etcdtest.Interposer { // as a grpc-proxy, and as 3.5.8 to 3.5.12 at first
			return &etcdtest.Interposer{Reply: replyToProgress(nil)}
		},
		"answered too early": func() *etcdtest.Interposer { // as before 3.4.25 and 3.5.8
			answer, _ := proto.Marshal(&pb.WatchResponse{Header: &pb.ResponseHeader{Revision: 1 << 40}, WatchId: -1})
			return &etcdtest.Interposer{Reply: replyToProgress(answer), Deliver: func(ctx context.Context, method string, number int) {
				if method == watchMethod && number > 1 { // the first says that the watch is there
					select {
					case <-time.After(200 * time.Millisecond):
					case <-ctx.Done():
					}
				}
			}}
		},
	}
}

func replyToProgress(answer []byte) func(string, []byte) ([]byte, bool) {
	return func(method string, message []byte) ([]byte, bool) {
		var request pb.WatchRequest
		if method != watchMethod || proto.Unmarshal(message, &request) != nil || request.GetProgressRequest() == nil {
			return nil, false
		}
		return answer, true
	}
}

// through returns a Store whose requests pass an interposer.
func (w *world) through(between *etcdtest.Interposer) *store.Store {
	w.t.Helper()
	must(w.t, between.Start(w.endpoint))
	w.t.Cleanup(func() { _ = between.Close() })
	return open(w.t, etcd.Config{Endpoints: []string{between.Endpoint()}})
}

// The history is complete, whatever a server says about the progress of a watch.
func TestHistoryWithoutProgress(t *testing.T) {
	t.Parallel()
	for name, between := range progress() {
		for _, maxReads := range []int64{1, 1000} {
			t.Run(fmt.Sprintf("%s, %d reads", name, maxReads), func(t *testing.T) {
				t.Parallel()
				w := newWorld(t)
				var want []string
				for range 2 {
					want = append(want, fmt.Sprintf("%d created deny", w.putProfile("web", document(t, "web", "deny"))),
						fmt.Sprintf("%d changed log", w.putProfile("web", document(t, "web", "log"))),
						fmt.Sprintf("%d removed", w.remove("web")))
					for n := range 5 {
						w.put("/elsewhere", fmt.Sprint(n))
					}
				}
				slices.Reverse(want)
				s := w.through(between())
				s.SetMaxReads(maxReads)
				for range 2 {
					if told, compacted := tell(t, s); !slices.Equal(told, want) || compacted {
						t.Fatalf("%q, compacted %v; want %q", told, compacted, want)
					}
					want = append([]string{fmt.Sprintf("%d created allow", w.putProfile("web", document(t, "web", "allow")))}, want...)
				}
				_, err := s.History(soon(t), "never", func(store.Version) error { return errors.New("a version") })
				must(t, err)
			})
		}
	}
}

// A removal that is further back than the time reaches is not taken for none, and
// the error says whether etcd has stalled.
func TestHistoryOutOfTime(t *testing.T) {
	t.Parallel()
	for timeout, text := range map[time.Duration]string{
		500 * time.Millisecond: "there was no time to look for profile web before revision 104 of etcd; give it more time",
		3 * time.Second:        "no answer (waited",
	} {
		t.Run(timeout.String(), func(t *testing.T) {
			t.Parallel()
			outOfTime(t, timeout, text)
		})
	}
}

func outOfTime(t *testing.T, timeout time.Duration, text string) {
	t.Helper()
	w := newWorld(t)
	w.putProfile("web", document(t, "web", "deny"))
	w.remove("web")
	for n := range 300 {
		w.put("/elsewhere", fmt.Sprint(n))
	}
	ctx, cancel := context.WithTimeout(t.Context(), timeout)
	defer cancel()
	s, _ := w.behind(func(_ context.Context, method string, number int) error {
		if method == etcdtest.Commit && number == 3 {
			<-ctx.Done()
		}
		return nil
	}, nil)
	_, err := s.History(ctx, "web", func(store.Version) error { return errors.New("a version") })
	if !errors.Is(err, fault.ErrUnreachable) {
		t.Errorf("%v", err)
	}
	wantIn(t, err, text)
}

// A watch of which nothing comes is no failure as long as reads are answered; what
// it does not tell is found out all the same.
func TestFollowWithoutProgress(t *testing.T) {
	t.Parallel()
	for name, between := range progress() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			w.putProfile("web", document(t, "web", "deny"))
			between := between()
			s := w.through(between)
			s.SetHeartbeat(500 * time.Millisecond)
			seen, stop := follow(t, s, w.profile("web"))
			for between.Count("/etcdserverpb.KV/Range") < 5 { // each heartbeat is one
				w.put("/elsewhere", "x")
				time.Sleep(20 * time.Millisecond)
			}
			if n := between.Count(watchMethod); n != 1 {
				t.Errorf("%d watches were started", n)
			}
			made := w.putProfile("web", document(t, "web", "log"))
			wantSeen(t, seen, fmt.Sprintf("%d changed log", made))
			if err := stop(); !errors.Is(err, context.Canceled) {
				t.Errorf("it ended with %v", err)
			}
		})
	}
}

// A watch that has lost an event, while reads are answered, is begun anew.
func TestFollowThroughDeafWatch(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.putProfile("web", document(t, "web", "deny"))
	between := &etcdtest.Interposer{}
	between.Deliver = func(ctx context.Context, method string, number int) {
		if method == watchMethod && number > 1 && between.Count(watchMethod) == 1 {
			<-ctx.Done()
		}
	}
	s := w.through(between)
	s.SetHeartbeat(500 * time.Millisecond)
	seen, stop := follow(t, s, w.profile("web"))
	for between.Count(watchMethod) == 0 {
		time.Sleep(time.Millisecond)
	}
	wantSeen(t, seen, fmt.Sprintf("%d changed log", w.putProfile("web", document(t, "web", "log"))))
	removed := w.remove("web")
	wantSeen(t, seen, fmt.Sprintf("%d removed", removed))
	_ = stop()
}
