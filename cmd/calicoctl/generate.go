//go:build generate

package main

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/calicoctl/calicoctl/internal/cli"
	"github.com/calicoctl/calicoctl/internal/etcd"
	"github.com/calicoctl/calicoctl/tools/manual"
)

// With the tag generate, the program writes the manual of the other one, so that
// the code for it is in neither: the reference in Markdown into a file, or the
// manual pages into a directory.
func main() {
	if err := generate(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func generate(args []string) error {
	if len(args) != 2 {
		return errors.New("usage: (reference FILE | man DIR)")
	}
	m := manual.Manual{Root: (&app{}).command(), Usage: cli.UsageLine, Name: cli.CommandName}
	switch args[0] {
	case "reference":
		return os.WriteFile(args[1], []byte(m.Reference()), 0o644)
	case "man":
		if err := addDocuments(&m, "docs"); err != nil {
			return err
		}
		return m.WritePages(args[1], "calicoctl "+describeBuild(version, nil).Version)
	}
	return fmt.Errorf("unknown argument %q", args[0])
}

// addDocuments takes the sections of the pages that the documents have as tables.
func addDocuments(m *manual.Manual, dir string) error {
	for _, table := range []struct {
		file, heading, term, text string
		items                     *[]manual.Item
	}{
		{"scripting.md", "## Exit codes", "code", "meaning", &m.Status},
		{"configuration.md", "# Configuration", "environment", "setting", &m.Environment},
		{"configuration.md", "## Other settings", "variable", "meaning", &m.Environment},
	} {
		document, err := os.ReadFile(filepath.Join(dir, table.file))
		if err != nil {
			return err
		}
		items, err := manual.Items(string(document), table.heading, table.term, table.text)
		if err != nil {
			return fmt.Errorf("%s: %w", table.file, err)
		}
		*table.items = append(*table.items, items...)
	}
	m.Files = []manual.Item{
		{Term: "`" + etcd.DefaultConfigFile + "`", Text: "where etcd is, unless `--config` names another file; see calicoctl.cfg(5)"},
		{Term: "`~/.docker/config.json`", Text: "the Docker context, unless `DOCKER_CONFIG` names another directory"},
		{Term: "`/var/run/docker.sock`", Text: "the Docker engine, unless `DOCKER_HOST` or a context names another one"},
	}
	m.See = []string{"calicoctl-rules(7)", "calicoctl.cfg(5)"}
	return nil
}
