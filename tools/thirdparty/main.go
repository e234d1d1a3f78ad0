// Command thirdparty writes the licences of all modules that programs are linked
// of, as one plain text. The modules are those that the programs name themselves,
// and the texts are what go-licenses has saved. It fails when a module has no text.
package main

import (
	"debug/buildinfo"
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"runtime/debug"
	"strings"
)

func main() {
	if err := run(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "thirdparty:", err)
		os.Exit(1)
	}
}

func run(args []string) error {
	flags := flag.NewFlagSet("thirdparty", flag.ContinueOnError)
	saved := flags.String("saved", "", "the `DIRECTORY` that go-licenses has saved the texts in")
	goroot := flags.String("goroot", "", "the `DIRECTORY` of Go, whose library is linked as well")
	output := flags.String("output", "", "the `FILE` to write")
	switch err := flags.Parse(args); {
	case err != nil:
		return err
	case flags.NArg() == 0 || *saved == "" || *goroot == "" || *output == "":
		return errors.New("usage: thirdparty --saved DIRECTORY --goroot DIRECTORY --output FILE PROGRAM [PROGRAM ...]")
	}
	linked, err := modules(flags.Args())
	if err != nil {
		return err
	}
	found, err := read(*saved)
	if err != nil {
		return err
	}
	standard, err := library(*goroot)
	if err != nil {
		return err
	}
	sections, err := assign(linked, found)
	if err != nil {
		return err
	}
	return os.WriteFile(*output, []byte(write(append([]section{standard}, sections...))), 0o644)
}

// modules returns the version of each module that one of the programs is linked of, by
// its path, without the module that the program itself is in.
func modules(programs []string) (map[string]string, error) {
	linked := map[string]string{}
	for _, name := range programs {
		info, err := buildinfo.ReadFile(name)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
		for _, m := range info.Deps {
			m = replaced(m)
			linked[m.Path] = m.Version
		}
	}
	return linked, nil
}

func replaced(m *debug.Module) *debug.Module {
	for m.Replace != nil {
		m = m.Replace
	}
	return m
}

// read returns the texts below a directory, by their paths with slashes. What is
// no licence and no notice is left out: go-licenses saves the source of a module
// where its licence demands that.
func read(dir string) (map[string]string, error) {
	texts := map[string]string{}
	err := filepath.WalkDir(dir, func(name string, entry os.DirEntry, err error) error {
		if err != nil || entry.IsDir() || !isText(entry.Name()) {
			return err
		}
		text, err := os.ReadFile(name)
		if err != nil {
			return err
		}
		below, err := filepath.Rel(dir, name)
		texts[filepath.ToSlash(below)] = string(text)
		return err
	})
	return texts, err
}

// isText reports whether a file of this name holds a licence or a notice.
func isText(name string) bool {
	word, _, _ := strings.Cut(strings.ToUpper(name), ".")
	switch {
	case strings.HasSuffix(name, ".go"):
		return false
	case strings.HasPrefix(word, "LICENSE"), strings.HasPrefix(word, "LICENCE"):
		return true
	}
	return word == "NOTICE" || word == "COPYING" || word == "COPYRIGHT" || word == "PATENTS"
}

// library returns the texts of Go's own library.
func library(goroot string) (section, error) {
	s := section{modules: []string{"the standard library of Go"}}
	for _, name := range []string{"LICENSE", "PATENTS"} {
		text, err := os.ReadFile(filepath.Join(goroot, name))
		if err != nil {
			return s, fmt.Errorf("the licence of Go: %w", err)
		}
		s.texts = append(s.texts, string(text))
	}
	return s, nil
}
