package confirm

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/calicoctl/calicoctl/internal/brief"
)

// An answer says whether edits are to be kept.
type answer struct {
	confirmed bool
	signaled  bool   // a signal came
	why       string // it is not confirmed
}

// ask prints the output and what was saved, and waits for Enter.
func (r *Request) ask() answer {
	end := time.NewTimer(r.Within)
	defer end.Stop()
	deadline := time.Now().Add(r.Within)
	if r.anyUnknown() {
		r.tell()
		return answer{why: "it is not known whether the change was saved"}
	}
	printed := make(chan error, 1)
	go func() { printed <- r.Print() }()
	var typed chan answer
	countdown := time.NewTicker(time.Second)
	defer countdown.Stop()
	prompt := prompt{out: r.Stderr, program: r.Program, terminal: r.Terminal}
	defer prompt.end()
	for {
		select {
		case <-end.C:
			return answer{why: fmt.Sprintf("not confirmed within %s", spoken(r.Within))}
		case s := <-r.Signals:
			return answer{signaled: true, why: "not confirmed (" + s.String() + ")"}
		case err := <-r.Stderr.broken:
			return answer{why: fmt.Sprintf("not confirmed (%v)", err)}
		case err := <-printed:
			if err != nil {
				return answer{why: fmt.Sprintf("not confirmed (the output could not be written: %v)", err)}
			}
			r.tell()
			r.Ready()
			prompt.begin(r.Within)
			typed = make(chan answer, 1)
			go func() { typed <- readAnswer(r.Stdin) }()
		case <-countdown.C:
			prompt.count(time.Until(deadline))
		case a := <-typed:
			return a
		}
	}
}

func (r *Request) anyUnknown() bool {
	for _, e := range r.Edits {
		if e.Revision == 0 {
			return true
		}
	}
	return false
}

// tell prints why the command failed, if it did, and what was saved.
func (r *Request) tell() {
	if r.Report != nil {
		r.Report()
	}
	for _, e := range r.Edits {
		if e.Revision != 0 {
			r.say("profile %s was changed at revision %d", e.Profile, e.Revision)
		}
	}
}

// readAnswer reads a line. Enter alone confirms, and so does yes.
func readAnswer(stdin io.Reader) answer {
	line, err := bufio.NewReader(io.LimitReader(stdin, 1000)).ReadString('\n')
	switch word := strings.TrimSpace(line); {
	case err != nil && word == "" && errors.Is(err, io.EOF):
		return answer{why: "not confirmed (stdin is closed)"}
	case err != nil && !errors.Is(err, io.EOF):
		return answer{why: fmt.Sprintf("not confirmed (%v)", err)}
	case word == "" || strings.EqualFold(word, "yes"):
		return answer{confirmed: true}
	default:
		return answer{why: fmt.Sprintf("not confirmed (the answer was %q)", brief.Message(word))}
	}
}

// A prompt asks for the answer: on a terminal in a line that counts down, and otherwise
// once.
type prompt struct {
	out      io.Writer
	program  string
	terminal bool
	asked    bool
}

func (p *prompt) begin(within time.Duration) {
	p.asked = true
	if p.terminal {
		p.count(within)
		return
	}
	fmt.Fprintln(p.out, p.text(within))
}

func (p *prompt) count(left time.Duration) {
	if p.asked && p.terminal {
		fmt.Fprintf(p.out, "\r%s \x1b[K", p.text(left.Round(time.Second)))
	}
}

func (p *prompt) text(left time.Duration) string {
	return fmt.Sprintf("%s: press Enter within %s to keep it; otherwise it is rolled back", p.program, spoken(left))
}

// end clears the line of a terminal.
func (p *prompt) end() {
	if p.asked && p.terminal {
		fmt.Fprint(p.out, "\r\x1b[K")
	}
}

// spoken returns a time without its trailing zeros: 1m for 1m0s.
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
