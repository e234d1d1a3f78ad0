package apply_test

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/calicoctl/calicoctl/internal/apply"
	"github.com/calicoctl/calicoctl/internal/names"
	"github.com/calicoctl/calicoctl/internal/testkit/profiletest"
	"github.com/calicoctl/calicoctl/pkg/fault"
	"github.com/calicoctl/calicoctl/pkg/profile"
	"github.com/calicoctl/calicoctl/pkg/resolve"
	"github.com/calicoctl/calicoctl/pkg/rules"
	"github.com/calicoctl/calicoctl/pkg/store"
)

func id(digit string) string { return strings.Repeat(digit, 64) }

// directory knows the networks db and web.
func directory() names.Directory {
	return names.Directory{Networks: resolve.NewNetworks([]resolve.Network{{ID: id("a"), Name: "db"}, {ID: id("b"), Name: "web"}})}
}

// listing reads one profile.
func listing(t *testing.T, text string) rules.ProfileListing {
	t.Helper()
	list, err := rules.ParseProfiles(text, rules.AsStored)
	if err != nil || len(list) != 1 {
		t.Fatal(list, err)
	}
	return list[0]
}

func accept(apply.Checked, *profile.Profile) error { return nil }

// existing returns a profile that is stored at revision 7.
func existing(t *testing.T, id string, lines ...string) *profile.Profile {
	t.Helper()
	p, err := profile.New(id)
	if err != nil {
		t.Fatal(err)
	}
	wanted := profiletest.New(t, id, lines...)
	p.Inbound, p.Outbound, p.Labels = wanted.Inbound, wanted.Outbound, wanted.Labels
	document, err := p.MarshalJSON()
	if err != nil {
		t.Fatal(err)
	}
	p, err = profile.Decode(id, 7, document)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// What a listing makes of a profile, and when it is refused.
func TestChange(t *testing.T) {
	t.Parallel()
	const head = "Profile p\n"
	for _, c := range []struct {
		name    string
		text    string // below the name
		options apply.Options
		had     []string
		kind    error // nil when it is applied
		inbound []string
		tags    []string
	}{
		{name: "a rule is added", text: "Inbound rules:\n  1 allow\n  2 deny\nOutbound rules:\n", had: []string{"inbound allow"}, inbound: []string{"allow", "deny"}},
		{name: "a rule is lost", text: "Inbound rules:\nOutbound rules:\n", had: []string{"inbound allow"}, kind: fault.ErrRefused},
		{name: "of a known revision", text: "# revision 7\nInbound rules:\nOutbound rules:\n", had: []string{"inbound allow"}},
		{name: "with --if-revision", text: "Inbound rules:\nOutbound rules:\n", options: apply.Options{IfRevision: 7}, had: []string{"inbound allow"}},
		{name: "by force", text: "Inbound rules:\nOutbound rules:\n", options: apply.Options{Force: true}, had: []string{"inbound allow"}},
		{name: "of an older revision", text: "# revision 6\nInbound rules:\n  1 deny\nOutbound rules:\n", had: []string{"inbound allow"}, kind: fault.ErrConflict},
		{name: "unchanged, of an older revision", text: "# revision 6\nInbound rules:\n  1 allow\nOutbound rules:\n", had: []string{"inbound allow"}, inbound: []string{"allow"}},
		{name: "tags stay", text: "Inbound rules:\nOutbound rules:\n", had: []string{"t="}, tags: []string{"t"}},
		{name: "tags are set", text: "# revision 7\nTags: u\nInbound rules:\nOutbound rules:\n", had: []string{"t="}, tags: []string{"u"}},
		{name: "the tag of a network", text: "Inbound rules:\n  1 allow from tag web\nOutbound rules:\n", inbound: []string{"allow from tag " + id("b")}},
		{name: "a stored word is not made a network's ID", text: "Inbound rules:\n  1 allow from tag web\n  2 deny\nOutbound rules:\n", had: []string{"inbound allow from tag web"}, kind: fault.ErrRefused},
		{name: "the ID that the text gives", text: "# network gone is " + id("c") + "\nInbound rules:\n  1 allow from tag gone\nOutbound rules:\n", inbound: []string{"allow from tag " + id("c")}},
	} {
		plan, err := apply.New(directory(), listing(t, head+c.text), c.options)
		if err != nil {
			t.Errorf("%s: %v", c.name, err)
			continue
		}
		p := existing(t, "p", c.had...)
		err = plan.Change(names.IDs{"p": true, id("b"): true}, p, accept)
		if c.kind != nil || err != nil {
			if c.kind == nil || !errors.Is(err, c.kind) {
				t.Errorf("%s: %v, want %v", c.name, err, c.kind)
			}
			continue
		}
		var inbound []string
		for _, r := range p.Inbound {
			inbound = append(inbound, rules.Format(r.Rule))
		}
		if !slices.Equal(inbound, c.inbound) || !slices.Equal(p.Tags(), c.tags) {
			t.Errorf("%s: %q, tags %q, want %q, tags %q", c.name, inbound, p.Tags(), c.inbound, c.tags)
		}
	}
}

// A name of the text that is another network's by now is refused.
func TestNetworkHasChanged(t *testing.T) {
	t.Parallel()
	l := listing(t, "Profile db\n# network db is "+id("c")+"\nInbound rules:\nOutbound rules:\n")
	if _, err := apply.New(directory(), l, apply.Options{}); !errors.Is(err, fault.ErrRefused) {
		t.Errorf("%v", err)
	}
	if _, err := apply.New(names.Directory{Literal: true}, l, apply.Options{}); err != nil {
		t.Errorf("without Docker: %v", err)
	}
}

// A profile that does not exist is created without the default policy, if it may be.
func TestPick(t *testing.T) {
	t.Parallel()
	l := listing(t, "Profile db\nInbound rules:\nOutbound rules:\n")
	for _, c := range []struct {
		options  apply.Options
		revision int64
		kind     error
	}{
		{apply.Options{}, 0, fault.ErrNotFound},
		{apply.Options{Create: true}, 0, nil},
		{apply.Options{Create: true}, 7, fault.ErrConflict},
		{apply.Options{Create: true, Force: true}, 7, nil},
	} {
		l.Revision = c.revision
		plan, err := apply.New(directory(), l, c.options)
		if err != nil {
			t.Fatal(err)
		}
		p, err := plan.Pick(none{})
		if !errors.Is(err, c.kind) {
			t.Errorf("%+v of revision %d: %v, want %v", c.options, c.revision, err, c.kind)
		}
		if err == nil && (p.ID != id("a") || len(p.Inbound) > 0 || !slices.Equal(p.Tags(), []string{id("a")})) {
			t.Errorf("%+v: %+v", c.options, p)
		}
	}
}

// none is an etcd without profiles.
type none struct{ names.IDs }

func (none) Profile(string) (*profile.Profile, error) { return nil, fault.ErrNotFound }

// Read makes it a names.Reader.
func (none) Read(context.Context, store.Query) (*store.Snapshot, error) {
	return &store.Snapshot{}, nil
}

// A set knows which profiles it creates, so that the listings may refer to each other;
// two listings of one profile are refused.
func TestSet(t *testing.T) {
	t.Parallel()
	read := func(text string) (apply.Set, error) {
		list, err := rules.ParseProfiles(text, rules.AsStored)
		if err != nil {
			t.Fatal(err)
		}
		return apply.NewSet(t.Context(), directory(), none{}, list, apply.Options{Create: true})
	}
	const empty = "Inbound rules:\nOutbound rules:\n\n"
	set, err := read("Profile db\nInbound rules:\n  1 allow from tag web\nOutbound rules:\n\nProfile web\n" + empty)
	if err != nil || !slices.Equal(set.Created.Sorted(), []string{id("a"), id("b")}) {
		t.Fatalf("%v, %v", set.Created, err)
	}
	p, err := set.Plans[0].Pick(none{})
	if err == nil {
		err = set.Plans[0].Change(none{}, p, accept)
	}
	if err != nil || rules.Format(p.Inbound[0].Rule) != "allow from tag "+id("b") {
		t.Errorf("%+v, %v", p, err)
	}
	var twice *apply.TwiceError
	if _, err := read("Profile db\n" + empty + "Profile " + id("a") + "\n" + empty); !errors.As(err, &twice) || twice.Lines != [2]int{1, 5} {
		t.Errorf("%v", err)
	}
}
