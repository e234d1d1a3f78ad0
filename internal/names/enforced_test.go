package names_test

import (
	"strings"
	"testing"

	"github.com/calicoctl/calicoctl/internal/names"
	"github.com/calicoctl/calicoctl/pkg/profile"
	"github.com/calicoctl/calicoctl/pkg/resolve"
)

func id(digit string) string { return strings.Repeat(digit, 64) }

func directory() names.Directory {
	return names.Directory{Networks: resolve.NewNetworks([]resolve.Network{
		{ID: id("a"), Name: "plain", Driver: "bridge"},
		{ID: id("b"), Name: "databases", Driver: "calico"},
		{ID: id("c"), Name: "plugin", Driver: "registry:5000/example/calico:latest"},
		{ID: id("d"), Name: "unknown"},
		{ID: id("e"), Name: "odd\n", Driver: "x\x1b[2J"},
		{ID: id("f"), Name: "bridge", Driver: "bridge"},
	})}
}

func TestUnenforced(t *testing.T) {
	t.Parallel()
	for word, want := range map[string]string{
		"plain":      `nothing enforces this profile on Docker network plain: its driver is "bridge", not Calico's`,
		id("a"):      `nothing enforces this profile on Docker network plain: its driver is "bridge", not Calico's`,
		id("a")[:12]: `nothing enforces this profile on Docker network plain: its driver is "bridge", not Calico's`,
		"odd\n":      `nothing enforces this profile on Docker network odd\x0a: its driver is "x\x1b[2J", not Calico's`,
		"databases":  "",
		"plugin":     "",
		"unknown":    "",
		"web":        "Docker here has no network web; the profile is that of endpoints that name it",
	} {
		for d, want := range map[*names.Directory]string{{Networks: directory().Networks}: want, {}: "", {Literal: true}: ""} {
			target, err := d.Target(word)
			if err != nil {
				t.Fatal(err)
			}
			if got := d.Unenforced(target); got != want {
				t.Errorf("%q: got  %s\nwant %s", word, got, want)
			}
		}
	}
}

// noProfiles is an etcd without profiles.
type noProfiles struct{ names.IDs }

func (noProfiles) Profile(string) (*profile.Profile, error) { return nil, nil }

func TestCreateOfDockersNetworks(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		directory names.Directory
		word      string
		created   bool
	}{
		{directory(), "bridge", false},
		{directory(), id("f"), false},
		{directory(), id("f")[:13], false},
		{directory(), "host", false},
		{directory(), "none", false},
		{names.Directory{}, "bridge", false}, // without an engine
		{names.Directory{Literal: true}, "bridge", true},
		{directory(), "plain", true},
		{directory(), "bridges", true},
	} {
		target, err := test.directory.Target(test.word)
		if err != nil {
			t.Fatal(err)
		}
		_, err = target.Create(noProfiles{})
		if (err == nil) != test.created {
			t.Errorf("%q: %v", test.word, err)
		}
		if err != nil && !strings.Contains(err.Error(), "add --literal for a profile of that name") {
			t.Errorf("%q: %v", test.word, err)
		}
	}
}
