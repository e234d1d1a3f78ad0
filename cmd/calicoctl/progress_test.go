package main

import (
	"bytes"
	"testing"
	"time"
)

func TestProgress(t *testing.T) {
	t.Parallel()
	var screen bytes.Buffer
	p := &progress{out: &screen, what: "profiles", next: time.Now().Add(-time.Second)}
	p.add()
	p.add() // too soon to tell again
	p.end()
	if got, want := screen.String(), "\r1 profiles read\r\x1b[K"; got != want {
		t.Errorf("the screen got %q, want %q", got, want)
	}
	quiet := (&messages{out: &screen}).progress("profiles")
	quiet.next = time.Time{}
	quiet.add()
	quiet.end()
	if screen.Len() != len("\r1 profiles read\r\x1b[K") {
		t.Error("what is no terminal is told, too")
	}
}
