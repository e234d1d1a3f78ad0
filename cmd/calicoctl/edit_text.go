package main

import (
	"errors"
	"fmt"
	"strings"
)

// What rule edit writes above the text of a profile, and takes away again.

// reasonMark begins the lines that say why a text could not be applied.
const reasonMark = "#! "

// withoutReason is the inverse of marked.
func withoutReason(text string) string {
	var out strings.Builder
	for line := range strings.Lines(text) {
		if !strings.HasPrefix(line, strings.TrimSpace(reasonMark)) {
			out.WriteString(line)
		}
	}
	return out.String()
}

// marked returns the reason as lines to stand above the text. The number of a
// line that it names becomes that below these lines.
func (e *editing) marked(reason error) string {
	if reason == nil {
		return ""
	}
	text := e.said(reason)
	var wrong *fileError
	if errors.As(reason, &wrong) {
		wrong.place.Line += strings.Count(text, "\n")
		text = e.said(reason)
	}
	var out strings.Builder
	for line := range strings.Lines(text) {
		out.WriteString(reasonMark + line)
	}
	return out.String()
}

// said returns what is said above the text about a reason.
func (e *editing) said(reason error) string {
	text := e.app.explained("", reason)
	var overtaken *overtakenError
	if errors.As(reason, &overtaken) {
		text = fmt.Sprintf("Another client has changed the profile meanwhile:\n%sTake that over into the text and "+
			"write \"# revision %d\" there.\n", overtaken.others, overtaken.revision)
	}
	return text + "Correct it and save, or quit without a change to give up.\n"
}

// editingHelp returns the rule language as comments.
func editingHelp() string {
	_, language, _ := strings.Cut(profileHelp, "RULE is:\n")
	language, _, _ = strings.Cut(language, "\n\nExit codes:")
	language = strings.NewReplacer(`'"to"'`, `"to"`, "one argument: ", "").Replace(language) // here is no shell
	text := "Save this to change the profile, or quit without a change.\n" +
		"Numbers may be left out; the order of the lines counts. A rule is:\n" + language
	var out strings.Builder
	for line := range strings.Lines(text + "\n") {
		out.WriteString(strings.TrimRight("# "+line, " \n") + "\n")
	}
	return out.String() + "\n"
}
