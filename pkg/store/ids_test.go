package store_test

import (
	"errors"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/calicoctl/calicoctl/pkg/fault"
	"github.com/calicoctl/calicoctl/pkg/profile"
	"github.com/calicoctl/calicoctl/pkg/store"
)

func TestIDs(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for _, id := range []string{"web", "web-2", "db", "WEB"} {
		w.putProfile(id, "not read")
	}
	for _, key := range []string{"web/rules", "web/tags", "web/labels", "old/rules", "a%2fb%25/tags", "a%41/tags", "web/other", "odd/other"} {
		w.put(profileV1+key, "not read")
	}
	s := w.direct()
	for _, test := range []struct {
		beginning string
		limit     int
		want      []store.Listed
	}{
		{"", 10, []store.Listed{
			{"WEB", profile.V3},
			{"db", profile.V3},
			{"web", profile.V3},
			{"web-2", profile.V3},
			{"a/b%", profile.V1},
			{"old", profile.V1},
			{"web", profile.V1},
		}},
		{"we", 10, []store.Listed{{"web", profile.V3}, {"web-2", profile.V3}, {"web", profile.V1}}},
		{"web-", 10, []store.Listed{{"web-2", profile.V3}}},
		{"a/b", 10, []store.Listed{{"a/b%", profile.V1}}},
		{"w", 1, []store.Listed{{"web", profile.V3}, {"web", profile.V1}}},
		{"nothing", 10, nil},
	} {
		got, err := s.IDs(soon(t), test.beginning, test.limit)
		must(t, err)
		if diff := cmp.Diff(test.want, got); diff != "" {
			t.Errorf("%q (-want +got):\n%s", test.beginning, diff)
		}
	}
}

func TestIDsForUsers(t *testing.T) {
	t.Parallel()
	w := guardedWorld(t, only("half", reading(prefix)...))
	w.putProfile("web", "not read")
	w.put(profileV1+"old/tags", "not read")
	got, err := open(t, w.as("half")).IDs(soon(t), "", 10)
	must(t, err)
	if diff := cmp.Diff([]store.Listed{{"web", profile.V3}}, got); diff != "" {
		t.Errorf("without v1 (-want +got):\n%s", diff)
	}
	if got, err := open(t, w.as("stranger")).IDs(soon(t), "", 10); !errors.Is(err, fault.ErrDenied) {
		t.Errorf("a stranger sees %v, error %v", got, err)
	}
}
