package main

import (
	"fmt"

	"github.com/spf13/cobra"
)

// bashWords stands behind cobra's script for bash, which takes the words of the
// line from the package bash-completion and fails on hosts that do not have it.
const bashWords = `
# Where the package bash-completion is not there: the words of the line up to the
# cursor. Bash also splits them at = and :, where no blank stands between.
__calicoctl_init_completion()
{
    local line=${COMP_LINE:0:COMP_POINT} word i
    COMPREPLY=()
    words=()
    for ((i = 0; i <= COMP_CWORD; i++)); do
        if ((i > 0)) && [[ $line != [[:blank:]]* ]]; then
            word=${words[${#words[@]}-1]}
            unset "words[${#words[@]}-1]"
        else
            word=
            line=${line#"${line%%[![:blank:]]*}"}
        fi
        if ((i == COMP_CWORD)); then
            words+=("$word$line")
        else
            words+=("$word${COMP_WORDS[i]}")
            line=${line#"${COMP_WORDS[i]}"}
        fi
    done
    cword=$((${#words[@]}-1))
    cur=${words[cword]}
    prev=
    ((cword == 0)) || prev=${words[cword-1]}
}
`

// A shellHelp says how a shell gets its script.
type shellHelp struct{ name, now, always string }

func shellHelps() []shellHelp {
	return []shellHelp{
		{"bash", "source <(calicoctl completion bash)", "calicoctl completion bash > /etc/bash_completion.d/calicoctl"},
		{"zsh", "source <(calicoctl completion zsh)", `calicoctl completion zsh > "${fpath[1]}/_calicoctl"`},
		{"fish", "calicoctl completion fish | source", "calicoctl completion fish > ~/.config/fish/completions/calicoctl.fish"},
		{"powershell", "calicoctl completion powershell | Out-String | Invoke-Expression", "calicoctl completion powershell >> $PROFILE"},
	}
}

// completionCommand is cobra's, but wrong words are an error, and bash needs
// nothing else.
func completionCommand(a *app, root *cobra.Command) {
	root.InitDefaultCompletionCmd()
	completion, _, err := root.Find([]string{"completion"})
	must(err)
	completion.Short = "Print the script that completes words in a shell"
	completion.Long = `Prints a script that makes the tabulator key of a shell complete commands, flags,
the names of profiles and Docker networks, tags, the words of rules, and the
positions of rules. etcd and Docker are asked for 130 ms at most, or for what
CALICOCTL_COMPLETION_TIMEOUT says, and nothing is said when they do not answer.`
	completion.Example = "  source <(calicoctl completion bash)"
	completion.Annotations = map[string]string{"usage": "calicoctl completion (bash|zsh|fish|powershell) [flags]"}
	completion.Args = unknownCommand
	completion.RunE = func(cmd *cobra.Command, _ []string) error { return missingCommand(cmd) }
	for _, help := range shellHelps() {
		shell, _, err := completion.Find([]string{help.name})
		must(err)
		shell.Short = "Print the script for " + help.name
		shell.Long = fmt.Sprintf("Prints the script for %s. To have it now:\n\n  %s\n\nand in every new shell:\n\n  %s",
			help.name, help.now, help.always)
		shell.Args = noWords
		if write := shell.RunE; help.name == "bash" {
			shell.RunE = func(cmd *cobra.Command, args []string) error {
				err := write(cmd, args)
				a.out.WriteString(bashWords)
				return err
			}
		}
	}
}
