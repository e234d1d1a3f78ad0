package resolve_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/calicoctl/calicoctl/pkg/resolve"
)

// id returns a full ID that begins with the given digits.
func id(digits string) string {
	return digits + strings.Repeat("0", 64-len(digits))
}

var (
	idA     = id("aaaaaaaaaaaa1")
	idB     = id("bbbbbbbbbbbb1")
	idC     = id("cccccccccccc1")
	idTwin1 = id("0123456789abc1")
	idTwin2 = id("0123456789abc2")
	idSwarm = "x1jkfd4ia0s3c1ffyqvd4ni4a"
)

func nasty() []resolve.Network {
	return []resolve.Network{
		{ID: idA, Name: "databases"},
		{ID: idTwin2, Name: "two"},
		{ID: idTwin1, Name: "one"},
		{ID: id("d2"), Name: "same"},
		{ID: id("d1"), Name: "same"},
		{ID: id("d3"), Name: "same"},
		{ID: id("e1"), Name: idB},
		{ID: idB, Name: "shadowing"},
		{ID: id("e2"), Name: idC[:12]},
		{ID: idC, Name: "prefixed"},
		{ID: id("e3"), Name: idA[:11]},
		{ID: id("e4"), Name: "with a space/and slash\nand \x1b[31mred"},
		{ID: id("e5"), Name: strings.Repeat("long", 75)},
		{ID: id("e6"), Name: strings.ToUpper(idA)},
		{ID: id("e7"), Name: ""},
		{ID: id("e8"), Name: id("e8")},
		{ID: id("e9"), Name: id("f0f0")},
		{ID: idSwarm, Name: "ingress"},
	}
}

func TestFind(t *testing.T) {
	t.Parallel()
	networks := resolve.NewNetworks(nasty())
	tests := map[string]struct{ word, want string }{
		"full ID":                                {idA, idA},
		"name":                                   {"databases", idA},
		"12 digits":                              {idA[:12], idA},
		"63 digits":                              {idA[:63], idA},
		"11 digits are a name":                   {idA[:11], id("e3")},
		"11 digits are no prefix":                {idB[:11], ""},
		"empty word":                             {"", ""},
		"blank":                                  {" ", ""},
		"other case of a name":                   {"Databases", ""},
		"part of a name":                         {"data", ""},
		"upper-case ID is a name":                {strings.ToUpper(idA), id("e6")},
		"upper-case ID is not an ID":             {strings.ToUpper(idB), ""},
		"upper-case prefix":                      {strings.ToUpper(idA[:12]), ""},
		"prefix with a letter after f":           {idA[:12] + "g", ""},
		"prefix of nothing":                      {"abcdefabcdef", ""},
		"65 digits":                              {idA + "0", ""},
		"full ID of no network":                  {id("f"), ""},
		"an ID before a network of that name":    {idB, idB},
		"a name before an ID that begins so":     {idC[:12], id("e2")},
		"one digit more than that name":          {idC[:13], idC},
		"prefix of several, long enough for one": {idTwin1[:14], idTwin1},
		"control characters":                     {"with a space/and slash\nand \x1b[31mred", id("e4")},
		"300 characters":                         {strings.Repeat("long", 75), id("e5")},
		"named like its own ID":                  {id("e8"), id("e8")},
		"named like an ID that nobody has":       {id("f0f0"), id("e9")},
		"ID of a swarm":                          {idSwarm, idSwarm},
		"beginning of an ID of a swarm":          {idSwarm[:12], idSwarm},
		"a filter's pattern":                     {".*", ""},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, ok, err := networks.Find(test.word)
			if err != nil || ok != (test.want != "") || got.ID != test.want {
				t.Errorf("Find(%q) = %+v, %v, %v; want ID %q", test.word, got, ok, err, test.want)
			}
		})
	}
}

func TestFindAmbiguous(t *testing.T) {
	t.Parallel()
	networks := resolve.NewNetworks(nasty())
	tests := map[string]struct {
		word string
		want []resolve.Network
		text string
	}{
		"name": {
			word: "same",
			want: []resolve.Network{{ID: id("d1"), Name: "same"}, {ID: id("d2"), Name: "same"}, {ID: id("d3"), Name: "same"}},
			text: `"same" is the name of 3 Docker networks: ` + id("d1") + ", " + id("d2") + ", " + id("d3") + "; give the full ID",
		},
		"prefix": {
			word: "0123456789ab",
			want: []resolve.Network{{ID: idTwin1, Name: "one"}, {ID: idTwin2, Name: "two"}},
			text: `"0123456789ab" begins the IDs of 2 Docker networks: ` + idTwin1 + ` ("one"), ` + idTwin2 + ` ("two"); give the full ID`,
		},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, ok, err := networks.Find(test.word)
			var ambiguous *resolve.AmbiguousError
			if ok || got != (resolve.Network{}) || !errors.As(err, &ambiguous) {
				t.Fatalf("Find(%q) = %+v, %v, %v; want an AmbiguousError", test.word, got, ok, err)
			}
			if diff := cmp.Diff(&resolve.AmbiguousError{Word: test.word, Networks: test.want}, ambiguous); diff != "" {
				t.Errorf("(-want +got)\n%s", diff)
			}
			if err.Error() != test.text {
				t.Errorf("got  %s\nwant %s", err, test.text)
			}
		})
	}
}

