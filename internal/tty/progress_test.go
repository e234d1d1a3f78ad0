package tty

import (
	"bytes"
	"testing"
	"time"
)

func TestProgress(t *testing.T) {
	t.Parallel()
	var screen bytes.Buffer
	p := &Progress{out: &screen, what: "profiles", next: time.Now().Add(-time.Second)}
	p.Add()
	p.Add() // too soon to tell again
	p.End()
	if got, want := screen.String(), "\r1 profiles read\r\x1b[K"; got != want {
		t.Errorf("the screen got %q, want %q", got, want)
	}
	quiet := NewProgress(&screen, "profiles")
	quiet.next = time.Time{}
	quiet.Add()
	quiet.End()
	if screen.Len() != len("\r1 profiles read\r\x1b[K") {
		t.Error("what is no terminal is told, too")
	}
}
