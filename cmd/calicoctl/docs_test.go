package main

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"
)

// TestDocs runs every command that README.md and docs/ show in a block of the
// kind "console", in order and on one etcd for each file, and compares what
// each prints with what is shown.
func TestDocs(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob(filepath.Join("..", "..", "docs", "*.md"))
	if err != nil {
		t.Fatal(err)
	}
	files = append(files, filepath.Join("..", "..", "README.md"))
	dir := t.TempDir()
	shown := 0
	for _, file := range files {
		content, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		steps := consoleSteps(string(content))
		shown += len(steps)
		script := strings.TrimSuffix(filepath.Base(file), ".md") + ".txtar"
		if err := os.WriteFile(filepath.Join(dir, script), docScript(steps), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if shown < 30 {
		t.Errorf("only %d commands found in the documents", shown)
	}
	testscript.Run(t, testscript.Params{Dir: dir, Setup: setupScript, Cmds: scriptCommands()})
}

// A step is a command and what it prints, or a key that is written without the
// reader seeing it: <!-- put KEY VALUE --> between the blocks.
type step struct{ command, output string }

const putComment = "<!-- put "

func consoleSteps(document string) []step {
	var steps []step
	inside := false
	for line := range strings.Lines(document) {
		switch {
		case strings.HasPrefix(line, "```"):
			inside = strings.TrimSpace(line) == "```console"
		case strings.HasPrefix(line, putComment):
			steps = append(steps, step{command: strings.TrimSpace(line)})
		case !inside:
		case strings.HasPrefix(line, "$ "):
			steps = append(steps, step{command: strings.TrimSpace(line[2:])})
		default:
			steps[len(steps)-1].output += line
		}
	}
	return steps
}

// docScript writes the steps as a script: one etcd, and each step compared.
func docScript(steps []step) []byte {
	var script strings.Builder
	script.WriteString("etcd\nshown steps\n-- steps --\n")
	for _, s := range steps {
		if !strings.HasPrefix(s.command, putComment) {
			script.WriteString("$ ")
		}
		script.WriteString(s.command + "\n" + s.output)
	}
	return []byte(script.String())
}

// scriptShown runs the steps of a file and compares standard output and
// standard error, which a reader sees as one.
func scriptShown(ts *testscript.TestScript, _ bool, args []string) {
	for _, s := range consoleSteps("```console\n" + ts.ReadFile(args[0])) {
		if pair, found := strings.CutPrefix(s.command, putComment); found {
			key, value, _ := strings.Cut(strings.TrimSuffix(pair, " -->"), " ")
			_, err := worldOf(ts).client.Put(context.Background(), key, value)
			ts.Check(err)
			continue
		}
		_ = ts.Exec("sh", "-c", s.command+" 2>&1") // what it prints tells whether it failed
		if got := ts.ReadFile("stdout"); got != s.output {
			ts.Fatalf("$ %s\n%s\nbut the document shows\n%s", s.command, got, s.output)
		}
	}
}
