// Package suggest finds the name that a mistyped one was probably meant to be.
package suggest

import "strings"

// Closest returns the candidate that is at most limit edits away from the word,
// whatever the case of either, and nearest to it; empty when none is.
func Closest(word string, candidates []string, limit int) string {
	word = strings.ToLower(word)
	best, least := "", limit+1
	for _, c := range candidates {
		if d := Distance(word, strings.ToLower(c)); d < least {
			best, least = c, d
		}
	}
	return best
}

// Distance counts the insertions, deletions and replacements of bytes that turn
// a into b. Where the lengths differ by more than 3, it is 4 at least, and not
// exact.
func Distance(a, b string) int {
	if len(a) > len(b)+3 || len(b) > len(a)+3 {
		return 4 // more than any caller asks for
	}
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			cost := 1
			if a[i] == b[j] {
				cost = 0
			}
			diagonal, row[j+1] = row[j+1], min(row[j]+1, row[j+1]+1, diagonal+cost)
		}
	}
	return row[len(b)]
}
