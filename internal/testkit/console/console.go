// Package console reads the sessions that documents show: the blocks of the kind
// "console", in which a line that begins with "$ " is a command, and what stands
// below it is what the command prints.
package console

import (
	"slices"
	"strings"
)

// A Step is a command and what it prints, or something that is done between the
// blocks without the reader seeing it:
//
//	<!-- put KEY VALUE -->     write a key
//	<!-- run COMMAND -->       run a command and ignore what it prints
//	<!-- networks NAME... -->  an engine that has these Docker networks
//	<!-- meanwhile COMMAND --> what is run as soon as the next command, which stays
//	                           until Ctrl-C, has printed something
type Step struct{ Command, Output string }

// What the comments begin with that are steps.
const (
	PutComment       = "<!-- put "
	RunComment       = "<!-- run "
	NetworksComment  = "<!-- networks "
	MeanwhileComment = "<!-- meanwhile "
)

// Comments of a document that is run on hosts with a Docker engine each.
const (
	OnHosts         = "<!-- on hosts -->" // marks the document
	HostComment     = "<!-- host "        // the name of the host of what stands below
	FelixComment    = "<!-- felix "       // starts Felix on the host of a name
	EnforcedComment = "<!-- enforced"     // the next command shows what only Felix does
)

// IsHidden reports whether a command, or a line of a document, is such a comment.
func IsHidden(line string) bool {
	for _, comment := range []string{
		PutComment, RunComment, NetworksComment, MeanwhileComment, HostComment, FelixComment, EnforcedComment,
	} {
		if strings.HasPrefix(line, comment) {
			return true
		}
	}
	return false
}

// Hidden returns the command of a step that the reader does not see, or false.
func (s Step) Hidden() (command string, isRun bool) {
	command, isRun = strings.CutPrefix(s.Command, RunComment)
	return strings.TrimSuffix(command, " -->"), isRun
}

// Visible returns the steps that the reader sees.
func Visible(steps []Step) []Step {
	return slices.DeleteFunc(slices.Clone(steps), func(s Step) bool { return IsHidden(s.Command) })
}

// Steps reads the steps of a document. A command goes on in lines that begin with
// "> ", as a shell shows it.
func Steps(document string) []Step {
	var steps []Step
	inside := false
	for line := range strings.Lines(document) {
		last := len(steps) - 1
		switch {
		case strings.HasPrefix(line, "```"):
			inside = strings.TrimSpace(line) == "```console"
		case IsHidden(line):
			steps = append(steps, Step{Command: strings.TrimSpace(line)})
		case !inside:
		case strings.HasPrefix(line, "$ "):
			steps = append(steps, Step{Command: strings.TrimSpace(line[2:])})
		case strings.HasPrefix(line, "> ") && steps[last].Output == "":
			steps[last].Command += "\n" + strings.TrimSuffix(line[2:], "\n")
		default:
			steps[last].Output += line
		}
	}
	return steps
}
