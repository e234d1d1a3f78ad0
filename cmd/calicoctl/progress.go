package main

import (
	"fmt"
	"io"
	"os"
	"time"

	"golang.org/x/term"
)

// A progress counts on a terminal's standard error what has been read, once
// that takes longer than a second.
type progress struct {
	out   io.Writer // nil when there is nobody to tell
	what  string
	count int
	next  time.Time // when to tell again
	told  bool
}

// progress begins to count; end must be called before anything else is printed.
func (m *messages) progress(what string) *progress {
	p := &progress{what: what, next: time.Now().Add(time.Second)}
	if f, ok := m.out.(*os.File); ok && term.IsTerminal(int(f.Fd())) {
		p.out = f
	}
	return p
}

func (p *progress) add() {
	p.count++
	if p.out == nil || time.Now().Before(p.next) {
		return
	}
	fmt.Fprintf(p.out, "\r%d %s read", p.count, p.what)
	p.next, p.told = time.Now().Add(100*time.Millisecond), true
}

// end takes the count off the screen.
func (p *progress) end() {
	if p.told {
		fmt.Fprint(p.out, "\r\x1b[K")
	}
}
