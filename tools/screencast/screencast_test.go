package main

import (
	"encoding/xml"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/calicoctl/calicoctl/internal/testkit/console"
	"github.com/calicoctl/calicoctl/internal/testkit/embedetcd"
)

func TestMain(m *testing.M) {
	embedetcd.Quiet()
	os.Exit(m.Run())
}

// What README.md shows, another test runs; so nothing has to be run to see that
// the picture is that of today's.
func TestPictureIsCurrent(t *testing.T) {
	t.Parallel()
	document, err := os.ReadFile(filepath.Join("..", "..", "README.md"))
	if err != nil {
		t.Fatal(err)
	}
	steps, err := walkthrough(string(document))
	if err != nil {
		t.Fatal(err)
	}
	stored, err := os.ReadFile(filepath.Join("..", "..", "docs", "walkthrough.svg"))
	if err != nil {
		t.Fatal(err)
	}
	if string(stored) != picture(console.Visible(steps)) {
		t.Error("docs/walkthrough.svg does not show the walkthrough of README.md; run make screencast")
	}
}

// An XML reader, which knows nothing of movements, sees all the words.
func TestPictureHoldsTheWords(t *testing.T) {
	t.Parallel()
	shown := picture([]console.Step{
		{Command: "say '<&>'", Output: "+ 1  allow\n\n   ^^\n"},
		{Command: "true"},
	})
	var words []string
	inText := false
	for reader := xml.NewDecoder(strings.NewReader(shown)); ; {
		token, err := reader.Token()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			t.Fatalf("%v in\n%s", err, shown)
		}
		switch token := token.(type) {
		case xml.StartElement:
			inText = token.Name.Local == "text"
		case xml.EndElement:
			inText = false
		case xml.CharData:
			if inText {
				words = append(words, string(token))
			}
		}
	}
	if diff := cmp.Diff([]string{"calicoctl", "$", "say '<&>'", "+ 1  allow", "   ^^", "$", "true"}, words); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// One thing comes after the other, below it, and the last can be seen in the end.
func TestTimeline(t *testing.T) {
	t.Parallel()
	steps := []console.Step{{Command: "a", Output: strings.Repeat("line\n", rows)}, {Command: "bc"}, {Command: "d", Output: "x\n"}}
	scenes, total := timeline(steps)
	row := 0
	before := -perKey
	for _, s := range scenes {
		if s.row != row || !(before < s.prompt && s.prompt < s.typing && s.typing < s.typed && s.typed < s.answer && s.answer < total) {
			t.Errorf("%q: row %d, want %d; times %v", s.Command, s.row, row, s)
		}
		before, row = s.answer, row+1+len(s.lines())
	}
	frames := scrolling(scenes)
	if last := frames[len(frames)-1]; last.look != "transform:translateY(-80px)" || last.at != scenes[2].answer {
		t.Errorf("it ends with %+v, %d rows", last, row)
	}
}

func TestWalkthrough(t *testing.T) {
	t.Parallel()
	section := func(command string) string {
		return "# x\n```console\n$ not this\n```\n\n## Walkthrough\n\n```console\n$ " + command + "\nout\n```\n\n## More\n```console\n$ nor this\n```\n"
	}
	got, err := walkthrough(section("this"))
	if diff := cmp.Diff([]console.Step{{Command: "this", Output: "out\n"}}, got); diff != "" || err != nil {
		t.Errorf("error %v (-want +got):\n%s", err, diff)
	}
	for _, document := range []string{"", "\n## Walkthrough\n\nno commands\n", section(strings.Repeat("x", columns)), section("two\n> lines")} {
		if steps, err := walkthrough(document); err == nil {
			t.Errorf("accepted: %q", steps)
		}
	}
}

// The commands run in order, with the program of that directory and an etcd.
func TestRecord(t *testing.T) {
	t.Parallel()
	programs := t.TempDir()
	const program = "#!/bin/sh\necho \"$* $DATASTORE_TYPE ${ETCD_ENDPOINTS%:*}\" >&2; exit 3\n"
	if err := os.WriteFile(filepath.Join(programs, "calicoctl"), []byte(program), 0o755); err != nil {
		t.Fatal(err)
	}
	steps := []console.Step{{Command: "calicoctl a 'b c'"}, {Command: "echo x > file"}, {Command: "cat file"}}
	got, err := record(t.Context(), programs, steps)
	if err != nil {
		t.Fatal(err)
	}
	want := []console.Step{
		{Command: steps[0].Command, Output: "a b c etcdv3 http://127.0.0.1\n"},
		{Command: steps[1].Command},
		{Command: steps[2].Command, Output: "x\n"},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if _, err := record(t.Context(), t.TempDir(), steps); err == nil {
		t.Error("recorded without a program")
	}
}
