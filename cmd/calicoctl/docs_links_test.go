package main

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// Every link of the documents into this repository leads to a file, and to a
// heading in it.
func TestDocsLinks(t *testing.T) {
	t.Parallel()
	all := documents(t)
	link := regexp.MustCompile(`\]\(([^)\s]*)\)`)
	links := 0
	for file, content := range all {
		for _, match := range link.FindAllStringSubmatch(content, -1) {
			target, heading, hasHeading := strings.Cut(match[1], "#")
			if strings.Contains(target, "://") {
				continue
			}
			links++
			path := file
			if target != "" {
				path = filepath.Join(filepath.Dir(file), filepath.FromSlash(target))
			}
			if _, err := os.Stat(path); err != nil {
				t.Errorf("%s: the link %s leads nowhere", file, match[1])
			} else if hasHeading && !headings(all[path])[heading] {
				t.Errorf("%s: the link %s leads to no heading", file, match[1])
			}
		}
	}
	if links < 10 {
		t.Errorf("only %d links found", links)
	}
}

// headings returns the headings of a document as GitHub writes them in links.
func headings(document string) map[string]bool {
	found := map[string]bool{}
	code := false
	for line := range strings.Lines(document) {
		if strings.HasPrefix(line, "```") {
			code = !code
		}
		text, isHeading := strings.CutPrefix(strings.TrimLeft(line, "#"), " ")
		if code || !isHeading || !strings.HasPrefix(line, "#") {
			continue
		}
		found[strings.Map(func(r rune) rune {
			switch {
			case r == ' ':
				return '-'
			case r == '-', r == '_', r >= 'a' && r <= 'z', r >= '0' && r <= '9':
				return r
			}
			return -1
		}, strings.ToLower(strings.TrimSpace(text)))] = true
	}
	return found
}
