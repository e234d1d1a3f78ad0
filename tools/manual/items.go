package manual

import (
	"fmt"
	"slices"
	"strings"
)

// Items reads a table of a document in Markdown, the first one below a heading: the
// column called term and the column called text. The other columns do not matter, nor
// do rows without a term.
func Items(document, heading, term, text string) ([]Item, error) {
	_, below, found := strings.Cut("\n"+document, "\n"+heading+"\n")
	if !found {
		return nil, fmt.Errorf("there is no heading %q", heading)
	}
	var items []Item
	first, second := -1, -1
	for row := range strings.Lines(below) {
		cells := cells(row)
		switch {
		case cells == nil && first >= 0:
			return items, nil // the end of the table
		case cells == nil || strings.HasPrefix(cells[0], "---"):
		case first < 0:
			first, second = slices.Index(cells, term), slices.Index(cells, text)
			if first < 0 || second < 0 {
				return nil, fmt.Errorf("the table below %q has no columns %q and %q", heading, term, text)
			}
		case max(first, second) < len(cells) && cells[first] != "":
			items = append(items, Item{Term: cells[first], Text: cells[second]})
		}
	}
	return items, nil
}

// cells returns the cells of a line of a table; none if it is no such line.
func cells(row string) []string {
	row = strings.TrimSpace(row)
	if !strings.HasPrefix(row, "|") {
		return nil
	}
	var list []string
	for cell := range strings.SplitSeq(strings.Trim(row, "|"), "|") {
		list = append(list, strings.TrimSpace(cell))
	}
	return list
}

// words replaces the links in a text in Markdown by their words.
func words(text string) string {
	var out strings.Builder
	for {
		before, rest, found := strings.Cut(text, "[")
		label, after, closed := strings.Cut(rest, "](")
		_, end, ended := strings.Cut(after, ")")
		if !found || !closed || !ended {
			out.WriteString(text)
			return out.String()
		}
		out.WriteString(before + label)
		text = end
	}
}
