package main

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

const module = "github.com/calicoctl/calicoctl/"

// arrows returns what the packages of the house may import of the module's own: an
// arrow goes from the key to each of its values and to all that those may import.
// The order is that of CONTRIBUTING.md.
func arrows() map[string][]string {
	return map[string][]string{
		"pkg/fault":          {},
		"internal/printable": {},
		"internal/suggest":   {},
		"internal/showurl":   {},
		"internal/textfile":  {},
		"internal/brief":     {"internal/printable"},
		"internal/linediff":  {},
		"internal/rawjson":   {"internal/printable"},

		"pkg/rules":   {"internal/rawjson", "internal/suggest"},
		"pkg/verdict": {"pkg/rules"},
		"pkg/profile": {"pkg/rules", "pkg/fault", "internal/linediff"},
		"pkg/resolve": {"internal/printable"},

		"internal/etcd": {"pkg/fault", "internal/printable", "internal/showurl", "internal/suggest", "internal/textfile"},
		"pkg/store":     {"pkg/profile", "internal/etcd"},

		"internal/names":  {"pkg/store", "pkg/resolve", "internal/brief"},
		"internal/trace":  {"internal/names", "pkg/verdict"},
		"internal/lint":   {"internal/names", "pkg/verdict"},
		"internal/graph":  {"internal/names", "pkg/verdict"},
		"internal/apply":  {"internal/names"},
		"internal/render": {"internal/names", "internal/linediff"},
	}
}

// pure lists the packages that must not link a network library.
func pure() []string { return []string{"pkg/rules", "pkg/verdict", "pkg/profile", "pkg/fault"} }

func goList(t *testing.T, args ...string) []string {
	t.Helper()
	cmd := exec.CommandContext(context.Background(), "go", append([]string{"list"}, args...)...)
	cmd.Dir = filepath.Join("..", "..")
	cmd.Stderr = os.Stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatal(err)
	}
	return strings.Fields(string(out))
}

// Packages know only those below them. A package of pkg/ that has no line in arrows
// may import none of the module's own.
func TestLayers(t *testing.T) {
	t.Parallel()
	allowed := map[string]map[string]bool{}
	var below func(name string) map[string]bool
	below = func(name string) map[string]bool {
		if allowed[name] != nil {
			return allowed[name]
		}
		allowed[name] = map[string]bool{}
		for _, next := range arrows()[name] {
			allowed[name][next] = true
			for further := range below(next) {
				allowed[name][further] = true
			}
		}
		return allowed[name]
	}
	for _, line := range goList(t, "-f", `{{$p := .ImportPath}}{{range .Imports}}{{$p}}>{{.}} {{end}}`, "./pkg/...", "./internal/...") {
		from, to, _ := strings.Cut(line, ">")
		from, to = strings.TrimPrefix(from, module), strings.TrimPrefix(to, module)
		_, known := arrows()[from]
		if !known && !strings.HasPrefix(from, "pkg/") || !strings.HasPrefix(to, "pkg/") && !strings.HasPrefix(to, "internal/") {
			continue
		}
		if !below(from)[to] {
			t.Errorf("%s imports %s, which is not below it: see arrows", from, to)
		}
	}
	for name := range arrows() {
		if below(name)[name] {
			t.Errorf("the arrows lead from %s back to it", name)
		}
	}
}

func TestPurePackages(t *testing.T) {
	t.Parallel()
	for _, name := range pure() {
		for _, path := range goList(t, "-deps", "./"+name) {
			if path == "net/http" || strings.HasPrefix(path, "google.golang.org/grpc") || strings.HasPrefix(path, "go.etcd.io/") {
				t.Errorf("%s links %s", name, path)
			}
		}
	}
}

// What is in pkg/ is for other programs too, so it names no flag and no command of
// this one.
func TestLibrariesNameNoFlag(t *testing.T) {
	t.Parallel()
	var flags []string
	var collect func(*cobra.Command)
	collect = func(cmd *cobra.Command) {
		add := func(f *pflag.Flag) { flags = append(flags, "--"+f.Name) }
		cmd.Flags().VisitAll(add)
		cmd.PersistentFlags().VisitAll(add)
		for _, c := range cmd.Commands() {
			collect(c)
		}
	}
	root := (&app{}).command()
	collect(root)
	var commands []string
	for _, c := range root.Commands() {
		commands = append(commands, "calicoctl "+c.Name())
	}
	if !slices.Contains(flags, "--force") || !slices.Contains(commands, "calicoctl profile") {
		t.Fatalf("flags %v, commands %v", flags, commands)
	}
	name := regexp.MustCompile(`--[a-z][a-z-]*|calicoctl [a-z]+`)
	files, err := filepath.Glob(filepath.Join("..", "..", "pkg", "*", "*.go"))
	if err != nil || len(files) == 0 {
		t.Fatal(files, err)
	}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for _, found := range name.FindAllString(string(text), -1) {
			if slices.Contains(flags, found) || slices.Contains(commands, found) {
				t.Errorf("%s names %q", file, found)
			}
		}
	}
}
