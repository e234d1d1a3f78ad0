// Package linediff compares two lists of lines.
package linediff

// A Line is a line of the old list, of the new one, or of both.
type Line struct {
	Old, New int // positions from 1; 0 where the line is not in that list
	Text     string
}

// Diff returns the lines of both lists in order, with as few that stand in only
// one of them as possible, unless the lists are very long. A removed line
// comes before the line that replaces it. Time and memory grow with the
// product of the lengths of what differs.
func Diff(old, now []string) []Line {
	numbers := map[string]int{} // are compared faster than texts
	numbered := func(list []string) []int {
		out := make([]int, len(list))
		for i, text := range list {
			if _, known := numbers[text]; !known {
				numbers[text] = len(numbers)
			}
			out[i] = numbers[text]
		}
		return out
	}
	a, b := numbered(old), numbered(now)
	lines := Align(len(old), len(now), 1, func(i, j int) int32 {
		if a[i] == b[j] {
			return 1
		}
		return 0
	})
	for i, l := range lines {
		if l.Old > 0 {
			lines[i].Text = old[l.Old-1]
		} else {
			lines[i].Text = now[l.New-1]
		}
	}
	return lines
}

// maxTable bounds the memory for a comparison to 16 MB, which two lists of 2,048
// lines need. What differs beyond it counts as different altogether.
const maxTable = 1 << 22

// Align pairs lines of two lists of these lengths, in order, so that the sum of
// the weights of all pairs is as great as possible. Lines of the weight 0 are not
// paired; most is the greatest weight that there is. The lines that it returns
// have no text.
func Align(old, now int, most int32, weight func(i, j int) int32) []Line {
	lines := make([]Line, 0, max(old, now))
	start := 0
	for start < old && start < now && weight(start, start) == most {
		start++
		lines = append(lines, Line{Old: start, New: start})
	}
	end := 0 // counted from the ends
	for old-end > start && now-end > start && weight(old-end-1, now-end-1) == most {
		end++
	}
	t := newTable(old-end-start, now-end-start, func(i, j int) int32 { return weight(start+i, start+j) })
	for _, l := range t.lines() {
		if l.Old > 0 {
			l.Old += start
		}
		if l.New > 0 {
			l.New += start
		}
		lines = append(lines, l)
	}
	for ; end > 0; end-- {
		lines = append(lines, Line{Old: old - end + 1, New: now - end + 1})
	}
	return lines
}

// A table holds the greatest sum for what follows each pair of places.
type table struct {
	old, now int
	weight   func(i, j int) int32
	sums     []int32 // none where nothing is paired
}

func newTable(old, now int, weight func(i, j int) int32) table {
	t := table{old: old, now: now, weight: weight}
	size := (old + 1) * (now + 1)
	if old == 0 || now == 0 || size > maxTable {
		return t
	}
	t.sums = make([]int32, size)
	for i := old - 1; i >= 0; i-- {
		for j := now - 1; j >= 0; j-- {
			sum := max(t.sum(i+1, j), t.sum(i, j+1))
			if w := weight(i, j); w > 0 {
				sum = max(sum, w+t.sum(i+1, j+1))
			}
			t.sums[i*(now+1)+j] = sum
		}
	}
	return t
}

func (t table) sum(i, j int) int32 {
	if t.sums == nil {
		return 0
	}
	return t.sums[i*(t.now+1)+j]
}

// paired reports whether a pair has a part in the greatest sum.
func (t table) paired(i, j int) bool {
	if t.sums == nil || i == t.old || j == t.now {
		return false
	}
	w := t.weight(i, j)
	return w > 0 && t.sum(i, j) == w+t.sum(i+1, j+1)
}

func (t table) lines() []Line {
	var lines []Line
	i, j := 0, 0
	for i < t.old || j < t.now {
		switch {
		case t.paired(i, j):
			i, j = i+1, j+1
			lines = append(lines, Line{Old: i, New: j})
		case i < t.old && (j == t.now || t.sum(i+1, j) >= t.sum(i, j+1)):
			i++
			lines = append(lines, Line{Old: i})
		default:
			j++
			lines = append(lines, Line{New: j})
		}
	}
	return lines
}
