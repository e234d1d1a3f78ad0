package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"testing"
)

// In a real bash without the package bash-completion: what the tabulator puts
// into the line and lists, and that the line that comes of it does what it says.
func TestBashCompletes(t *testing.T) {
	t.Parallel()
	bash, err := exec.LookPath("bash")
	if err != nil {
		t.Skip("there is no bash here")
	}
	ctx, endpoint, stored := startWeb(t)
	rc := filepath.Join(t.TempDir(), "bashrc")
	const settings = `unset HISTFILE; PS1='ready> '
bind 'set bell-style none'; bind 'set enable-bracketed-paste off'
source <(calicoctl completion bash)
`
	if err := os.WriteFile(rc, []byte(settings), 0o644); err != nil {
		t.Fatal(err)
	}
	environment := []string{"ETCD_ENDPOINTS=" + endpoint, "CALICOCTL_COMPLETION_TIMEOUT=30s", "COLUMNS=200", "INPUTRC=/dev/null"}
	term := inTerminal(ctx, t, environment, func(cmd *exec.Cmd) {
		cmd.Path, cmd.Args = bash, []string{"bash", "--noprofile", "--rcfile", rc, "-i"}
	}, "")
	for _, step := range []struct{ keys, shown string }{
		{"", "ready> "},
		{"calic\t", "ready> calicoctl "},
		{"profile w\t", "profile web "},
		{"ru\t", "web rule "},
		{"rem\t", "rule remove "},
		{"inb\t", "remove inbound "},
		{"--at=\t\t", "2  (deny)"},
		{"2\r", "--at=2\n"},
		{"calicoctl profile web rule add outbound allow tcp t\t", "allow tcp to "},
		{"po\t", "to ports "},
		{"\t\t", "ports such as 80,443 or 1000:2000"},
		{"80\r", "to ports 80\n"},
		{"calicoctl profile web rule add outbound --at 1 deny from not ta\t", "not tag "},
		{"w\t", "not tag web "},
		{"\r", "not tag web \n"},
		{"exit\r", ""},
	} {
		term.press(step.keys)
		term.waitFor(step.shown)
	}
	if _, shown := term.end(); t.Failed() {
		t.Log(shown)
	}
	const want = `{"kind":"Profile","apiVersion":"projectcalico.org/v3","metadata":{"name":"web"},"spec":{"ingress":[{"action":"Allow"}],` +
		`"egress":[{"action":"Deny","source":{"notSelector":"has(web)"}},{"action":"Allow","protocol":"TCP","destination":{"ports":[80]}}]}}`
	if got := stored(); got != want {
		t.Errorf("stored is\n%s\nwant\n%s\nafter\n%s", got, want, term.shown())
	}
}
