package store_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/calicoctl/calicoctl/internal/etcd"
	"github.com/calicoctl/calicoctl/internal/testkit/etcdtest"
	"github.com/calicoctl/calicoctl/pkg/profile"
	"github.com/calicoctl/calicoctl/pkg/store"
)

const watchMethod = "/etcdserverpb.Watch/Watch"

// follow follows web and returns what it is told, and how the following ended.
func follow(t *testing.T, s *store.Store, p *profile.Profile) (seen chan string, stop func() error) {
	t.Helper()
	ctx, cancel := context.WithCancel(soon(t))
	seen = make(chan string, 100)
	ended := make(chan error, 1)
	go func() {
		ended <- s.Follow(ctx, p, store.Follower{
			Seen: func(v store.Version) error {
				what := described(v)
				if v.Skipped {
					what += " skipped"
				}
				seen <- fmt.Sprintf("%d %s", v.Revision, what)
				return nil
			},
			Lost: func(err error) { seen <- fmt.Sprintf("lost: %v", err != nil) },
		})
	}()
	return seen, func() error { cancel(); return <-ended }
}

func wantSeen(t *testing.T, seen chan string, want ...string) {
	t.Helper()
	for _, w := range want {
		select {
		case got := <-seen:
			if got != w {
				t.Errorf("seen %q, want %q", got, w)
			}
		case <-soon(t).Done():
			t.Fatalf("%q is not seen", w)
		}
	}
}

// Everything that comes is told, once and in order.
func TestFollow(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.putProfile("web", document(t, "web", "deny"))
	p := w.profile("web")
	first := w.putProfile("web", document(t, "web", "log")) // after it was read
	seen, stop := follow(t, w.direct(), p)
	wantSeen(t, seen, fmt.Sprintf("%d changed log", first))
	w.put("/elsewhere", "x")
	malformed := w.putProfile("web", "?")
	removed := w.remove("web")
	made := w.putProfile("web", document(t, "web", "allow"))
	wantSeen(t, seen, fmt.Sprintf("%d malformed", malformed), fmt.Sprintf("%d removed", removed), fmt.Sprintf("%d created allow", made))
	if err := stop(); !errors.Is(err, context.Canceled) {
		t.Errorf("it ended with %v", err)
	}
}

// Connections that are lost before, while or after etcd begins to watch cost
// nothing that came.
func TestFollowThroughLostConnections(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.putProfile("web", document(t, "web", "deny"))
	lose := func(numbers ...int) etcdtest.Hook {
		return func(_ context.Context, method string, number int) error {
			if method == watchMethod && slices.Contains(numbers, number) {
				return etcdtest.ErrLost()
			}
			return nil
		}
	}
	s, _ := w.behind(lose(1, 2, 5), lose(3, 4))
	seen, stop := follow(t, s, w.profile("web"))
	for n := range 3 {
		rule := fmt.Sprintf("allow from cidr 10.0.0.%d/32", n)
		wantSeen(t, seen, fmt.Sprintf("%d changed %s", w.putProfile("web", document(t, "web", rule)), rule))
	}
	_ = stop()
}

// Where etcd has thrown away what came, what there is now is told, unless it is
// what was known.
func TestFollowThroughCompaction(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		meanwhile func(w *world, t *testing.T)
		want      string
	}{
		"changed": {func(w *world, t *testing.T) { w.putProfile("web", document(t, "web", "log")) }, "5 changed log skipped"},
		"removed": {func(w *world, _ *testing.T) { w.remove("web") }, "0 removed skipped"},
		"the same": {
			func(w *world, _ *testing.T) { w.put("/elsewhere", "x") }, "",
		},
		"another": {func(w *world, t *testing.T) {
			w.remove("web")
			w.putProfile("web", document(t, "web", "pass"))
		}, "6 created pass skipped"},
		"malformed": {func(w *world, _ *testing.T) { w.putProfile("web", "?") }, "5 malformed skipped"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			w.putProfile("web", document(t, "web", "deny"))
			p := w.profile("web")
			s, _ := w.behind(func(_ context.Context, method string, number int) error {
				if method == watchMethod && number == 1 {
					w.putProfile("web", document(t, "web", "deny"))
					w.putProfile("web", document(t, "web", "deny"))
					test.meanwhile(w, t)
					w.put("/elsewhere", "end")
					w.compact(w.put("/elsewhere", "end"))
				}
				return nil
			}, nil)
			want := []string{test.want}
			if test.want == "" {
				want = []string{"4 changed deny skipped"}
			}
			seen, stop := follow(t, s, p)
			wantSeen(t, seen, want...)
			made := w.putProfile("web", document(t, "web", "allow"))
			what := "changed"
			if test.want == "0 removed skipped" {
				what = "created"
			}
			wantSeen(t, seen, fmt.Sprintf("%d %s allow", made, what))
			_ = stop()
		})
	}
}

