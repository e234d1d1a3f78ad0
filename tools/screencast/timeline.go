package main

import (
	"strings"
	"time"
	"unicode/utf8"

	"github.com/calicoctl/calicoctl/internal/testkit/console"
)

// How fast the session goes: as somebody types who wants to be followed, and with
// time to read what is printed.
const (
	perKey    = 30 * time.Millisecond
	beforeKey = 500 * time.Millisecond // between the prompt and the first key
	enter     = 300 * time.Millisecond // between the last key and the answer
	perStep   = 900 * time.Millisecond // to read an answer, and
	perLine   = 300 * time.Millisecond // for each of its lines
	atTheEnd  = 4 * time.Second
)

// A scene is a step with its times and its place.
type scene struct {
	console.Step
	row                           int           // of the command, from 0
	prompt, typing, typed, answer time.Duration // when these begin; typed is the end of typing
}

// lines returns what the step prints, line by line.
func (s scene) lines() []string {
	if s.Output == "" {
		return nil
	}
	return strings.Split(strings.TrimSuffix(s.Output, "\n"), "\n")
}

func (s scene) keys() int { return utf8.RuneCountInString(s.Command) }

// timeline gives every step its times, and returns how long all of it takes.
func timeline(steps []console.Step) (scenes []scene, total time.Duration) {
	row := 0
	for _, step := range steps {
		s := scene{Step: step, row: row, prompt: total}
		s.typing = s.prompt + beforeKey
		s.typed = s.typing + time.Duration(s.keys())*perKey
		s.answer = s.typed + enter
		total = s.answer + perStep + time.Duration(len(s.lines()))*perLine
		row += 1 + len(s.lines())
		scenes = append(scenes, s)
	}
	return scenes, total + atTheEnd
}
