package main

import (
	"fmt"
	"unicode/utf8"
)

// Text from etcd may be megabytes long, and a message has to quote it. Data is
// printed as a whole; a message is cut in the middle, because it begins with what
// it is about and ends with what is wrong.
const (
	maxMessage  = 2000 // bytes
	messageHead = 1300
	messageTail = 500
)

// shorten returns a message that somebody can read.
func shorten(text string) string {
	if len(text) <= maxMessage {
		return text
	}
	head, tail := messageHead, len(text)-messageTail
	for !utf8.RuneStart(text[head]) {
		head--
	}
	for !utf8.RuneStart(text[tail]) {
		tail++
	}
	return fmt.Sprintf("%s ... (%d bytes left out) ... %s", text[:head], tail-head, text[tail:])
}

// maxWarnings is how many warnings of a kind are printed.
const maxWarnings = 50

// warnEach warns of each text, but tells only the number of those after the
// first.
func (a *app) warnEach(about string, texts []string) {
	for i, text := range texts {
		if i == maxWarnings {
			a.warn("%s: and %d more", about, len(texts)-i)
			return
		}
		a.warn("%s: %s", about, text)
	}
}
