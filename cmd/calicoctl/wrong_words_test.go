package main

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	"github.com/rogpeppe/go-internal/testscript"
)

// scriptWrongWords reads a file of paragraphs: first a command line behind "$ "
// as a POSIX shell reads it, then exactly what must appear on standard error.
// Each must end with exit code 2 and print nothing else. A paragraph that
// begins with "# " is a heading. With UPDATE_SCRIPTS the file is written anew.
func scriptWrongWords(ts *testscript.TestScript, _ bool, args []string) {
	var now, wrong []string
	commands := 0
	for paragraph := range strings.SplitSeq(strings.TrimSpace(ts.ReadFile(args[0])), "\n\n") {
		if strings.HasPrefix(paragraph, "# ") {
			now = append(now, paragraph)
			continue
		}
		commands++
		line, want, _ := strings.Cut(paragraph, "\n")
		got, problem := wrongWords(ts, strings.TrimPrefix(line, "$ "), want)
		if problem != "" {
			wrong = append(wrong, line+"\n"+problem)
		}
		now = append(now, line+"\n"+got)
	}
	if os.Getenv("UPDATE_SCRIPTS") != "" {
		source := filepath.Join("..", "..", "testdata", filepath.Base(args[0]))
		ts.Check(os.WriteFile(source, []byte(strings.Join(now, "\n\n")+"\n"), 0o644))
	}
	if len(wrong) > 0 {
		ts.Fatalf("%d command lines:\n%s", len(wrong), strings.Join(wrong, "\n\n"))
	}
	if commands < 130 {
		ts.Fatalf("%d wrong command lines, want at least 130", commands)
	}
}

// wrongWords runs one command line and returns what it prints on standard
// error, and what is not as it must be.
func wrongWords(ts *testscript.TestScript, command, want string) (got, problem string) {
	err := ts.Exec("sh", "-c", command)
	got = strings.TrimSuffix(ts.ReadFile("stderr"), "\n")
	var exit *exec.ExitError
	switch out := ts.ReadFile("stdout"); {
	case !errors.As(err, &exit) || exit.ExitCode() != exitUsage:
		return got, fmt.Sprintf("%v, want exit code %d; stderr:\n%s", err, exitUsage, got)
	case out != "":
		return got, "prints on standard output: " + out
	case got != want && os.Getenv("UPDATE_SCRIPTS") == "":
		return got, got + "\nwant\n" + want
	}
	return got, ""
}
