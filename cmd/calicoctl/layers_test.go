package main

import (
	"context"
	"errors"
	gobuild "go/build"
	"io/fs"
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
		"internal/keys":      {},

		"pkg/rules":    {"internal/rawjson", "internal/suggest"},
		"pkg/verdict":  {"pkg/rules"},
		"pkg/profile":  {"pkg/rules", "pkg/fault", "internal/linediff"},
		"pkg/resource": {"pkg/profile", "internal/keys"},
		"pkg/resolve":  {"internal/printable"},

		"internal/etcd": {"pkg/fault", "internal/printable", "internal/showurl", "internal/suggest", "internal/textfile"},
		"pkg/store":     {"pkg/resource", "internal/etcd"},

		"internal/cli":     {"internal/etcd"},
		"internal/advice":  {"pkg/profile"},
		"internal/trace":   {"pkg/resource", "pkg/verdict", "pkg/resolve", "internal/brief"},
		"internal/lint":    {"pkg/resource", "pkg/verdict", "pkg/resolve", "internal/brief", "internal/advice"},
		"internal/graph":   {"pkg/profile", "pkg/verdict", "internal/brief"},
		"internal/confirm": {"pkg/fault", "internal/brief"},

		"internal/names":  {"pkg/store", "pkg/resolve", "internal/brief", "internal/advice"},
		"internal/apply":  {"internal/names"},
		"internal/render": {"internal/names", "internal/linediff"},
		"internal/tty":    {},
		"internal/past":   {"internal/names"},
		"internal/editor": {"internal/textfile"},
		"internal/warn":   {"internal/names"},
		"internal/gather": {"internal/warn", "internal/tty", "internal/trace"},

		// The driver.
		"internal/kv":       {"internal/etcd"},
		"internal/engine":   {},
		"internal/felix":    {},
		"internal/host":     {},
		"internal/claim":    {"internal/kv"},
		"internal/ipam":     {"internal/kv", "pkg/rules"},
		"internal/endpoint": {"internal/kv", "internal/rawjson"},
		"internal/plugin":   {"internal/ipam", "internal/endpoint", "internal/host", "internal/engine", "internal/felix", "pkg/resolve"},
		"internal/collect":  {"internal/plugin"},
	}
}

// withoutEtcd lists the packages that must not link etcd's client, and pure those of
// them that must not link any network library. The other engines know Docker's networks.
func withoutEtcd() []string {
	return append(pure(), "internal/lint", "internal/graph", "internal/trace", "internal/confirm")
}

func pure() []string {
	return []string{"pkg/fault", "pkg/rules", "pkg/verdict", "pkg/profile", "pkg/resource"}
}

// imports returns what each package of pkg/ and internal/ imports of them. It reads the
// files in this process, so that a change of one makes go run the test again.
func imports(t *testing.T) map[string][]string {
	t.Helper()
	found := map[string][]string{}
	top := filepath.Join("..", "..")
	for _, tree := range []string{"pkg", "internal"} {
		err := filepath.WalkDir(filepath.Join(top, tree), func(path string, entry fs.DirEntry, err error) error {
			if err != nil || !entry.IsDir() {
				return err
			}
			p, err := gobuild.ImportDir(path, 0)
			if none := (*gobuild.NoGoError)(nil); errors.As(err, &none) {
				return nil
			}
			from, _ := filepath.Rel(top, path)
			found[from] = nil
			for _, to := range p.Imports {
				if name, ours := strings.CutPrefix(to, module); ours {
					found[from] = append(found[from], name)
				}
			}
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	return found
}

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

// Packages know only those below them. Every package has a line in arrows, but for those
// that only tests import.
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
	for from, imported := range imports(t) {
		if strings.HasPrefix(from, "internal/testkit/") || from == "internal/torture" {
			continue
		}
		for _, to := range imported {
			if !below(from)[to] {
				t.Errorf("%s imports %s, which is not below it: see arrows", from, to)
			}
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
	if len(imports(t)) == 0 {
		t.Fatal("no packages")
	}
	for _, name := range withoutEtcd() {
		for _, path := range goList(t, "-deps", "./"+name) {
			etcd := strings.HasPrefix(path, "google.golang.org/grpc") || strings.HasPrefix(path, "go.etcd.io/")
			if etcd || path == "net/http" && slices.Contains(pure(), name) {
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
