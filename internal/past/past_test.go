package past_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/calicoctl/calicoctl/internal/names"
	"github.com/calicoctl/calicoctl/internal/past"
	"github.com/calicoctl/calicoctl/pkg/fault"
	"github.com/calicoctl/calicoctl/pkg/profile"
	"github.com/calicoctl/calicoctl/pkg/store"
)

// version returns a version: c is created, m malformed, r removed, and v any other.
func version(kind byte, revision int64) store.Version {
	v := store.Version{Revision: revision, Created: kind == 'c'}
	switch kind {
	case 'm':
		v.Malformed = errors.New("malformed")
	case 'c', 'v':
		v.Profile = &profile.Profile{ID: "web", Layout: profile.V3, Revision: revision}
	}
	return v
}

func TestSteps(t *testing.T) {
	t.Parallel()
	for _, test := range []struct{ versions, want string }{
		{"", ""},
		{"c", "1:none"},
		{"vc", "2:1 1:none"},
		{"vvc", "3:2 2:1 1:none"},
		{"rvc", "3:2 2:1 1:none"},
		{"crvc", "4:none 3:2 2:1 1:none"},
		{"v", "1:none?"},
		{"vv", "2:1 1:none?"},
		{"vmv", "3:none? 2:1 1:none?"},
	} {
		var steps past.Steps
		var got []string
		show := func(list []past.Step) {
			for _, s := range list {
				text := fmt.Sprintf("%d:none", s.Version.Revision)
				if s.Before != nil {
					text = fmt.Sprintf("%d:%d", s.Version.Revision, s.Before.Revision)
				}
				if s.Unknown != "" {
					text += "?"
				}
				got = append(got, text)
			}
		}
		for i := range len(test.versions) {
			show(steps.Add(version(test.versions[i], int64(len(test.versions)-i))))
		}
		show(steps.End("is compacted"))
		if text := strings.Join(got, " "); text != test.want {
			t.Errorf("%s: %s, want %s", test.versions, text, test.want)
		}
	}
}

func TestUndoChecksTheRevision(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		ifRevision, newest int64
		want               bool
	}{{0, 7, true}, {7, 7, true}, {6, 7, false}} {
		err := past.Undo{IfRevision: test.ifRevision}.Check("web", test.newest, false)
		if (err == nil) != test.want || err != nil && !errors.Is(err, fault.ErrConflict) {
			t.Errorf("%d of %d: %v", test.ifRevision, test.newest, err)
		}
	}
}

func TestUndoChoosesTheVersion(t *testing.T) {
	t.Parallel()
	missing := &fault.Error{Kind: fault.ErrNotFound, Text: "no such version"}
	for _, test := range []struct {
		to, at int64
		err    error
		kind   error // nil is none
		want   int64 // 0 is none
	}{
		{to: 0, at: 5, want: 5},
		{to: 5, at: 5, want: 5},
		{to: 6, at: 5, kind: fault.ErrRefused},
		{to: 0, err: missing},
		{to: 4, err: missing, kind: fault.ErrNotFound},
		{to: 4, err: fault.Refusedf("compacted"), kind: fault.ErrRefused},
		{to: 0, err: fault.ErrUnreachable, kind: fault.ErrUnreachable},
	} {
		u := past.Undo{Name: "web", To: test.to}
		v := store.Version{}
		if test.err == nil {
			v = version('v', test.at)
		}
		p, err := u.Earlier("web", v, test.err)
		if (err == nil) != (test.kind == nil) || !errors.Is(err, test.kind) {
			t.Errorf("%+v: %v", test, err)
		}
		if (p == nil) != (test.want == 0) || p != nil && p.Revision != test.want {
			t.Errorf("%+v: %v", test, p)
		}
		if want := map[bool]int64{true: 9, false: test.to}[test.to == 0]; u.Revision(10) != want {
			t.Errorf("%+v is read at %d", test, u.Revision(10))
		}
	}
}

func TestUndoThatChangesNothing(t *testing.T) {
	t.Parallel()
	document := `{"kind":"Profile","apiVersion":"projectcalico.org/v3","metadata":{"name":"web"},"spec":{"ingress":[{"action":"Allow"}]}}`
	p, err := profile.Decode("web", 5, []byte(document))
	if err != nil {
		t.Fatal(err)
	}
	for _, to := range []int64{0, 4} {
		if err := (past.Undo{To: to}).Restore(p, p.Clone()); !errors.Is(err, fault.ErrRefused) {
			t.Errorf("to %d: %v", to, err)
		}
	}
}

func TestOutcome(t *testing.T) {
	t.Parallel()
	for want, o := range map[string]past.Outcome{
		"Profile web is at revision 9 as it was at revision 7:\n":                        {Restored: 7, Revision: 9, Undone: 8},
		"Profile web would be as it was at revision 7:\n":                                {Restored: 7, Revision: 8, Undone: 8, DryRun: true},
		"Profile web is removed at revision 9, as it was not there before revision 8:\n": {Revision: 9, Undone: 8},
		"Profile web would be removed, as it was not there before revision 8:\n":         {Revision: 8, Undone: 8, DryRun: true},
	} {
		o.Name = "web"
		if got := o.Text(); got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
}

// versions is a past.Reader.
type versions map[string]store.Version

func (v versions) History(_ context.Context, id string, visit func(store.Version) error) (bool, error) {
	if found, ok := v[id]; ok {
		return false, visit(found)
	}
	return false, nil
}

func TestRemoved(t *testing.T) {
	t.Parallel()
	target, err := names.Directory{}.Target("web")
	if err != nil {
		t.Fatal(err)
	}
	id, newest, err := past.Removed(t.Context(), versions{"web": version('r', 5)}, target)
	if id != "web" || newest.Revision != 5 || !newest.Removed() || err != nil {
		t.Errorf("%s, %+v, %v", id, newest, err)
	}
	if _, _, err := past.Removed(t.Context(), versions{"db": version('r', 5)}, target); !errors.Is(err, fault.ErrNotFound) {
		t.Error(err)
	}
}
