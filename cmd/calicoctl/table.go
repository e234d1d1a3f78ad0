package main

import (
	"io"

	"github.com/olekukonko/tablewriter"

	"github.com/calicoctl/calicoctl/internal/brief"
)

// A table is written in pieces, so that a long one is never in memory as a
// whole.
type table struct {
	header []string
	rows   int
	row    func(i int) []string // printable
}

// tablePiece is how many rows are laid out at once.
const tablePiece = 1000

// write writes the table with a frame. The errors of the writer are for the
// writer to keep.
func (t table) write(w io.Writer) {
	widths := make([]int, len(t.header))
	for i := -1; i < t.rows; i++ {
		for column, cell := range t.line(i) {
			widths[column] = max(widths[column], tablewriter.DisplayWidth(cell))
		}
	}
	for from := 0; from == 0 || from < t.rows; from += tablePiece {
		to := min(from+tablePiece, t.rows)
		piece := tablewriter.NewWriter(w)
		piece.SetAutoFormatHeaders(false)
		piece.SetAutoWrapText(false)
		piece.SetBorders(tablewriter.Border{Left: true, Right: true, Top: from == 0, Bottom: to == t.rows})
		if from == 0 {
			piece.SetHeader(t.header)
		}
		for column, width := range widths {
			piece.SetColMinWidth(column, width)
		}
		for i := from; i < to; i++ {
			piece.Append(t.line(i))
		}
		piece.Render()
	}
}

// line returns a row as it is shown; the header is row -1.
func (t table) line(i int) []string {
	if i < 0 {
		return t.header
	}
	cells := t.row(i)
	for column, cell := range cells {
		cells[column] = brief.Cell(cell)
	}
	return cells
}
