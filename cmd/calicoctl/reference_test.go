package main

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/calicoctl/calicoctl/internal/cli"

	"github.com/google/go-cmp/cmp"

	"github.com/calicoctl/calicoctl/tools/manual"
)

func TestReferenceIsCurrent(t *testing.T) {
	t.Parallel()
	stored, err := os.ReadFile(filepath.Join("..", "..", "docs", "reference.md"))
	if err != nil {
		t.Fatal(err)
	}
	current := manual.Manual{Root: (&app{}).command(), Usage: cli.UsageLine, Name: cli.CommandName}.Reference()
	if diff := cmp.Diff(string(stored), current); diff != "" {
		t.Errorf("docs/reference.md is not what the commands say; run make docs (-stored +current):\n%s", diff)
	}
}
