package render

import (
	"io"

	"github.com/olekukonko/tablewriter"

	"github.com/calicoctl/calicoctl/internal/brief"
)

// A Table is written in pieces, so that a long one is never in memory as a whole.
type Table struct {
	Header []string
	Rows   int
	Row    func(i int) []string // printable
}

// tablePiece is how many rows are laid out at once.
const tablePiece = 1000

// Write writes the table with a frame. The writer keeps its errors.
func (t Table) Write(w io.Writer) {
	widths := make([]int, len(t.Header))
	for i := -1; i < t.Rows; i++ {
		for column, cell := range t.line(i) {
			widths[column] = max(widths[column], tablewriter.DisplayWidth(cell))
		}
	}
	for from := 0; from == 0 || from < t.Rows; from += tablePiece {
		to := min(from+tablePiece, t.Rows)
		piece := tablewriter.NewWriter(w)
		piece.SetAutoFormatHeaders(false)
		piece.SetAutoWrapText(false)
		piece.SetBorders(tablewriter.Border{Left: true, Right: true, Top: from == 0, Bottom: to == t.Rows})
		if from == 0 {
			piece.SetHeader(t.Header)
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
func (t Table) line(i int) []string {
	if i < 0 {
		return t.Header
	}
	cells := t.Row(i)
	for column, cell := range cells {
		cells[column] = brief.Cell(cell)
	}
	return cells
}
