package main

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/calicoctl/calicoctl/internal/embedetcd"
)

func TestMain(m *testing.M) {
	embedetcd.Quiet()
	testscript.Main(m, map[string]func(){"calicoctl": unprivileged})
}

// TestScripts runs every testdata/script/*.txtar: what users type, and all that
// they see.
func TestScripts(t *testing.T) {
	t.Parallel()
	testscript.Run(t, testscript.Params{
		Dir:                 filepath.Join("..", "..", "testdata", "script"),
		Setup:               setupScript,
		Cmds:                scriptCommands(),
		Condition:           scriptCondition,
		UpdateScripts:       os.Getenv("UPDATE_SCRIPTS") != "",
		RequireExplicitExec: true,
		RequireUniqueNames:  true,
	})
}
