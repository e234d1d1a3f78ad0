package main

import (
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// The grammar of a rule is the same in docs/rules.md and in the package comment of
// pkg/rules, and the help of profile names every keyword of it, and no other.
func TestGrammarIsOne(t *testing.T) {
	t.Parallel()
	document := grammar(t, "../../docs/rules.md", "    ")
	if source := grammar(t, "../../pkg/rules/doc.go", "//\t"); source != document {
		t.Errorf("pkg/rules/doc.go:\n%s\ndocs/rules.md:\n%s", source, document)
	}
	_, syntax, _ := strings.Cut(profileHelp, "RULE is:\n")
	syntax, _, _ = strings.Cut(syntax, "EXPR compares")
	for _, quoted := range regexp.MustCompile(`"([a-z]+)"`).FindAllStringSubmatch(document, -1) {
		if keyword := quoted[1]; !regexp.MustCompile(`\b` + keyword + `\b`).MatchString(syntax) {
			t.Errorf("the help of profile lacks the keyword %q", keyword)
		}
	}
	_, reserved, _ := strings.Cut(syntax, "(from, ")
	reserved, _, _ = strings.Cut(reserved, ")")
	for _, keyword := range strings.FieldsFunc(reserved, func(r rune) bool { return r == ',' || r == ' ' || r == '\n' }) {
		if !strings.Contains(document, `"`+keyword+`"`) {
			t.Errorf("the grammar lacks the keyword %q of the help of profile", keyword)
		}
	}
}

// grammar returns the lines of the grammar in a file, without what stands before each.
func grammar(t *testing.T, file, prefix string) string {
	t.Helper()
	content, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	lines := strings.Split(string(content), "\n")
	first := slices.IndexFunc(lines, func(line string) bool { return strings.HasPrefix(line, prefix+"rule      =") })
	if first < 0 {
		t.Fatalf("%s has no grammar", file)
	}
	var found []string
	for _, line := range lines[first:] {
		rest, ok := strings.CutPrefix(line, prefix)
		if !ok {
			break
		}
		found = append(found, rest)
	}
	return strings.Join(found, "\n")
}
