// Command lazyregexp writes copies of modules in which regular expressions are
// compiled when they are first used, and a go.mod that builds with them:
//
//	lazyregexp DIR MODULE...
//	go build -modfile DIR/go.mod ...
//
// Docker's client brings two modules along that compile the grammar of image
// names when a program starts, which calicoctl never looks at: an eighth of the
// time of a command. Go cannot leave that out, and the modules have no release
// that does. Their code is taken as it is in the module cache and stays as it
// is, but for that. DIR is below the main module's directory, which must be the
// current one.
package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

func main() {
	if len(os.Args) < 3 {
		fmt.Fprintln(os.Stderr, "usage: lazyregexp DIR MODULE...")
		os.Exit(2)
	}
	if err := write(os.Args[1], os.Args[2:]); err != nil {
		fmt.Fprintln(os.Stderr, "lazyregexp:", err)
		os.Exit(1)
	}
}

// write makes the copies and, last, the go.mod that says that they are complete.
func write(dir string, modules []string) error {
	mod, err := os.ReadFile("go.mod")
	if err != nil {
		return err
	}
	sum, err := os.ReadFile("go.sum")
	if err != nil {
		return err
	}
	for _, module := range modules {
		to := filepath.Join(dir, filepath.Base(module))
		if err := copyModule(module, to); err != nil {
			return fmt.Errorf("%s: %w", module, err)
		}
		mod = fmt.Appendf(mod, "\nreplace %s => ./%s\n", module, filepath.ToSlash(to))
	}
	if err := os.WriteFile(filepath.Join(dir, "go.sum"), sum, 0o644); err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(dir, "go.mod"), mod, 0o644)
}

// copyModule replaces a directory by the changed sources of a module: those of
// its packages that the program needs, which stand in its top directory.
func copyModule(module, to string) error {
	from, err := moduleDir(module)
	if err != nil {
		return err
	}
	if err := os.RemoveAll(to); err != nil {
		return err
	}
	if err := os.MkdirAll(to, 0o755); err != nil {
		return err
	}
	files, err := filepath.Glob(filepath.Join(from, "*.go"))
	if err != nil {
		return err
	}
	name := "" // of the package, once something is changed
	for _, file := range append(files, filepath.Join(from, "go.mod")) {
		if strings.HasSuffix(file, "_test.go") {
			continue
		}
		content, err := os.ReadFile(file)
		if err != nil {
			return err
		}
		text := delay(string(content))
		if text != string(content) {
			name = packageName(text)
		}
		if err := os.WriteFile(filepath.Join(to, filepath.Base(file)), []byte(text), 0o644); err != nil {
			return err
		}
	}
	if name == "" {
		return errors.New("nothing to change; it may not need this any more")
	}
	return os.WriteFile(filepath.Join(to, "lazyregexp.go"), []byte("package "+name+lazyType), 0o644)
}

// moduleDir returns where the sources of a module stand, in the version that the
// main module asks for.
func moduleDir(module string) (string, error) {
	cmd := exec.Command("go", "mod", "download", "-json", module)
	cmd.Stderr = os.Stderr
	said, err := cmd.Output()
	if err != nil {
		return "", err
	}
	var found struct{ Dir string }
	err = json.Unmarshal(said, &found)
	return found.Dir, err
}

// delay lets expressions of a source file be compiled later. What is not used
// in a way that lazyType knows does not compile, and so cannot go unnoticed.
func delay(source string) string {
	source = strings.NewReplacer("regexp.MustCompile(", "lazily(", "*regexp.Regexp{", "*lazyRegexp{").Replace(source)
	if !strings.Contains(source, "regexp.") {
		source = strings.Replace(source, "\t\"regexp\"\n", "", 1)
	}
	return source
}

func packageName(source string) string {
	for line := range strings.Lines(source) {
		if name, found := strings.CutPrefix(line, "package "); found {
			return strings.TrimSpace(name)
		}
	}
	return ""
}

const lazyType = `

import (
	"regexp"
	"sync"
)

// A lazyRegexp is compiled when it is first used.
type lazyRegexp struct {
	text string
	once sync.Once
	re   *regexp.Regexp
}

func lazily(text string) *lazyRegexp { return &lazyRegexp{text: text} }

func (l *lazyRegexp) compiled() *regexp.Regexp {
	l.once.Do(func() { l.re = regexp.MustCompile(l.text) })
	return l.re
}

func (l *lazyRegexp) MatchString(s string) bool { return l.compiled().MatchString(s) }

func (l *lazyRegexp) FindStringSubmatch(s string) []string { return l.compiled().FindStringSubmatch(s) }

func (l *lazyRegexp) String() string { return l.text }
`
