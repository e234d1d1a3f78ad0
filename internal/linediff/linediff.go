// Package linediff compares two lists of lines.
package linediff

// A Line is a line of the old list, of the new one, or of both.
type Line struct {
	Old, New int // positions from 1; 0 where the line is not in that list
	Text     string
}

// Diff returns the lines of both lists in order, with as few that stand in only
// one of them as possible. What was taken out stands in front of what was put in
// its place. Time and memory grow with the product of the lengths of what
// differs.
func Diff(old, now []string) []Line {
	var lines []Line
	start := 0
	for start < len(old) && start < len(now) && old[start] == now[start] {
		lines = append(lines, Line{Old: start + 1, New: start + 1, Text: old[start]})
		start++
	}
	endOld, endNow := len(old), len(now)
	for endOld > start && endNow > start && old[endOld-1] == now[endNow-1] {
		endOld--
		endNow--
	}
	lines = appendMiddle(lines, old[start:endOld], now[start:endNow], start)
	for ; endOld < len(old); endOld, endNow = endOld+1, endNow+1 {
		lines = append(lines, Line{Old: endOld + 1, New: endNow + 1, Text: old[endOld]})
	}
	return lines
}

// appendMiddle appends the comparison of two lists of which offset lines were
// taken off in front.
func appendMiddle(lines []Line, old, now []string, offset int) []Line {
	common := commonLengths(old, now)
	i, j := 0, 0
	for i < len(old) || j < len(now) {
		switch {
		case i < len(old) && j < len(now) && old[i] == now[j]:
			lines = append(lines, Line{Old: offset + i + 1, New: offset + j + 1, Text: old[i]})
			i, j = i+1, j+1
		case i < len(old) && (j == len(now) || common[i+1][j] >= common[i][j+1]):
			lines = append(lines, Line{Old: offset + i + 1, Text: old[i]})
			i++
		default:
			lines = append(lines, Line{New: offset + j + 1, Text: now[j]})
			j++
		}
	}
	return lines
}

// commonLengths returns how many lines old[i:] and now[j:] have in common at
// most, in the same order, as [i][j].
func commonLengths(old, now []string) [][]int {
	common := make([][]int, len(old)+1)
	for i := range common {
		common[i] = make([]int, len(now)+1)
	}
	for i := len(old) - 1; i >= 0; i-- {
		for j := len(now) - 1; j >= 0; j-- {
			if old[i] == now[j] {
				common[i][j] = common[i+1][j+1] + 1
			} else {
				common[i][j] = max(common[i+1][j], common[i][j+1])
			}
		}
	}
	return common
}
