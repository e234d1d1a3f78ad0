package confirm

import (
	"io"
	"time"
)

// A Writer writes in the background: a terminal that accepts no output, because its user
// has pressed Ctrl-S or is gone, must not delay a roll-back.
type Writer struct {
	out    io.Writer
	queue  chan []byte // nil ends it
	broken chan error  // gets the first error, and is closed at the end
}

// NewWriter returns a Writer to out. Its Drain must be called at the end.
func NewWriter(out io.Writer) *Writer {
	w := &Writer{out: out, queue: make(chan []byte, 64), broken: make(chan error, 1)}
	go w.run()
	return w
}

// Write never waits; text for which there is no room is lost.
func (w *Writer) Write(text []byte) (int, error) {
	select {
	case w.queue <- append([]byte{}, text...):
	default:
	}
	return len(text), nil
}

func (w *Writer) run() {
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

// Drain waits a second at most for the text that is not written yet.
func (w *Writer) Drain() {
	limit := time.NewTimer(time.Second)
	defer limit.Stop()
	select {
	case w.queue <- nil:
	case <-limit.C:
		return
	}
	for {
		select {
		case _, open := <-w.broken:
			if !open {
				return
			}
		case <-limit.C:
			return
		}
	}
}
