// Package render turns results into text, tables, JSON and YAML.
package render

import (
	"bytes"
	"fmt"
	"io"
)

// A Printer holds what a command prints on stdout until the command is done. Its
// zero value prints text.
type Printer struct {
	Format string // text, json, yaml, or one of a command's own
	Saved  string // what an error of writing must not hide: that something was saved
	out    bytes.Buffer
}

// Print prints a result: text as it is, or the value as JSON or YAML.
func (p *Printer) Print(text string, value any) error {
	var content []byte
	var err error
	switch p.Format {
	case "json":
		content, err = JSON(value)
	case "yaml":
		content, err = YAML(value)
	default:
		content = []byte(text)
	}
	p.out.Write(content)
	return err
}

// IsText reports whether the result is printed as text.
func (p *Printer) IsText() bool { return p.Format == "" || p.Format == "text" }

// Write prints text in a format of the command's own.
func (p *Printer) Write(text []byte) (int, error) { return p.out.Write(text) }

// WriteString is Write.
func (p *Printer) WriteString(text string) (int, error) { return p.out.WriteString(text) }

// Bytes returns what was printed.
func (p *Printer) Bytes() []byte { return p.out.Bytes() }

// Reset forgets what was printed.
func (p *Printer) Reset() { p.out.Reset() }

// Flush writes what was printed.
func (p *Printer) Flush(stdout io.Writer) error {
	if p.out.Len() == 0 {
		return nil
	}
	if _, err := stdout.Write(p.out.Bytes()); err != nil {
		return fmt.Errorf("%sthe output could not be written: %w", p.Saved, err)
	}
	return nil
}
