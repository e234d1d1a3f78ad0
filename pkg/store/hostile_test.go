package store_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/calicoctl/calicoctl/internal/printable"
	"github.com/calicoctl/calicoctl/internal/testkit/etcdtest"
	"github.com/calicoctl/calicoctl/pkg/fault"
	"github.com/calicoctl/calicoctl/pkg/profile"
	"github.com/calicoctl/calicoctl/pkg/store"
)

const head = `"kind":"Profile","apiVersion":"projectcalico.org/v3"`

func TestMalformedDocument(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	s := w.direct()
	revision := w.putProfile("web", "[]")
	want := "profile web (key " + key("web") + ") cannot be read: the document: expected an object, got an array"
	snap, err := s.Read(soon(t), store.Query{Profiles: []string{"web"}})
	must(t, err)
	_, err = snap.Profile("web")
	wantError(t, err, fault.ErrMalformed, want)
	if !snap.Has("web") {
		t.Error("it is not there")
	}
	_, err = s.Edit(soon(t), "web", appending(t, "allow"))
	wantError(t, err, fault.ErrMalformed, want)
	if w.get("web").ModRevision != revision {
		t.Error("it was written")
	}
}

// A profile of 1.4 MB is read and edited like any other.
func TestLargeDocument(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	note := strings.Repeat("x", 1_400_000)
	w.putProfile("large", `{`+head+`,"metadata":{"name":"large","annotations":{"note":"`+note+`"}},"spec":{}}`)
	result, err := w.direct().Edit(soon(t), "large", appending(t, "allow"))
	wantDone(t, result, err, 1)
	w.wantValue("large", `{`+head+`,"metadata":{"name":"large","annotations":{"note":"`+note+`"}},"spec":{"ingress":[{"action":"Allow"}]}}`)
}

// Large profiles are read in small pages, and a page that is too large all the
// same is read again in smaller ones.
func TestPagesByTheirSize(t *testing.T) {
	t.Parallel()
	const ranges = "/etcdserverpb.KV/Range"
	tooLarge := func(_ context.Context, method string, number int) error {
		if method == ranges && number == 2 {
			return status.Error(codes.ResourceExhausted, "grpc: received message larger than max (300000000 vs. 268435456)")
		}
		return nil
	}
	for _, test := range []struct {
		name     string
		profiles int
		note     string // in each of them
		after    etcdtest.Hook
		want     int // range requests, one of which is for v1
	}{
		{"small", 150, "", nil, 2 + 1},                            // 20, 130
		{"large", 30, strings.Repeat("x", 1_000_000), nil, 3 + 1}, // 20, 7, 3
		{"too large", 150, "", tooLarge, 4 + 1},                   // 20, not 130, 20, 110
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			for i := range test.profiles {
				w.putProfile(fmt.Sprintf("p%03d", i), `{`+head+`,"metadata":{"name":"x","annotations":{"note":"`+test.note+`"}},"spec":{}}`)
			}
			s, between := w.behind(nil, test.after)
			var got []string
			must(t, s.List(soon(t), func(id string, _ *profile.Profile, err error) error {
				got = append(got, id)
				return err
			}))
			if len(got) != test.profiles || !slices.IsSorted(got) || len(slices.Compact(got)) != test.profiles {
				t.Errorf("%d profiles were listed: %v", len(got), got)
			}
			if n := between.Count(ranges); n != test.want {
				t.Errorf("%d range requests, want %d", n, test.want)
			}
		})
	}
}

// Time that goes by with reading is not told as etcd's silence.
func TestListingTakesTooLong(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for i := range 21 {
		w.putProfile(fmt.Sprintf("p%03d", i), lettered(t, ""))
	}
	ctx, cancel := context.WithTimeout(soon(t), time.Second)
	defer cancel()
	err := w.direct().List(ctx, func(string, *profile.Profile, error) error {
		<-ctx.Done()
		return nil
	})
	if !errors.Is(err, context.DeadlineExceeded) || errors.Is(err, fault.ErrUnreachable) {
		t.Errorf("List: %v", err)
	}
}

// IDs come from users, from Docker and from etcd.
func TestHostileIDs(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for _, id := range []string{"", "a/b", "../x", "a\x00b", "\x1b[31m", strings.Repeat("x", 10_000), "\xff", "ſ"} {
		snap, err := w.direct().Read(soon(t), store.Query{Profiles: []string{id}, Presence: []string{id}, Lock: true})
		must(t, err)
		_, err = snap.Profile(id)
		wantError(t, err, fault.ErrNotFound, "Profile "+printable.Text(id)+" not found.")
	}
}