// A profile that nobody changes is told nothing about, however much is thrown
// away.
func TestFollowQuietThroughCompaction(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.putProfile("web", document(t, "web", "deny"))
	p := w.profile("web")
	w.put("/elsewhere", "1")
	w.put("/elsewhere", "2")
	w.compact(w.put("/elsewhere", "3"))
	again := make(chan struct{})
	s, _ := w.behind(func(_ context.Context, method string, number int) error {
		if method == watchMethod && number == 2 {
			close(again)
		}
		return nil
	}, nil)
	seen, stop := follow(t, s, p)
	<-again
	made := w.putProfile("web", document(t, "web", "allow"))
	wantSeen(t, seen, fmt.Sprintf("%d changed allow", made))
	_ = stop()
}

// A connection that is there and carries nothing any more is noticed.
func TestFollowThroughSilence(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.putProfile("web", document(t, "web", "deny"))
	link := newIcyLink(t, w.endpoint)
	s := open(t, etcd.Config{Endpoints: []string{link.endpoint}})
	s.SetHeartbeat(time.Second)
	seen, stop := follow(t, s, w.profile("web"))
	wantSeen(t, seen, fmt.Sprintf("%d changed log", w.putProfile("web", document(t, "web", "log"))))
	link.freeze()
	made := w.putProfile("web", document(t, "web", "allow"))
	wantSeen(t, seen, "lost: true", "lost: false", fmt.Sprintf("%d changed allow", made))
	_ = stop()
}

// An icyLink forwards connections to an etcd, until they freeze: then those that
// are there stay and carry nothing.
type icyLink struct {
	endpoint string
	mu       sync.Mutex
	frozen   []chan struct{}
}

func newIcyLink(t *testing.T, endpoint string) *icyLink {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	must(t, err)
	link := &icyLink{endpoint: "http://" + listener.Addr().String()}
	var all sync.WaitGroup
	t.Cleanup(func() { _ = listener.Close(); all.Wait() })
	all.Go(func() {
		for {
			near, err := listener.Accept()
			if err != nil {
				return
			}
			far, err := net.Dial("tcp", strings.TrimPrefix(endpoint, "http://"))
			if err != nil {
				_ = near.Close()
				return
			}
			ice := make(chan struct{})
			link.mu.Lock()
			link.frozen = append(link.frozen, ice)
			link.mu.Unlock()
			t.Cleanup(func() { _ = near.Close(); _ = far.Close() })
			all.Go(func() { carry(far, near, ice) })
			all.Go(func() { carry(near, far, ice) })
		}
	})
	return link
}

func carry(to io.Writer, from io.Reader, ice chan struct{}) {
	buffer := make([]byte, 1<<16)
	for {
		n, err := from.Read(buffer)
		select {
		case <-ice:
			n = 0
		default:
		}
		if err == nil {
			_, err = to.Write(buffer[:n])
		}
		if err != nil {
			return
		}
	}
}

func (l *icyLink) freeze() {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, ice := range l.frozen {
		close(ice)
	}
	l.frozen = nil
}

// Whoever loses the permission is told.
func TestFollowEnds(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.putProfile("web", document(t, "web", "deny"))
	p := w.profile("web")
	w.putProfile("web", document(t, "web", "log"))
	broken := errors.New("broken")
	err := w.direct().Follow(soon(t), p, store.Follower{Seen: func(store.Version) error { return broken }})
	if !errors.Is(err, broken) {
		t.Errorf("it ended with %v", err)
	}
}
