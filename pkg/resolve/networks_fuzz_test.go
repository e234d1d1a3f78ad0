package resolve_test

import (
	"errors"
	"math/rand/v2"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/calicoctl/calicoctl/pkg/resolve"
)

// TestNameLeadsBack draws lists from so few IDs and names that they meet in
// every way, and checks what must hold for all of them.
func TestNameLeadsBack(t *testing.T) {
	t.Parallel()
	ids := []string{idA, idB, idTwin1, idTwin2, idSwarm, id("e1"), id("e2")}
	names := append([]string{"", "web", "db", "a\nb", idTwin1[:12], idTwin1[:13], idTwin1[:14], idA[:11], idA[:12], id("f")}, ids...)
	random := rand.New(rand.NewPCG(1, 1))
	for range 1000 {
		var list []resolve.Network
		for range random.IntN(8) {
			list = append(list, resolve.Network{ID: ids[random.IntN(len(ids))], Name: names[random.IntN(len(names))]})
		}
		checkList(t, list, names)
		if t.Failed() {
			t.Fatalf("with %+v", list)
		}
	}
}

// FuzzNameLeadsBack reads a list from lines of an ID, a tab and a name.
func FuzzNameLeadsBack(f *testing.F) {
	f.Add("", "")
	f.Add(idA+"\tweb\n"+idB+"\tweb", "web")
	f.Add(idA+"\t"+idB+"\n"+idB+"\tdb", idB)
	f.Add(idTwin1+"\t"+idTwin2[:12]+"\n"+idTwin2+"\tx", idTwin1[:12])
	f.Add(idTwin1+"\ta\n"+idTwin2+"\tb", idTwin1[:13])
	f.Add(idA+"\t\x1b[2J\n"+idB+"\t\x1b[2J", "\x1b[2J")
	f.Add("\tweb\n"+idA+"\t", "web")
	f.Add("\x00\t\xff\n\xff\t\x00", "\xff")
	f.Fuzz(func(t *testing.T, text, word string) {
		var list []resolve.Network
		for line := range strings.SplitSeq(text, "\n") {
			networkID, name, _ := strings.Cut(line, "\t")
			list = append(list, resolve.Network{ID: networkID, Name: name})
		}
		checkList(t, list, []string{word})
	})
}

// checkList checks Find and Name for the given words and all words of a list.
func checkList(t *testing.T, list []resolve.Network, words []string) {
	t.Helper()
	networks := resolve.NewNetworks(list)
	reversed := slices.Clone(list)
	slices.Reverse(reversed)
	mirrored := resolve.NewNetworks(reversed)
	if diff := cmp.Diff(networks.All(), mirrored.All()); diff != "" {
		t.Errorf("All depends on the order:\n%s", diff)
	}
	words = slices.Clone(words)
	for _, network := range list {
		words = append(words, network.ID, network.Name)
	}
	for _, word := range words {
		checkFind(t, networks, word)
		checkName(t, networks, word)
		one, _, err1 := networks.Find(word)
		other, _, err2 := mirrored.Find(word)
		if one.ID != other.ID || !cmp.Equal(err1, err2) {
			t.Errorf("Find(%q) depends on the order: %+v, %v and %+v, %v", word, one, err1, other, err2)
		}
	}
}

// checkName checks that a name leads back, and that it is withheld only if it
// would not.
func checkName(t *testing.T, networks *resolve.Networks, networkID string) {
	t.Helper()
	name, ok := networks.Name(networkID)
	back, found, err := networks.Find(name)
	if ok && (name == "" || err != nil || !found || back.ID != networkID) {
		t.Errorf("Name(%q) = %q, and Find(%[2]q) = %+v, %v, %v", networkID, name, back, found, err)
	}
	own := slices.DeleteFunc(networks.All(), func(n resolve.Network) bool { return n.ID != networkID })
	if len(own) > 0 && own[0].Name == networkID {
		return // an ID leads to itself, whoever else is called so
	}
	taken := slices.ContainsFunc(networks.All(), func(n resolve.Network) bool {
		return len(own) > 0 && n.ID != networkID && (n.Name == own[0].Name || n.ID == own[0].Name)
	})
	if want := len(own) > 0 && own[0].Name != "" && !taken; ok != want {
		t.Errorf("Name(%q) = %q, %v; want %v", networkID, name, ok, want)
	}
}

// checkFind compares Find with its rules, written down once more and plainly.
func checkFind(t *testing.T, networks *resolve.Networks, word string) {
	t.Helper()
	want := fitting(networks.All(), word)
	got, ok, err := networks.Find(word)
	var ambiguous *resolve.AmbiguousError
	switch {
	case len(want) > 1:
		if !errors.As(err, &ambiguous) || ok || got != (resolve.Network{}) {
			t.Errorf("Find(%q) = %+v, %v, %v; want an error with %v", word, got, ok, err, want)
			return
		}
		var listed []string
		for _, network := range ambiguous.Networks {
			listed = append(listed, network.ID)
		}
		if !slices.Equal(listed, want) {
			t.Errorf("Find(%q): the error lists %q, want %q", word, listed, want)
		}
		checkPrintable(t, err.Error())
	case err != nil || ok != (len(want) == 1) || (ok && got.ID != want[0]):
		t.Errorf("Find(%q) = %+v, %v, %v; want %v", word, got, ok, err, want)
	}
}

// fitting returns the IDs of the networks that a word means, sorted.
func fitting(all []resolve.Network, word string) []string {
	rules := []func(resolve.Network) bool{
		func(n resolve.Network) bool { return n.ID == word },
		func(n resolve.Network) bool { return n.Name == word },
		func(n resolve.Network) bool {
			return len(word) >= 12 && len(word) <= 64 && strings.Trim(word, "0123456789abcdefghijklmnopqrstuvwxyz") == "" && strings.HasPrefix(n.ID, word)
		},
	}
	for _, rule := range rules {
		var ids []string
		for _, network := range all {
			if word != "" && rule(network) {
				ids = append(ids, network.ID)
			}
		}
		slices.Sort(ids)
		if ids = slices.Compact(ids); len(ids) > 0 {
			return ids
		}
	}
	return nil
}

func checkPrintable(t *testing.T, text string) {
	t.Helper()
	for _, r := range text {
		if !strconv.IsPrint(r) {
			t.Errorf("%q holds %q", text, r)
			return
		}
	}
}
