package main

import (
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// Every message that docs/troubleshooting.md explains is one of this program's:
// it stands in the source, or in what a test or a script expects to be printed.
// "…" in it is any text.
func TestDocsMessages(t *testing.T) {
	t.Parallel()
	known := append(sourceTexts(t), expectedLines(t)...)
	document := documents(t)[filepath.Join("..", "..", "docs", "troubleshooting.md")]
	quoted := regexp.MustCompile("\\*\\*`([^`]+)`\\*\\*").FindAllStringSubmatch(document, -1)
	for _, match := range quoted {
		if !slices.ContainsFunc(known, func(text string) bool { return isMessage(match[1], text) }) {
			t.Errorf("nothing prints: %s", match[1])
		}
	}
	if len(quoted) < 100 {
		t.Errorf("only %d messages found", len(quoted))
	}
	if isMessage("there is no position …: the … positions were 1 to …", "there is no position %d: the %s positions are 1 to %d") {
		t.Error("a message with another word is found")
	}
}

// isMessage reports whether the parts of a message between the "…" occur in a
// text in their order.
func isMessage(message, text string) bool {
	for part := range strings.SplitSeq(message, "…") {
		at := strings.Index(text, part)
		if at < 0 {
			return false
		}
		text = text[at+len(part):]
	}
	return true
}

// sourceTexts returns the texts of the program, and of the tests that compare what
// it says; those that are put together with "+" as one.
func sourceTexts(t *testing.T) []string {
	t.Helper()
	var texts []string
	for _, pattern := range []string{"*.go", "../../pkg/*/*.go", "../../internal/*/*.go"} {
		files, err := filepath.Glob(filepath.FromSlash(pattern))
		if err != nil {
			t.Fatal(err)
		}
		for _, file := range files {
			tree, err := parser.ParseFile(token.NewFileSet(), file, nil, parser.SkipObjectResolution)
			if err != nil {
				t.Fatal(err)
			}
			ast.Inspect(tree, func(n ast.Node) bool {
				if e, ok := n.(ast.Expr); ok {
					texts = append(texts, textOf(e))
				}
				return true
			})
		}
	}
	return texts
}

// textOf returns the text of an expression, with a blank for what is not known.
func textOf(e ast.Expr) string {
	switch e := e.(type) {
	case *ast.BasicLit:
		if text, err := strconv.Unquote(e.Value); err == nil && e.Kind == token.STRING {
			return text
		}
	case *ast.BinaryExpr:
		if e.Op == token.ADD {
			return textOf(e.X) + textOf(e.Y)
		}
	}
	return " "
}

// expectedLines returns the lines of the scripts. Where they are patterns in
// quotes, the quotes in them are not double and the backslashes left away.
func expectedLines(t *testing.T) []string {
	t.Helper()
	scripts, err := filepath.Glob(filepath.Join("..", "..", "testdata", "script", "*.txtar"))
	if err != nil {
		t.Fatal(err)
	}
	var lines []string
	for _, file := range append(scripts, filepath.Join("..", "..", "testdata", "wrong-words.txt")) {
		content, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for line := range strings.Lines(string(content)) {
			if !strings.HasPrefix(line, "#") {
				lines = append(lines, strings.NewReplacer(`\`, "", "''", "'").Replace(line))
			}
		}
	}
	return lines
}