func TestName(t *testing.T) {
	t.Parallel()
	networks := resolve.NewNetworks(nasty())
	tests := map[string]struct {
		id, want string
		ok       bool
	}{
		"unique name":                    {idA, "databases", true},
		"control characters":             {id("e4"), "with a space/and slash\nand \x1b[31mred", true},
		"name of several":                {id("d1"), "", false},
		"named like another's ID":        {id("e1"), "", false},
		"whose ID is another's name":     {idB, "shadowing", true},
		"named like another's prefix":    {id("e2"), idC[:12], true},
		"whose prefix is another's name": {idC, "prefixed", true},
		"named like 11 digits":           {id("e3"), idA[:11], true},
		"upper-case ID for a name":       {id("e6"), strings.ToUpper(idA), true},
		"no name":                        {id("e7"), "", false},
		"named like its own ID":          {id("e8"), id("e8"), true},
		"named like an ID nobody has":    {id("e9"), id("f0f0"), true},
		"of a swarm":                     {idSwarm, "ingress", true},
		"beginning of an ID":             {idA[:12], "", false},
		"a name":                         {"databases", "", false},
		"unknown":                        {id("f"), "", false},
		"empty":                          {"", "", false},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if got, ok := networks.Name(test.id); got != test.want || ok != test.ok {
				t.Errorf("Name(%q) = %q, %v; want %q, %v", test.id, got, ok, test.want, test.ok)
			}
		})
	}
}

func TestAll(t *testing.T) {
	t.Parallel()
	given := []resolve.Network{
		{ID: idC, Name: "b"}, {ID: idB, Name: "a"}, {ID: "", Name: "no ID"}, {ID: idA, Name: "b"}, {ID: idB, Name: "a"},
	}
	before := append([]resolve.Network(nil), given...)
	networks := resolve.NewNetworks(given)
	want := []resolve.Network{{ID: idB, Name: "a"}, {ID: idA, Name: "b"}, {ID: idC, Name: "b"}}
	if diff := cmp.Diff(want, networks.All()); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
	if diff := cmp.Diff(before, given); diff != "" {
		t.Errorf("the caller's list was changed (-want +got)\n%s", diff)
	}
	networks.All()[0].Name = "changed"
	if diff := cmp.Diff(want, networks.All()); diff != "" {
		t.Errorf("a caller could change the list (-want +got)\n%s", diff)
	}
}

func TestOfProfile(t *testing.T) {
	t.Parallel()
	own := resolve.Network{ID: idA, Name: "own", Driver: "calico"}
	one := resolve.Network{ID: idB, Name: "one", Driver: "calico", Profile: "shared"}
	two := resolve.Network{ID: idC, Name: "two", Driver: "calico", Profile: "shared"}
	networks := resolve.NewNetworks([]resolve.Network{two, own, one})
	for id, want := range map[string][]resolve.Network{idA: {own}, idB: nil, "shared": {one, two}, "own": nil, "": nil} {
		if diff := cmp.Diff(want, networks.OfProfile(id)); diff != "" {
			t.Errorf("%s (-want +got)\n%s", id, diff)
		}
	}
	if got := (*resolve.Networks)(nil).OfProfile("shared"); got != nil {
		t.Errorf("no networks: %v", got)
	}
}

// A network that the engine lists twice is not an ambiguous name.
func TestSameNetworkTwice(t *testing.T) {
	t.Parallel()
	networks := resolve.NewNetworks([]resolve.Network{{ID: idA, Name: "web"}, {ID: idA, Name: "web"}})
	if got, ok, err := networks.Find("web"); err != nil || !ok || got.ID != idA {
		t.Errorf("Find = %+v, %v, %v", got, ok, err)
	}
}

func TestAmbiguousErrorDoesNotShareTheList(t *testing.T) {
	t.Parallel()
	networks := resolve.NewNetworks(nasty())
	_, _, err := networks.Find("same")
	var ambiguous *resolve.AmbiguousError
	if !errors.As(err, &ambiguous) {
		t.Fatalf("got %v", err)
	}
	ambiguous.Networks[0].Name = "changed"
	if got, ok := networks.Name(id("d1")); ok {
		t.Errorf("a caller could change the list: Name = %q", got)
	}
	if _, _, again := networks.Find("same"); again == nil || strings.Contains(again.Error(), "changed") {
		t.Errorf("a caller could change the list: %v", again)
	}
}

func TestNoNetworks(t *testing.T) {
	t.Parallel()
	for name, networks := range map[string]*resolve.Networks{
		"nil":   nil,
		"zero":  {},
		"empty": resolve.NewNetworks(nil),
	} {
		for _, word := range []string{"", "web", idA, idA[:12]} {
			if got, ok, err := networks.Find(word); ok || err != nil || got != (resolve.Network{}) {
				t.Errorf("%s: Find(%q) = %+v, %v, %v", name, word, got, ok, err)
			}
			if got, ok := networks.Name(word); ok || got != "" {
				t.Errorf("%s: Name(%q) = %q, %v", name, word, got, ok)
			}
		}
		if all := networks.All(); len(all) != 0 {
			t.Errorf("%s: All() = %v", name, all)
		}
	}
}

func TestIsID(t *testing.T) {
	t.Parallel()
	tests := map[string]bool{
		idA:                          true,
		strings.Repeat("0", 64):      true,
		strings.Repeat("f", 64):      true,
		"":                           false,
		idA[:63]:                     false,
		idA + "0":                    false,
		strings.ToUpper(idA):         false,
		idA[:63] + "g":               false,
		idA[:63] + "\n":              false,
		" " + idA[:63]:               false,
		strings.Repeat("é", 32):      false,
		strings.Repeat("/", 64):      false,
		strings.Repeat(":", 64):      false,
		strings.Repeat("`", 64):      false,
		idSwarm:                      false,
		"databases":                  false,
		strings.Repeat("\u0660", 32): false,
	}
	for word, want := range tests {
		if got := resolve.IsID(word); got != want {
			t.Errorf("IsID(%q) = %v", word, got)
		}
	}
}
