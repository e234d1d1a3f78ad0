// Package tty is for what a program does with the terminal of its user.
package tty

import (
	"fmt"
	"io"
	"os"
	"time"

	"golang.org/x/term"
)

// A Progress counts on stderr what has been read, if that is a terminal and reading
// takes longer than a second.
type Progress struct {
	out     io.Writer // nil when stderr is no terminal
	what    string
	count   int
	next    time.Time // when to print again
	printed bool
}

// NewProgress begins to count; End must be called before anything else is printed.
func NewProgress(stderr io.Writer, what string) *Progress {
	p := &Progress{what: what, next: time.Now().Add(time.Second)}
	if f, ok := stderr.(*os.File); ok && term.IsTerminal(int(f.Fd())) {
		p.out = f
	}
	return p
}

// Add counts one more.
func (p *Progress) Add() {
	p.count++
	if p.out == nil || time.Now().Before(p.next) {
		return
	}
	fmt.Fprintf(p.out, "\r%d %s read", p.count, p.what)
	p.next, p.printed = time.Now().Add(100*time.Millisecond), true
}

// End clears the count.
func (p *Progress) End() {
	if p.printed {
		fmt.Fprint(p.out, "\r\x1b[K")
	}
}
