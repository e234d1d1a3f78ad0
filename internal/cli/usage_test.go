package cli

import (
	"strings"
	"testing"

	"github.com/spf13/cobra"
)

func TestSlots(t *testing.T) {
	t.Parallel()
	for _, test := range []struct{ path, usage, want, named string }{
		{"add", "calicoctl profile add NAME [flags]", "NAME", "NAME"},
		{"export", "calicoctl profile export [NAME...] [flags]", "NAME...", "NAME..."},
		{"migrate", "calicoctl profile migrate (NAME [NEW] | --all) [--keep] [flags]", "NAME NEW", "NAME NEW"},
		{"apply", "calicoctl profile apply -f FILE [flags]", "", ""},
		{"graph", "calicoctl profile graph [NAME...] [-o text|dot] [flags]", "NAME...", "NAME..."},
		{"rule add", "calicoctl profile NAME rule add (inbound|outbound) [--at=N] RULE [flags]", "inbound|outbound RULE", "inbound|outbound RULE"},
		{"rule remove", "calicoctl profile NAME rule remove (inbound|outbound) (--at=N | RULE | --at=N RULE) [flags]", "inbound|outbound RULE", "inbound|outbound RULE"},
		{"lint", "calicoctl profile lint [NAME...] [flags] | calicoctl profile NAME lint [flags]", "NAME...", ""},
		{"show", "", "", ""},
	} {
		root, profile := &cobra.Command{Use: "calicoctl"}, &cobra.Command{Use: "profile"}
		root.AddCommand(profile)
		profile.PersistentFlags().String("profile", "", "")
		cmd := profile
		for name := range strings.FieldsSeq(test.path) {
			below := &cobra.Command{Use: name, Run: func(*cobra.Command, []string) {}}
			cmd.AddCommand(below)
			cmd = below
		}
		cmd.Annotations = map[string]string{"usage": test.usage}
		if got := strings.Join(Slots(cmd), " "); got != test.want {
			t.Errorf("%s: %q, want %q", test.usage, got, test.want)
		}
		if err := cmd.ParseFlags([]string{"--profile=web"}); err != nil {
			t.Fatal(err)
		}
		if got := strings.Join(Slots(cmd), " "); got != test.named {
			t.Errorf("%s, after a name: %q, want %q", test.usage, got, test.named)
		}
	}
}
