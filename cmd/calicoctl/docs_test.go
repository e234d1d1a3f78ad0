package main

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/calicoctl/calicoctl/internal/testkit/console"
	"github.com/calicoctl/calicoctl/pkg/rules"
)

// documents returns what there is to read beside the code, by file.
func documents(t *testing.T) map[string]string {
	t.Helper()
	found := map[string]string{}
	for _, pattern := range []string{"*.md", filepath.Join("docs", "*.md")} {
		files, err := filepath.Glob(filepath.Join("..", "..", pattern))
		if err != nil {
			t.Fatal(err)
		}
		for _, file := range files {
			content, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			found[file] = string(content)
		}
	}
	return found
}

// TestDocs runs every command that the documents show in a block of the kind
// "console", in order and on one etcd for each file, and compares what each
// prints with what is shown.
func TestDocs(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	shown := 0
	for file, content := range documents(t) {
		steps := console.Steps(content)
		if len(steps) == 0 || strings.Contains(content, console.OnHosts) { // cmd/calico-docker runs the latter
			continue
		}
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

// docScript writes the steps as a script: one etcd, of a Calico without profiles, and
// each step compared.
func docScript(steps []console.Step) []byte {
	var script strings.Builder
	script.WriteString("etcd\ncalico\nshown steps\n-- steps --\n")
	for _, s := range steps {
		if !console.IsHidden(s.Command) {
			script.WriteString("$ ")
		}
		script.WriteString(strings.ReplaceAll(s.Command, "\n", "\n> ") + "\n" + s.Output)
	}
	return []byte(script.String())
}

// scriptShown runs the steps of a file and compares stdout and stderr, which a
// reader sees as one. With UPDATE_DOCS it writes them into the document.
func scriptShown(ts *testscript.TestScript, _ bool, args []string) {
	meanwhile := ""
	var printed []string
	steps := console.Steps("```console\n" + ts.ReadFile(args[0]))
	for _, s := range steps {
		if other, found := strings.CutPrefix(s.Command, console.MeanwhileComment); found {
			meanwhile = strings.TrimSuffix(other, " -->")
			continue
		}
		if console.IsHidden(s.Command) {
			runHidden(ts, strings.TrimSuffix(s.Command, " -->"))
			continue
		}
		got := ""
		if meanwhile != "" {
			got, meanwhile = staying(ts, s, meanwhile), ""
		} else {
			_ = ts.Exec("sh", "-c", "{ "+s.Command+"\n} 2>&1") // what it prints tells whether it failed
			got = ts.ReadFile("stdout")
		}
		printed = append(printed, got)
		if got != s.Output && os.Getenv("UPDATE_DOCS") == "" {
			ts.Fatalf("$ %s\n%s\nbut the document shows\n%s", s.Command, got, s.Output)
		}
	}
	if os.Getenv("UPDATE_DOCS") != "" {
		updateDocument(ts, console.Visible(steps), printed)
	}
}

// updateDocument writes what the visible steps of a document print into it.
func updateDocument(ts *testscript.TestScript, visible []console.Step, printed []string) {
	file := filepath.Join("..", "..", "docs", ts.Name()+".md")
	if _, err := os.Stat(file); err != nil {
		file = filepath.Join("..", "..", ts.Name()+".md")
	}
	content, err := os.ReadFile(file)
	ts.Check(err)
	rest := string(content)
	var updated strings.Builder
	for i, s := range visible {
		command := "$ " + strings.ReplaceAll(s.Command, "\n", "\n> ") + "\n"
		before, after, found := strings.Cut(rest, command+s.Output)
		if !found {
			ts.Fatalf("%s does not hold the command %s", file, s.Command)
		}
		updated.WriteString(before + command + printed[i])
		rest = after
	}
	ts.Check(os.WriteFile(file, []byte(updated.String()+rest), 0o644))
}

// staying runs a command and, when it has printed something, another one; when it
// has printed as much as it should, it ends it and returns what that is.
func staying(ts *testscript.TestScript, s console.Step, meanwhile string) string {
	scriptStart(ts, false, strings.Fields(s.Command))
	scriptSees(ts, false, []string{"\n"})
	ts.Check(ts.Exec("sh", "-c", meanwhile))
	scriptSees(ts, false, []string{s.Output})
	scriptEnds(ts, false, []string{"130", "INT"})
	return worldOf(ts).beside.stdout.String()
}

func runHidden(ts *testscript.TestScript, command string) {
	if command, isRun := strings.CutPrefix(command, console.RunComment); isRun {
		ts.Check(ts.Exec("sh", "-c", command))
		return
	}
	if names, found := strings.CutPrefix(command, console.NetworksComment); found {
		var networks []string
		for _, name := range strings.Fields(names) {
			networks = append(networks, name+"="+name)
		}
		scriptFakeDocker(ts, false, networks)
		return
	}
	key, value, _ := strings.Cut(strings.TrimPrefix(command, console.PutComment), " ")
	_, err := worldOf(ts).client.Put(context.Background(), key, value)
	ts.Check(err)
}

// The rules that docs/rules.md gives as examples are rules.
func TestDocsRules(t *testing.T) {
	t.Parallel()
	document := documents(t)[filepath.Join("..", "..", "docs", "rules.md")]
	_, examples, _ := strings.Cut(document, "## Examples")
	examples, _, _ = strings.Cut(examples, "\n## ")
	found := 0
	for line := range strings.Lines(examples) {
		text, isRow := strings.CutPrefix(line, "| `")
		if !isRow {
			continue
		}
		found++
		text, _, _ = strings.Cut(text, "` |")
		if _, err := rules.ParseLine(text, rules.AsNew); err != nil {
			t.Errorf("%s: %v", text, err)
		}
	}
	if found < 10 {
		t.Errorf("only %d examples found", found)
	}
}

// What a document shows as printed is run: it stands in a block of the kind
// "console", behind the command that prints it.
func TestDocsShowNothingElse(t *testing.T) {
	t.Parallel()
	for file, content := range documents(t) {
		for _, line := range shownOutside(content) {
			t.Errorf("%s shows outside of a console block, so that nobody runs it: %s", file, line)
		}
	}
	for _, escaped := range []string{
		"```text\n$ calicoctl version\n```\n",
		"```sh\ncalicoctl version\ncalicoctl: warning\n```\n",
		"```\nInbound rules:\n```\n",
		"    $ calicoctl version\n",
		"```console\nOutbound rules:\n$ true\n```\n",
	} {
		if len(shownOutside(escaped)) != 1 {
			t.Errorf("not found in %q: %q", escaped, shownOutside(escaped))
		}
	}
}

// shownOutside returns the lines of code that look like a session of a shell or
// like what calicoctl prints, and are not below the command of a console block.
func shownOutside(document string) []string {
	var found []string
	console, run := false, false // whether it is such a block, and a command stood there
	for line := range strings.Lines(document) {
		text := strings.TrimSpace(line)
		switch {
		case strings.HasPrefix(line, "```"):
			console, run = text == "```console", false
		case console && strings.HasPrefix(line, "$ "):
			run = true
		case !run && looksPrinted(text):
			found = append(found, text)
		}
	}
	return found
}

func looksPrinted(text string) bool {
	for _, begin := range []string{"$ ", "calicoctl: ", "Inbound rules:", "Outbound rules:", "+--"} {
		if strings.HasPrefix(text, begin) {
			return true
		}
	}
	return false
}
