package names_test

import (
	"slices"
	"testing"

	"github.com/calicoctl/calicoctl/internal/names"
	"github.com/calicoctl/calicoctl/pkg/resolve"
)

// attached are networks of which some share a profile.
func attached() names.Directory {
	return names.Directory{Networks: resolve.NewNetworks([]resolve.Network{
		{ID: id("a"), Name: "databases", Driver: "calico", Profile: "databases"},
		{ID: id("b"), Name: "web", Driver: "calico", Profile: "frontend"},
		{ID: id("c"), Name: "red", Driver: "calico", Profile: "colours"},
		{ID: id("d"), Name: "blue", Driver: "calico", Profile: "colours"},
		{ID: id("e"), Name: "own", Driver: "calico"},
		{ID: id("f"), Name: "two words", Driver: "calico", Profile: "words"},
	})}
}

func TestAttachedTargets(t *testing.T) {
	t.Parallel()
	for word, want := range map[string][]string{
		"databases":  {"databases"},
		id("a"):      {id("a"), "databases"},
		"web":        {"web", "frontend"},
		id("b")[:12]: {id("b")[:12], "frontend"},
		"blue":       {"blue", "colours"},
		"colours":    {"colours"},
		"own":        {"own", id("e")},
	} {
		target, err := attached().Target(word)
		if err != nil || !slices.Equal(target.IDs(), want) || target.NewID() != want[len(want)-1] {
			t.Errorf("%q: %v, %v", word, target.IDs(), err)
		}
	}
	for _, word := range []string{"colours", "frontend", "blue", "own"} {
		target, err := attached().Target(word)
		if err != nil {
			t.Fatal(err)
		}
		if why := attached().Unenforced(target); why != "" {
			t.Errorf("%q: %s", word, why)
		}
	}
}

func TestAttachedIsShown(t *testing.T) {
	t.Parallel()
	all := names.IDs{"databases": true, "frontend": true, "colours": true, "words": true, id("e"): true}
	for _, c := range []struct {
		id, want, portable string
		there              names.IDs
	}{
		{"databases", "databases", "databases", all},
		{"frontend", "web", "frontend", all},
		{"frontend", "frontend", "frontend", names.IDs{"frontend": true, "web": true}}, // web is a profile
		{"frontend", "frontend", "frontend", names.IDs{}},                              // it would lead nowhere
		{"colours", "colours", "colours", all},                                         // of two networks
		{"words", "words", "words", all},                                               // no tag
		{id("b"), id("b"), id("b"), names.IDs{"frontend": true, id("b"): true}},        // not the network's profile
		{id("e"), "own", "own", all},
		{"elsewhere", "elsewhere", "elsewhere", all},
	} {
		shown := names.Shown{Networks: attached().Networks, There: c.there}
		if got := shown.Name(c.id); got != c.want {
			t.Errorf("%s of %v is shown as %q, want %q", c.id, c.there.Sorted(), got, c.want)
		}
		shown.Portable = true
		if got := shown.Name(c.id); got != c.portable {
			t.Errorf("%s of %v is exported as %q, want %q", c.id, c.there.Sorted(), got, c.portable)
		}
	}
	shown := names.Shown{Networks: attached().Networks, There: all}
	for tag, want := range map[string]bool{"databases": false, "web": true, "frontend": false, "blue": true, "colours": false, id("a"): true, id("e"): false} {
		if got := shown.Misleads(tag); got != want {
			t.Errorf("the tag %s misleads: %v", tag, got)
		}
	}
}
