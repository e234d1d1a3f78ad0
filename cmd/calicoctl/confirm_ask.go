package main

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"golang.org/x/term"

	"github.com/calicoctl/calicoctl/internal/brief"
	"github.com/calicoctl/calicoctl/internal/printable"
)

// A verdict is what came of asking whether an edit is to be kept.
type decision struct {
	kept      bool
	signalled bool   // a signal came
	why       string // it is not kept
}

// ask prints the output and what was saved, and waits for Enter. The time counts
// from the beginning, also if a terminal that is held up takes nothing.
func (a *app) ask(failed error, broken <-chan error) decision {
	end := time.NewTimer(a.catch.within)
	defer end.Stop()
	deadline := time.Now().Add(a.catch.within)
	for _, e := range a.catch.edits {
		if e.unknown != nil {
			a.tell(failed)
			return decision{why: "it is not known whether the change was saved"}
		}
	}
	printed := make(chan error, 1)
	go func() {
		_, err := a.stdout.Write(a.out.Bytes())
		printed <- err
	}()
	var typed chan decision
	countdown := time.NewTicker(time.Second)
	defer countdown.Stop()
	prompt := a.prompt()
	defer prompt.end()
	for {
		select {
		case <-end.C:
			return decision{why: fmt.Sprintf("not confirmed within %s", spoken(a.catch.within))}
		case s := <-a.catch.signals:
			return decision{signalled: true, why: "not confirmed (" + s.String() + ")"}
		case err := <-broken:
			return decision{why: fmt.Sprintf("not confirmed (%v)", err)}
		case err := <-printed:
			if err != nil {
				return decision{why: fmt.Sprintf("not confirmed (the output could not be written: %v)", err)}
			}
			a.tell(failed)
			dropTypedAhead(a.stdin)
			prompt.begin(a.catch.within)
			typed = make(chan decision, 1)
			go func() { typed <- readAnswer(a.stdin) }()
		case <-countdown.C:
			prompt.count(time.Until(deadline))
		case v := <-typed:
			return v
		}
	}
}

// tell prints the error of a command that ended early, and what was saved.
func (a *app) tell(failed error) {
	if failed != nil {
		a.explain(failed)
	}
	for _, e := range a.catch.edits {
		if e.unknown == nil {
			a.say("profile %s was changed at revision %d", printable.Text(e.name), e.result.Profile.Revision)
		}
	}
}

// readAnswer reads a line. Enter alone confirms, and so does yes.
func readAnswer(stdin io.Reader) decision {
	line, err := bufio.NewReader(io.LimitReader(stdin, 1000)).ReadString('\n')
	switch word := strings.TrimSpace(line); {
	case err != nil && word == "" && errors.Is(err, io.EOF):
		return decision{why: "not confirmed (standard input is closed)"}
	case err != nil && !errors.Is(err, io.EOF):
		return decision{why: fmt.Sprintf("not confirmed (%v)", err)}
	case word == "" || strings.EqualFold(word, "yes"):
		return decision{kept: true}
	default:
		return decision{why: fmt.Sprintf("not confirmed (the answer was %q)", brief.Message(word))}
	}
}

// A prompt asks for the answer: on a terminal in a line that counts down, and
// else in one that says it once.
type prompt struct {
	out      io.Writer
	terminal bool
	asked    bool
}

func (a *app) prompt() *prompt {
	stderr := a.stderr
	if w, ok := stderr.(*patientWriter); ok {
		stderr = w.out
	}
	f, ok := stderr.(*os.File)
	return &prompt{out: a.stderr, terminal: ok && term.IsTerminal(int(f.Fd()))}
}

func (p *prompt) begin(within time.Duration) {
	p.asked = true
	if p.terminal {
		p.count(within)
		return
	}
	fmt.Fprintf(p.out, "calicoctl: press Enter within %s to keep it; otherwise it is taken back\n", spoken(within))
}

func (p *prompt) count(left time.Duration) {
	if p.asked && p.terminal {
		fmt.Fprintf(p.out, "\rcalicoctl: press Enter within %s to keep it; otherwise it is taken back \x1b[K", spoken(left.Round(time.Second)))
	}
}

// end leaves the line, unless Enter has.
func (p *prompt) end() {
	if p.asked && p.terminal {
		fmt.Fprint(p.out, "\r\x1b[K")
	}
}

// A patientWriter writes in the background: a terminal that takes nothing, because
// its user has pressed Ctrl-S or is gone, must hold up nobody.
type patientWriter struct {
	out    io.Writer
	queue  chan []byte
	broken chan error // gets the first error
}

// Write never waits; what there is no room for is lost.
func (w *patientWriter) Write(text []byte) (int, error) {
	select {
	case w.queue <- append([]byte(nil), text...):
	default:
	}
	return len(text), nil
}

func (w *patientWriter) run() {
	for text := range w.queue {
		if text == nil {
			close(w.broken)
			return
		}
		if _, err := w.out.Write(text); err != nil {
			select {
			case w.broken <- err:
			default:
			}
		}
	}
}

// drain waits a moment for what is not written yet.
func (w *patientWriter) drain() {
	patience := time.NewTimer(time.Second)
	defer patience.Stop()
	select {
	case w.queue <- nil:
	case <-patience.C:
		return
	}
	for {
		select {
		case _, open := <-w.broken:
			if !open {
				return
			}
		case <-patience.C:
			return
		}
	}
}

// spoken returns a time without the zeros behind it that nobody says.
func spoken(d time.Duration) string {
	text := d.String()
	if rest, found := strings.CutSuffix(text, "m0s"); found {
		text = rest + "m"
	}
	if rest, found := strings.CutSuffix(text, "h0m"); found {
		text = rest + "h"
	}
	return text
}
