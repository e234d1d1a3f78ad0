package linediff

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
)

func text(lines []Line) string {
	var out []string
	for _, l := range lines {
		switch {
		case l.Old == 0:
			out = append(out, fmt.Sprintf("+%d%s", l.New, l.Text))
		case l.New == 0:
			out = append(out, fmt.Sprintf("-%d%s", l.Old, l.Text))
		default:
			out = append(out, fmt.Sprintf("%d>%d%s", l.Old, l.New, l.Text))
		}
	}
	return strings.Join(out, " ")
}

func TestDiff(t *testing.T) {
	t.Parallel()
	for _, test := range []struct{ old, now, want string }{
		{"", "", ""},
		{"a b", "a b", "1>1a 2>2b"},
		{"", "a b", "+1a +2b"},
		{"a b", "", "-1a -2b"},
		{"a", "b", "-1a +1b"},
		{"a c", "a b c", "1>1a +2b 2>3c"},
		{"a b c", "a c", "1>1a -2b 3>2c"},
		{"a b c d", "d a b c", "+1d 1>2a 2>3b 3>4c -4d"},
		{"a a", "a a a", "1>1a 2>2a +3a"},
		{"a b c", "a x c", "1>1a -2b +2x 3>3c"},
		{"a b c d e", "b d", "-1a 2>1b -3c 4>2d -5e"},
	} {
		if got := text(Diff(strings.Fields(test.old), strings.Fields(test.now))); got != test.want {
			t.Errorf("%q, %q: %s, want %s", test.old, test.now, got, test.want)
		}
	}
}

// What is not new is the old list, what is not old the new one, and no more lines
// differ than a search through all ways finds.
func TestDiffOfRandomLists(t *testing.T) {
	t.Parallel()
	random := rand.New(rand.NewPCG(1, 2))
	for range 2000 {
		old, now := letters(random), letters(random)
		var ofOld, ofNow []string
		kept := 0
		for _, l := range Diff(old, now) {
			if l.Old > 0 {
				if ofOld = append(ofOld, l.Text); l.Old != len(ofOld) {
					t.Fatalf("%q, %q: position %d of %d", old, now, l.Old, len(ofOld))
				}
			}
			if l.New > 0 {
				if ofNow = append(ofNow, l.Text); l.New != len(ofNow) {
					t.Fatalf("%q, %q: position %d of %d", old, now, l.New, len(ofNow))
				}
			}
			if l.Old > 0 && l.New > 0 {
				kept++
			}
		}
		if !slices.Equal(ofOld, old) || !slices.Equal(ofNow, now) || kept != longest(old, now) {
			t.Fatalf("%q, %q: %q, %q, %d kept", old, now, ofOld, ofNow, kept)
		}
	}
}

func letters(random *rand.Rand) []string {
	list := make([]string, random.IntN(8))
	for i := range list {
		list[i] = string(rune('a' + random.IntN(4)))
	}
	return list
}

// longest returns the length of the longest list that is part of both.
func longest(a, b []string) int {
	if len(a) == 0 || len(b) == 0 {
		return 0
	}
	best := max(longest(a[1:], b), longest(a, b[1:]))
	if a[0] == b[0] {
		best = max(best, 1+longest(a[1:], b[1:]))
	}
	return best
}

// Lists that are too long for a comparison differ altogether, but for their
// beginnings and ends; neither time nor memory is spent on them.
func TestDiffOfLongLists(t *testing.T) {
	t.Parallel()
	var old, now []string
	for i := range 100_000 {
		old = append(old, fmt.Sprint(i))
		now = append(now, fmt.Sprint(100_000-i))
	}
	old, now = append(append([]string{"first"}, old...), "last"), append(append([]string{"first"}, now...), "last")
	lines := Diff(old, now)
	if len(lines) != 200_002 || lines[0] != (Line{1, 1, "first"}) || lines[1] != (Line{2, 0, "0"}) ||
		lines[100_001] != (Line{0, 2, "100000"}) || lines[200_001] != (Line{100_002, 100_002, "last"}) {
		t.Errorf("%d lines, the first %v", len(lines), lines[:2])
	}
}

// A pair of a greater weight is worth more than one of a smaller, but not more
// than two pairs.
func TestAlign(t *testing.T) {
	t.Parallel()
	for _, test := range []struct{ old, now, want string }{
		{"a A", "A", "-1 2>1"},
		{"A a", "A", "1>1 -2"},
		{"a A", "a", "1>1 -2"},
		{"a b A", "A b", "1>1 2>2 -3"},
		{"a A", "A A", "1>1 2>2"},
		{"A b a", "b a", "-1 2>1 3>2"},
	} {
		old, now := strings.Fields(test.old), strings.Fields(test.now)
		lines := Align(len(old), len(now), 11, func(i, j int) int32 {
			switch {
			case old[i] == now[j]:
				return 11
			case strings.EqualFold(old[i], now[j]):
				return 10
			}
			return 0
		})
		if got := text(lines); got != test.want {
			t.Errorf("%q, %q: %s, want %s", test.old, test.now, got, test.want)
		}
	}
}
