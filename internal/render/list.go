package render

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
)

// A Row is an element of a list that is also a row of a table.
type Row interface {
	Cells() []string // printable
}

// List writes a list that may be long, piece by piece, in a format of Printer's.
func List[R Row](w io.Writer, format string, header []string, n int, row func(i int) R) error {
	out := bufio.NewWriter(w)
	var err error
	switch format {
	case "json":
		err = writeJSONList(out, n, row)
	case "yaml":
		err = writeYAMLList(out, n, row)
	default:
		Table{Header: header, Rows: n, Row: func(i int) []string { return row(i).Cells() }}.Write(out)
	}
	if err != nil {
		return err
	}
	if err := out.Flush(); err != nil { // the first error of all that was written
		return fmt.Errorf("the output could not be written: %w", err)
	}
	return nil
}

// writeJSONList writes what JSON would of a list, one element at a time.
func writeJSONList[R any](out *bufio.Writer, n int, row func(i int) R) error {
	separator := "[\n"
	for i := range n {
		content, err := JSON(row(i))
		if err != nil {
			return err
		}
		content = bytes.ReplaceAll(bytes.TrimSpace(content), []byte("\n"), []byte("\n  "))
		_, _ = out.WriteString(separator + "  ")
		_, _ = out.Write(content)
		separator = ",\n"
	}
	if n == 0 {
		_, _ = out.WriteString("[")
	}
	_, _ = out.WriteString("\n]\n")
	return nil
}

func writeYAMLList[R any](out *bufio.Writer, n int, row func(i int) R) error {
	for i := range n {
		content, err := YAML([]R{row(i)})
		if err != nil {
			return err
		}
		_, _ = out.Write(content)
	}
	return nil
}
