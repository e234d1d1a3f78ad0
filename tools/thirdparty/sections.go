package main

import (
	"fmt"
	"maps"
	"path"
	"slices"
	"strings"
)

// A section is the modules that have the same texts.
type section struct {
	modules []string // with their versions
	texts   []string // licences before notices
}

// assign returns the sections of the modules. A text belongs to the longest module
// path that its own path begins with.
func assign(linked, texts map[string]string) ([]section, error) {
	of := map[string][]string{}
	for _, name := range slices.SortedFunc(maps.Keys(texts), licencesFirst) {
		if m := owner(name, linked); m != "" && !slices.Contains(of[m], texts[name]) {
			of[m] = append(of[m], texts[name])
		}
	}
	var sections []section
	var missing []string
	for _, m := range slices.Sorted(maps.Keys(linked)) {
		if len(of[m]) == 0 {
			missing = append(missing, m)
			continue
		}
		named := m + " " + linked[m]
		same := func(s section) bool { return slices.Equal(s.texts, of[m]) }
		if at := slices.IndexFunc(sections, same); at >= 0 {
			sections[at].modules = append(sections[at].modules, named)
			continue
		}
		sections = append(sections, section{modules: []string{named}, texts: of[m]})
	}
	if len(missing) > 0 {
		return nil, fmt.Errorf("no licence was found of %s; nothing that is linked of it may be given away", strings.Join(missing, ", "))
	}
	return sections, nil
}

// licencesFirst orders files by their directory, and notices after licences.
func licencesFirst(a, b string) int {
	isNotice := func(name string) int {
		if strings.HasPrefix(strings.ToUpper(path.Base(name)), "NOTICE") {
			return 1
		}
		return 0
	}
	if order := isNotice(a) - isNotice(b); order != 0 {
		return order
	}
	return strings.Compare(a, b)
}

// owner returns the module that a text belongs to, empty if none does.
func owner(name string, linked map[string]string) string {
	for dir := path.Dir(name); dir != "."; dir = path.Dir(dir) {
		if _, is := linked[dir]; is {
			return dir
		}
	}
	return ""
}

const line = "--------------------------------------------------------------------------------\n"

// write returns the text of the sections.
func write(sections []section) string {
	var out strings.Builder
	out.WriteString("This program holds software of others. Their copyright notices, licences and\n" +
		"notices follow, each after the modules that it is of.\n")
	for _, s := range sections {
		out.WriteString("\n" + line + strings.Join(s.modules, "\n") + "\n" + line)
		for _, text := range s.texts {
			text = strings.ReplaceAll(text, "\r\n", "\n")
			out.WriteString("\n" + strings.Trim(text, "\n") + "\n")
		}
	}
	return out.String()
}
