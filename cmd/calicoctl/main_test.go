package main

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/calicoctl/calicoctl/internal/testkit/dnstest"
	"github.com/calicoctl/calicoctl/internal/testkit/embedetcd"
)

// safetyNet bounds what a test waits for; it is never reached when all is well,
// however slow the machine is.
const safetyNet = 5 * time.Minute

func TestMain(m *testing.M) {
	embedetcd.Quiet()
	testscript.Main(namedHosts{m}, map[string]func(){"calicoctl": unprivileged})
}

// namedHosts runs the tests with a name server of their own.
type namedHosts struct{ *testing.M }

func (m namedHosts) Run() int {
	stop, err := dnstest.Serve()
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer stop()
	return m.M.Run()
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
