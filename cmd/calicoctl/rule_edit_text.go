package main

import (
	"errors"
	"fmt"
	"strings"
)

// reasonText returns what stands above a text that could not be applied. A line number
// that it names becomes that below these lines.
func (e *ruleEdit) reasonText(reason error) string {
	if reason == nil {
		return ""
	}
	text := e.explainReason(reason)
	var wrong *fileError
	if errors.As(reason, &wrong) {
		wrong.place.Line += strings.Count(text, "\n")
		text = e.explainReason(reason)
	}
	return text
}

func (e *ruleEdit) explainReason(reason error) string {
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
