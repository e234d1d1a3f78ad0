package main

import (
	"strings"
	"testing"

	"github.com/calicoctl/calicoctl/internal/cli"
)

// TestEmptyVariable checks that each command that writes warns when an empty
// variable makes the default endpoint its target, and that no other does. The file
// that is not there ends each before anything is sent.
func TestEmptyVariable(t *testing.T) {
	t.Parallel()
	const warning = "calicoctl: warning: ETCD_ENDPOINTS is set and empty, so the etcd at http://127.0.0.1:2379 is the one that is written to; is a shell variable empty?\n"
	writing := 0
	for _, command := range everyCommand(0) {
		root := (&app{}).command()
		args, err := cli.NameFirst(root, strings.Fields(command.line))
		if err != nil {
			t.Fatal(err)
		}
		cmd, _, err := root.Find(args)
		if err != nil {
			t.Fatal(err)
		}
		writes := cmd.Flags().Lookup("dry-run") != nil
		if writes {
			writing++
		}
		for name, env := range map[string]map[string]string{"ETCD_ENDPOINTS": {"ETCD_ENDPOINTS": "", "VISUAL": "true"}, "nothing": {"VISUAL": "true"}} {
			got := runHere(t.Context(), command, env, "--literal", "--etcd-ca-cert-file="+t.TempDir()+"/missing.pem")
			warned := strings.Count(got.stderr, warning) == 1
			if got.code != exitRefused || warned != (writes && name != "nothing") || !strings.Contains(got.stderr, "missing.pem") {
				t.Errorf("%s with %s empty: exit code %d, %s", command.line, name, got.code, got.stderr)
			}
		}
	}
	if writing < 15 {
		t.Errorf("only %d commands that write", writing)
	}
}
